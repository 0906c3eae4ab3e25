// SPDX-License-Identifier: Apache-2.0
// What is to be written at one moment shares one commit, and so one wait for the disk. Trusted side. Nobody hears of
// success before the commit that holds his writes is on the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "net/executor.h"
#include "store/store.h"

namespace sallyport::broker {

/// Any thread may call. Outlives the jobs of the store's thread.
class GroupCommit {
 public:
  /// More than these never share a commit: one that fails is tried again write by write.
  static constexpr std::size_t kMostTogether = 128;

  GroupCommit(store::Store& store, net::Executor& store_thread) : store_(store), store_thread_(store_thread) {}

  /// Calls of the store, all or none of which stay. May run twice, when the commit that it shared failed because of
  /// another: it touches nothing but the store.
  using Work = std::function<base::Status()>;
  /// On the store's thread, after the commit.
  using Done = std::function<void(base::Status)>;

  /// Takes its turn among the jobs of the store's thread; what is added before another job is posted there goes with
  /// it.
  void add(Work work, Done done);

 private:
  struct Item {
    Work work;
    Done done;
  };
  using Group = std::vector<Item>;

  void run(const std::shared_ptr<Group>& group);

  store::Store& store_;
  net::Executor& store_thread_;
  std::mutex mutex_;
  std::shared_ptr<Group> open_;  // others may still join it
  std::uint64_t open_at_ = 0;    // the place of its job in the thread's queue
};

}  // namespace sallyport::broker
