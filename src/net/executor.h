// SPDX-License-Identifier: Apache-2.0
// A thread of its own for work that blocks: the store, password hashing, synced writes. Never a session loop's work.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace sallyport::net {

enum class Priority { normal, idle };

/// Runs jobs one at a time in order of posting. The destructor finishes what is queued. A job should let no exception
/// escape; one that does is logged and dropped, and whoever waits for what it should have done waits for ever.
class Executor {
 public:
  /// idle: the thread gets little of a processor that others want, and still some of it: a nice value of 10.
  explicit Executor(std::string name, Priority priority = Priority::normal);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Returns the job's number, counted from 1.
  std::uint64_t post(std::function<void()> job);
  /// The number of the job that was posted last.
  std::uint64_t posted() const;

 private:
  void work(const std::string& name, Priority priority);
  static void run(const std::function<void()>& job);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::uint64_t posted_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace sallyport::net
