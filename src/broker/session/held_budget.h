// SPDX-License-Identifier: Apache-2.0
// What all sessions together keep of one kind in memory: events that wait, or screens for watchers. Trusted
// side; any thread may call. It only counts: who has too much is told by fits(), and acts upon it.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace sallyport::broker {

class HeldBudget {
 public:
  struct Limits {
    std::size_t node_bytes = std::size_t{256} * 1024 * 1024;
    std::size_t user_bytes = std::size_t{64} * 1024 * 1024;
    /// What a session may always have, whatever the others do.
    std::size_t session_bytes = std::size_t{64} * 1024;
  };
  HeldBudget() : HeldBudget(Limits{}) {}
  explicit HeldBudget(Limits limits) : limits_(limits) {}

  struct User {
    std::size_t bytes = 0;
    std::size_t shares = 0;
  };
  using Users = std::map<std::string, User>;

  /// One session's part. Gives it back at its end.
  class Share {
   public:
    Share(HeldBudget& budget, const std::string& user);
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// It has this much now. Small changes are let pass uncounted: this is called for every event that is held.
    void set(std::size_t bytes);
    /// False: the user of this session, or all together, have more than they may, and this session is not one of those
    /// that hold next to nothing.
    bool fits() const;
    /// More than half of what there is for this user, or for all, is taken: hold as little as possible.
    bool tight() const;

   private:
    HeldBudget& budget_;
    Users::iterator user_;
    std::size_t bytes_ = 0;
  };

  std::size_t total() const;

 private:
  const Limits limits_;
  mutable std::mutex mutex_;
  Users users_;
  std::size_t total_ = 0;
};

}  // namespace sallyport::broker
