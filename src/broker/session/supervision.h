// SPDX-License-Identifier: Apache-2.0
// Which supervisors a session needs and who watches it: whether each rule has somebody who may supervise by it now.
// Trusted side, pure; its owner guards it against other threads. A session never needs fewer than it once did.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "policy/supervision.h"

namespace sallyport::broker {

class Supervision {
 public:
  /// Somebody who watches and may supervise.
  struct Present {
    std::uint64_t watch = 0;  ///< a watch that ends and one that follows it are two
    std::string actor;
    bool operator==(const Present&) const = default;
  };

  explicit Supervision(std::string watched) : watched_(std::move(watched)) {}

  /// The policies demand these, beside what they demanded before.
  void demand(const std::vector<policy::SupervisorRule>& rules);
  void join(std::uint64_t watch, policy::Supervisor who, const policy::Snapshot& snapshot);
  /// Whose watch it was.
  std::string leave(std::uint64_t watch);
  /// Users, groups or roles have changed.
  void review(const policy::Snapshot& snapshot);

  bool met() const;
  const std::vector<policy::SupervisorRule>& rules() const { return rules_; }
  std::vector<Present> present() const;

 private:
  struct Watcher {
    policy::Supervisor who;
    std::vector<policy::SupervisorRule> serves;
  };
  void judge(Watcher& watcher, const policy::Snapshot& snapshot) const;

  std::string watched_;
  std::vector<policy::SupervisorRule> rules_;  // sorted, each once
  std::map<std::uint64_t, Watcher> watchers_;
};

/// "one of the group leads, and an auditor or an administrator": whom the rules name.
std::string supervisors_text(const std::vector<policy::SupervisorRule>& rules);

}  // namespace sallyport::broker
