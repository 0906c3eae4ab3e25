// SPDX-License-Identifier: Apache-2.0
// What a request says beside its route: the places in its path, its query, its body. Trusted side; pure.
// Everything in it is the caller's. The first thing that is wrong stays, and what nobody asks for is refused.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "broker/web/body_tree.h"
#include "ipc/api.pb.h"
#include "ipc/web.pb.h"

namespace sallyport::broker::web {

class Inputs {
 public:
  enum class Needed : bool { no, yes };

  /// body: none, or whole; it is wiped with the inputs. places: what the route's {…} stand for.
  Inputs(const ipc::WebRequest& asked, BodyTree body, std::vector<std::string> places);

  const std::string& place(std::size_t i) const { return places_.at(i); }

  // The query.
  std::string text(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  bool flag(std::string_view name);
  std::int64_t number(std::string_view name, std::int64_t most);

  // The body.
  std::string field(std::string_view name, Needed needed = Needed::no);
  std::vector<std::string> field_texts(std::string_view name);
  bool field_flag(std::string_view name);
  std::int64_t field_number(std::string_view name, std::int64_t most);
  std::vector<std::int64_t> field_numbers(std::string_view name, std::int64_t most);
  /// [{resource: {…}, expected_version?: n}]
  std::vector<ipc::ApplyItem> resources(std::string_view name);
  /// The whole body, written out as the resource of this kind and name, which the body may leave out.
  std::string whole_body_of(const std::string& kind, const std::string& name);

  /// The version that If-Match names; 0 where If-None-Match: * says that there is none; nothing without either.
  std::optional<std::int64_t> expected_version();

  /// Errors: invalid, in words for the caller.
  base::Status finish();

 private:
  const std::string* find(std::string_view name);
  const nlohmann::json& body() const { return tree_.root(); }
  const nlohmann::json* member(std::string_view name);
  void wrong(std::string_view name, std::string_view what);

  const ipc::WebRequest& asked_;
  BodyTree tree_;
  std::vector<std::string> places_;
  const bool has_body_;
  bool whole_ = false;
  std::set<std::string, std::less<>> used_;
  std::set<std::string, std::less<>> fields_used_;
  base::Status first_;
};

}  // namespace sallyport::broker::web
