// SPDX-License-Identifier: Apache-2.0
// A session as the rest of the broker sees it: its facts, its feed, and the levers to control it from another thread,
// within a second, whatever the session's own loop is doing. Trusted side; any thread may call.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "broker/record/session_info.h"
#include "broker/session/control_act.h"
#include "broker/session/gate_locks.h"
#include "broker/session/live_feed.h"
#include "broker/session/supervision.h"

namespace sallyport::broker {

class SessionHandle {
 public:
  explicit SessionHandle(SessionInfo info);

  SessionInfo info() const;
  LiveFeed& feed() { return feed_; }

  /// Acts on the session. The gate closes (pause, suspend, terminate) before this returns, because the session's loop
  /// looks at it before every event; telling the user and recording the act follow on that loop. done() is called once,
  /// on any thread: with Errc::closed when the session has ended, Errc::invalid when the action makes no sense now, ok
  /// when the loop has carried it out. A loop that does not answer because its disk hangs is the caller's to time out:
  /// see force().
  void control(ControlAct act, std::function<void(base::Status)> done);

  /// The policies in force have changed: the session looks whether they still allow it, on its loop.
  void review();

  /// Kills both workers now. For a terminate that the loop has not carried out in time. Idempotent.
  void force_kill();

  /// For watchers: asks the inspector for fresh keyframes, and notes in the record who watches. Returns a number for
  /// watcher_left(). The gate closes before watcher_left() returns, when the last supervisor has left.
  std::uint64_t watcher_joined(policy::Supervisor who, const policy::Snapshot& snapshot);
  void watcher_left(std::uint64_t watch);

  /// Users, groups or roles have changed: the gate closes before this returns, when nobody supervises any more.
  void review_supervision(const policy::Snapshot& snapshot);
  /// As it stands now.
  Supervision supervision() const;

  /// Whether the gate is shut: nothing passes in either direction.
  bool gate_shut() const { return gate_shut_.load(std::memory_order_acquire); }
  bool terminating() const { return terminating_.load(std::memory_order_acquire); }

  // The session's own half, called on its loop.
  using Handler = std::function<void(ControlAct, std::function<void(base::Status)> done)>;
  using WatchHandler = std::function<void(bool joined, std::string actor)>;
  /// How control() and review() reach the session's loop; each function posts.
  void attach(Handler handler, WatchHandler watch, std::function<void()> review = {});
  void detach();
  void update(const std::function<void(SessionInfo&)>& change);
  /// The loop carries out a pause, suspend or resume that control() passed on. A pause, suspend or terminate that
  /// control() has heard meanwhile keeps the gate shut, whatever this act would open.
  void carry_out(ControlAction action, base::Micros now_us);
  /// Shuts the gate until somebody supervises by each of these rules, and of those that were demanded before.
  void demand_supervisors(const std::vector<policy::SupervisorRule>& rules, const policy::Snapshot& snapshot);
  /// Opens the gate as far as supervisors are concerned, if none is missing now. False: one is.
  bool settle_supervision();
  /// See GateLocks::take_proof().
  base::Status take_proof(base::Micros proved_us);
  /// See GateLocks.
  std::optional<base::Micros> proof_wanted_since() const;
  /// The session is no longer one that opens.
  void went_live();
  /// Processes of workers, for force_kill().
  void add_worker(std::shared_ptr<const base::Fd> pidfd);

 private:
  void show_locks();
  void close_if_unsupervised();

  mutable std::mutex mutex_;
  SessionInfo info_;
  Handler handler_;
  WatchHandler watch_;
  std::function<void()> review_;
  std::vector<std::shared_ptr<const base::Fd>> workers_;
  LiveFeed feed_;
  GateLocks locks_;
  Supervision supervision_;
  std::uint64_t last_watch_ = 0;
  bool live_ = false;
  std::atomic<bool> gate_shut_{false};
  std::atomic<bool> terminating_{false};
};

}  // namespace sallyport::broker
