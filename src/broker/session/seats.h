// SPDX-License-Identifier: Apache-2.0
// How many sessions there are of a user, at a target and as an account, and which accounts are checked out: what a
// policy limits is counted here, and a session begins only with a seat. Trusted side; any thread may call.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/result.h"
#include "policy/decide.h"

namespace sallyport::broker {

class Seats {
 public:
  struct Who {
    std::string user, account, target;
  };

  Seats() : state_(std::make_shared<State>()) {}

  /// One session's part in the counts, as long as it lives.
  class Seat;

  /// Counts and takes in one step. Errors: full, with a sentence for the user.
  base::Result<std::unique_ptr<Seat>> take(const Who& who, const policy::Limits& limits);

 private:
  struct Shared {
    std::int64_t sessions = 0;
    std::int64_t exclusive = 0;
  };
  struct State {
    std::mutex mutex;
    std::map<std::string, std::int64_t> users, targets, accounts;
    std::map<std::pair<std::string, std::string>, Shared> logins;  // by account and target
  };
  static base::Status check(const State& state, const Who& who, const policy::Limits& limits);

  std::shared_ptr<State> state_;
};

class Seats::Seat {
 public:
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

 private:
  friend class Seats;
  enum class Kind { shared, exclusive };
  Seat(std::shared_ptr<State> state, Who who, Kind kind)
      : state_(std::move(state)), who_(std::move(who)), kind_(kind) {}

  std::shared_ptr<State> state_;
  const Who who_;
  const Kind kind_;
};

}  // namespace sallyport::broker
