// SPDX-License-Identifier: Apache-2.0
// What a verification collects, bounded: a file made to be wrong everywhere must not fill memory.
#pragma once

#include <string>
#include <vector>

#include "recording/verify.h"

namespace sallyport::recording {

class Findings {
 public:
  explicit Findings(std::vector<Finding>& out) : out_(out) {}

  void fault(std::string where, std::string what) {
    add({Finding::Severity::fault, std::move(where), std::move(what)});
  }
  void note(std::string where, std::string what) { add({Finding::Severity::note, std::move(where), std::move(what)}); }
  bool full() const { return out_.size() >= kMaxFindings; }

 private:
  void add(Finding f) {
    if (out_.size() < kMaxFindings) {
      out_.push_back(std::move(f));
    } else if (out_.size() == kMaxFindings) {
      out_.push_back({Finding::Severity::fault, "record", "more findings than are listed"});
    }
  }

  std::vector<Finding>& out_;
};

inline std::string place(const std::string& what, std::uint64_t offset) {
  return what + " at offset " + std::to_string(offset);
}

}  // namespace sallyport::recording
