// SPDX-License-Identifier: Apache-2.0
// The body of a request as its front read it, put together again. Trusted side; pure. No JSON is parsed here: the front
// sends values, and what no front sends is an error of the front's.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "ipc/web.pb.h"

namespace sallyport::broker::web {

class BodyTree {
 public:
  /// bytes: what the client said that it sends. A tree that holds more than that came from no client.
  explicit BodyTree(std::size_t bytes) : left_(bytes) {}
  BodyTree() : BodyTree(0) {}
  /// Its texts are wiped.
  ~BodyTree();
  BodyTree(BodyTree&& other) noexcept;
  BodyTree& operator=(BodyTree&&) = delete;

  /// What follows of it; its texts are wiped. Errors: corrupt, it came from no front.
  base::Status take(ipc::WebBody& part);
  /// There was a body, it is here, and it is an object.
  bool has_object() const { return is_whole_ && fault_.has_value() && root_.is_object(); }
  /// Why there is no tree, in words for the caller.
  const base::Status& fault() const { return fault_; }

  const nlohmann::json& root() const { return root_; }
  nlohmann::json& root() { return root_; }

 private:
  base::Status take_token(ipc::WebToken& token);
  base::Status continue_text(const ipc::WebToken& token);
  base::Status end_container();
  nlohmann::json* place_of(const ipc::WebToken& token);
  bool weigh(std::size_t bytes);

  std::size_t left_;
  std::size_t values_ = 0;
  nlohmann::json root_;
  std::vector<nlohmann::json*> open_;
  nlohmann::json* text_ = nullptr;  // goes on in the next token
  bool is_whole_ = false;
  base::Status fault_;
};

}  // namespace sallyport::broker::web
