// SPDX-License-Identifier: Apache-2.0
// Control of a session from other threads.
#include "broker/session/session_handle.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sallyport::broker {

using base::Errc;
using base::fail;

const char* to_string(SessionState state) {
  switch (state) {
    case SessionState::opening:
      return "opening";
    case SessionState::live:
      return "live";
    case SessionState::unsupervised:
      return "awaiting-supervisor";
    case SessionState::paused:
      return "paused";
    case SessionState::suspended:
      return "suspended";
    case SessionState::ending:
      return "ending";
    case SessionState::ended:
      return "ended";
  }
  return "ended";
}

const char* to_string(ControlAction action) {
  switch (action) {
    case ControlAction::pause:
      return "pause";
    case ControlAction::suspend:
      return "suspend";
    case ControlAction::resume:
      return "resume";
    case ControlAction::terminate:
      return "terminate";
    case ControlAction::message:
      return "message";
    case ControlAction::reauthenticated:
      return "reauthenticated";
  }
  return "message";
}

base::Result<ControlAction> control_action_from(const std::string& word) {
  for (const ControlAction action : {ControlAction::pause, ControlAction::suspend, ControlAction::resume,
                                     ControlAction::terminate, ControlAction::message}) {
    if (word == to_string(action)) return action;
  }
  return fail(Errc::invalid, "'" + word + "' is not one of pause, suspend, resume, terminate, message");
}

SessionHandle::SessionHandle(SessionInfo info) : info_(std::move(info)), supervision_(info_.user) {}

SessionInfo SessionHandle::info() const {
  const std::lock_guard lock(mutex_);
  return info_;
}

void SessionHandle::update(const std::function<void(SessionInfo&)>& change) {
  const std::lock_guard lock(mutex_);
  change(info_);
}

void SessionHandle::attach(Handler handler, WatchHandler watch, std::function<void()> review) {
  const std::lock_guard lock(mutex_);
  handler_ = std::move(handler);
  watch_ = std::move(watch);
  review_ = std::move(review);
}

void SessionHandle::review() {
  const std::lock_guard lock(mutex_);
  if (review_) review_();
}

void SessionHandle::detach() {
  const std::lock_guard lock(mutex_);
  handler_ = nullptr;
  watch_ = nullptr;
  review_ = nullptr;
  workers_.clear();
}

void SessionHandle::control(ControlAct act, std::function<void(base::Status)> done) {
  const ControlAction action = act.action;
  Handler handler;
  base::Status refused;
  {
    const std::lock_guard lock(mutex_);
    handler = handler_;
    if (!handler || info_.state == SessionState::ended) {
      refused = fail(Errc::closed, "session " + info_.id + " has ended");
    } else if (action == ControlAction::resume && (locks_.open() || locks_.terminated())) {
      refused = fail(Errc::invalid, "session " + info_.id + " is not paused");
    } else if (action == ControlAction::resume && !locks_.wanted_shut() && !locks_.proof_owed()) {
      refused = fail(Errc::invalid, "session " + info_.id + " waits for a supervisor: " +
                                        supervisors_text(supervision_.rules()) + " must watch it");
    } else {
      locks_.ask(action);
      show_locks();
    }
  }
  if (!refused) {
    done(refused);
  } else {
    handler(std::move(act), std::move(done));
  }
}

void SessionHandle::carry_out(ControlAction action, base::Micros now_us) {
  const std::lock_guard lock(mutex_);
  locks_.carry_out(action, now_us);
  show_locks();
}

base::Status SessionHandle::take_proof(base::Micros proved_us) {
  const std::lock_guard lock(mutex_);
  base::Status taken = locks_.take_proof(proved_us);
  show_locks();
  return taken;
}

std::optional<base::Micros> SessionHandle::proof_wanted_since() const {
  const std::lock_guard lock(mutex_);
  return locks_.proof_wanted_since();
}

void SessionHandle::went_live() {
  const std::lock_guard lock(mutex_);
  live_ = true;
  show_locks();
}

// Under the lock. In force, and shown so, before the loop hears of it.
void SessionHandle::show_locks() {
  gate_shut_.store(!locks_.open(), std::memory_order_release);
  terminating_.store(locks_.terminated(), std::memory_order_release);
  if (info_.state != SessionState::ended) {
    info_.state = locks_.terminated()     ? SessionState::ending
                  : locks_.proof_owed()   ? SessionState::suspended
                  : locks_.wanted_shut()  ? SessionState::paused
                  : !live_                ? SessionState::opening
                  : locks_.unsupervised() ? SessionState::unsupervised
                                          : SessionState::live;
  }
}

void SessionHandle::force_kill() {
  const std::lock_guard lock(mutex_);
  // Nothing of it can pass any more, whatever its loop still waits for.
  if (!workers_.empty()) info_.state = SessionState::ended;
  for (const auto& pidfd : workers_) ::syscall(SYS_pidfd_send_signal, pidfd->get(), SIGKILL, nullptr, 0);
}

void SessionHandle::add_worker(std::shared_ptr<const base::Fd> pidfd) {
  const std::lock_guard lock(mutex_);
  workers_.push_back(std::move(pidfd));
}

std::uint64_t SessionHandle::watcher_joined(policy::Supervisor who, const policy::Snapshot& snapshot) {
  WatchHandler watch;
  const std::string actor = who.actor;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++last_watch_;
    supervision_.join(number, std::move(who), snapshot);
    watch = watch_;
  }
  if (watch) watch(true, actor);
  return number;
}

void SessionHandle::watcher_left(std::uint64_t number) {
  WatchHandler watch;
  std::string actor;
  {
    const std::lock_guard lock(mutex_);
    actor = supervision_.leave(number);
    close_if_unsupervised();
    watch = watch_;
  }
  if (watch) watch(false, actor);
}

void SessionHandle::review_supervision(const policy::Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  supervision_.review(snapshot);
  close_if_unsupervised();
}

void SessionHandle::demand_supervisors(const std::vector<policy::SupervisorRule>& rules,
                                       const policy::Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  supervision_.demand(rules);
  supervision_.review(snapshot);
  close_if_unsupervised();
}

bool SessionHandle::settle_supervision() {
  const std::lock_guard lock(mutex_);
  const bool met = supervision_.met();
  locks_.set_unsupervised(!met);
  show_locks();
  return met;
}

Supervision SessionHandle::supervision() const {
  const std::lock_guard lock(mutex_);
  return supervision_;
}

// Under the lock. Only the session's loop opens it again.
void SessionHandle::close_if_unsupervised() {
  if (supervision_.met()) return;
  locks_.set_unsupervised(true);
  show_locks();
}

}  // namespace sallyport::broker
