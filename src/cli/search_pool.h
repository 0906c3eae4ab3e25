// SPDX-License-Identifier: Apache-2.0
// Searches many recordings, several at once, each in a contained child of its own: what one of them does to its child
// touches no other's. Trusted side.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "cli/contained.h"
#include "cli/context.h"
#include "cli/record_access.h"
#include "cli/record_search.h"

namespace sallyport::cli {

class SearchPool {
 public:
  /// Called after each recording, with how many are done and how many hits there are.
  using Progress = std::function<void(std::size_t done, std::size_t hits)>;

  SearchPool(Context& context, std::string text, Case how) : context_(context), text_(std::move(text)), how_(how) {}

  struct Outcome {
    std::vector<Hit> hits;
    std::string problem;  ///< why this one could not be searched; empty: it was
  };
  /// One outcome a recording, in the order of the ids. Fewer, when there were kMaxAllHits hits before. Errors: no
  /// sandbox here.
  base::Result<std::vector<Outcome>> search(const std::vector<std::string>& ids, const Progress& progress);

  static constexpr std::size_t kMaxAllHits = 100'000;

 private:
  /// A connection to the gateway, and the recording that is opened or searched there.
  struct Slot {
    std::optional<AdminClient> client;
    std::size_t index = 0;
    bool opening = false;
    std::optional<Contained> child;
    std::string found;
  };

  bool begin(Slot& slot, std::size_t index);
  void opened(Slot& slot);
  void turn(std::list<Slot>& slots);
  void finish(Slot& slot);
  void fail(Slot& slot, const std::string& why);

  Context& context_;
  std::string text_;
  Case how_;
  sandbox::ReaderBox box_;
  const std::vector<std::string>* ids_ = nullptr;
  std::vector<Outcome> outcomes_;
  std::size_t done_ = 0;
  std::size_t hits_ = 0;
};

}  // namespace sallyport::cli
