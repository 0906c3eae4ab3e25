// SPDX-License-Identifier: Apache-2.0
// Password guesses that wait for the one thread that hashes. Sources take turns, so that a flood from one, or from
// many that have left, does not keep everybody else out. Trusted side; any thread may call.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "net/executor.h"

namespace sallyport::broker {

class GuessQueue {
 public:
  static constexpr std::size_t total_limit = 256;
  static constexpr std::size_t source_limit = 16;

  explicit GuessQueue(net::Executor& hash_thread) : hash_thread_(hash_thread) {}

  struct Guess {
    std::function<void()> judge;      ///< on the hashing thread
    std::function<void()> turn_away;  ///< instead of judge, on any thread: there was no room
  };
  /// Source as Admission::source_of() names it. When all together are too many, the source with most of them loses its
  /// latest.
  void add(const std::string& source, Guess guess);
  /// Drops what waits: nobody is there any more to be told.
  void clear();

 private:
  void judge_next();
  std::function<void()> make_room();

  net::Executor& hash_thread_;
  std::mutex mutex_;
  std::map<std::string, std::deque<Guess>> waiting_;
  std::string last_;  ///< whose guess was judged last
  std::size_t count_ = 0;
};

}  // namespace sallyport::broker
