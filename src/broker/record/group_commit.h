// SPDX-License-Identifier: Apache-2.0
// What is to be written at one moment shares one commit, and so one wait for the disk. Trusted side. Nobody hears of
// success before the commit that holds his writes is on the disk. While a database server does not answer, what may be
// written late waits here, in order and bounded.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "net/executor.h"
#include "store/store.h"

namespace sallyport::broker {

/// What becomes of a write while the database server does not answer.
enum class Outage {
  fails,  ///< at once: something is not done before it is written
  waits,  ///< for the server to come back: what it tells of has happened
};

/// Any thread may call. Outlives the jobs of the store's thread.
class GroupCommit {
 public:
  /// More than these never share a commit: one that fails is tried again write by write.
  static constexpr std::size_t kMostTogether = 128;
  /// Writes that wait for the server.
  static constexpr std::size_t kMostWaiting = 10'000;

  /// Tells what became of a commit during which the server went away: see audit::Log.
  struct Witness {
    std::function<std::optional<std::uint64_t>()> doubt;
    std::function<base::Result<bool>(std::uint64_t)> settled;
  };

  GroupCommit(store::Store& store, net::Executor& store_thread, Witness witness,
              std::size_t most_waiting = kMostWaiting)
      : store_(store), store_thread_(store_thread), witness_(std::move(witness)), most_waiting_(most_waiting) {}
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  /// Calls of the store, all or none of which stay. May run several times: it touches nothing but the store.
  using Work = std::function<base::Status()>;
  /// On the store's thread, after the commit.
  using Done = std::function<void(base::Status)>;

  /// Takes its turn among the jobs of the store's thread; what is added before another job is posted there goes with
  /// it.
  void add(Work work, Done done, Outage outage = Outage::fails);

  /// To be called now and then: tries to write what waits.
  void retry();
  std::size_t waiting() const { return waiting_; }
  /// Called on the store's thread when a write could not even wait: it failed with Errc::full. Set before add().
  void on_overflow(std::function<void()> told) { overflow_ = std::move(told); }

 private:
  struct Item {
    Work work;
    Done done;
    Outage outage;
  };
  using Group = std::vector<Item>;
  struct Attempt {
    base::Status status;
    std::optional<std::uint64_t> doubt = {};  // the commit may have happened or not
  };
  struct Doubt {
    std::uint64_t number = 0;
    std::size_t items = 0;  // of the first that wait
  };

  // On the store's thread.
  void run(Group& group);
  Attempt attempt(const Item* first, std::size_t count);
  void commit_one_by_one(Group& group);
  void put_aside(Group& group, std::size_t from, std::size_t attempted, const Attempt& failed);
  void keep(Item item, const base::Status& why);
  bool drain();
  bool settle();
  bool drain_one_by_one(std::size_t count);
  void take_first(base::Status outcome);

  store::Store& store_;
  net::Executor& store_thread_;
  const Witness witness_;
  const std::size_t most_waiting_;
  std::function<void()> overflow_;
  std::mutex mutex_;
  std::shared_ptr<Group> open_;  // others may still join it
  std::uint64_t open_at_ = 0;    // the place of its job in the thread's queue
  std::deque<Item> backlog_;     // on the store's thread
  std::optional<Doubt> doubt_;
  std::size_t waited_ = 0;  // in this outage
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<bool> retry_posted_ = false;
};

}  // namespace sallyport::broker
