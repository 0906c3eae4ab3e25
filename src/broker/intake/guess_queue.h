// SPDX-License-Identifier: Apache-2.0
// Password guesses that wait for the one thread that hashes. Sources take turns, so that a flood from one, or from
// many that have left, does not keep everybody else out; a source that guessed wrong often waits longer, over all of
// its connections. Trusted side; any thread may call.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "broker/node/allowance.h"
#include "net/executor.h"

namespace sallyport::broker {

class GuessQueue {
 public:
  static constexpr std::size_t kTotalLimit = 256;
  static constexpr std::size_t kSourceLimit = 16;
  /// Wrong guesses of a source before it is slowed down.
  static constexpr std::int64_t kFreeGuesses = 20;

  /// Runs a function once, after a delay, on any thread.
  using Later = std::function<void(base::Micros delay_us, std::function<void()> work)>;

  /// wrong_every_us: how often a source may be wrong once its free guesses are used up.
  GuessQueue(net::Executor& hash_thread, const base::Clock& clock, base::Micros wrong_every_us, Later later)
      : hash_thread_(hash_thread), clock_(clock), wrong_{kFreeGuesses, wrong_every_us}, later_(std::move(later)) {}

  enum class Outcome { right, wrong, not_judged };
  struct Guess {
    std::function<Outcome()> judge;   ///< on the hashing thread
    std::function<void()> turn_away;  ///< instead of judge, on any thread: there was no room
  };
  /// Source as Admission::source_of() names it. When all together are too many, the source with most of them loses its
  /// latest.
  void add(const std::string& source, Guess guess);
  /// Drops what waits: nobody is there any more to be told.
  void clear();

 private:
  using Waiting = std::map<std::string, std::deque<Guess>>;

  void go_on();
  void judge_next();
  std::optional<std::pair<std::string, Guess>> take_next();
  struct Judging;
  void charge(const std::string& source);
  base::Micros wait_us(const std::string& source);
  std::function<void()> make_room();

  net::Executor& hash_thread_;
  const base::Clock& clock_;
  const Allowance::Rate wrong_;
  const Later later_;
  std::mutex mutex_;
  Waiting waiting_;
  std::map<std::string, Allowance> wrong_of_;  ///< of those who were wrong of late: what the hashing thread judged
  std::string last_;                           ///< whose guess was judged last
  std::size_t count_ = 0;
  bool judging_ = false;                  ///< a job of the hashing thread is on its way
  std::optional<base::Micros> wakes_at_;  ///< a later() is on its way
};

}  // namespace sallyport::broker
