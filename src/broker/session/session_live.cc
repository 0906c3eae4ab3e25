// SPDX-License-Identifier: Apache-2.0
// What relay, limits and control ask.
#include "broker/session/session_live.h"

#include <utility>

#include "broker/access/login_validity.h"

namespace sallyport::broker {

SessionLive::SessionLive(SessionParts& parts, const Means& means)
    : parts_(parts),
      means_(means),
      limits_(*this, means.loop, means.clock),
      traffic_(limits_, means.placement),
      relay_(*this, traffic_, *parts.front, means.held, parts.facts.identity.user),
      control_(*this, *parts.front, means.passwords, means.clock, parts.facts.identity.user, means.password_tries),
      supervision_(*this, means.supervisor_alarm, means.clock) {}

void SessionLive::attach() {
  net::Loop& loop = means_.loop;
  const std::weak_ptr<bool> alive = alive_;
  control_.begin(parts_.handle);
  parts_.handle->attach(
      [this, alive, &loop](ControlAct act, std::function<void(base::Status)> done) {
        loop.post([this, alive, act = std::move(act), done = std::move(done)] {
          if (alive.expired()) return done(base::fail(base::Errc::closed, "the session has ended"));
          this->act(act, done);
        });
      },
      [this, alive, &loop](bool joined, const std::string& actor) {
        loop.post([this, alive, joined, actor] {
          if (alive.expired() || means_.ending.phase() >= SessionEnding::Phase::ending) return;
          control_.watch(joined, actor);
          supervision_.look();
        });
      },
      [this, alive, &loop] {
        loop.post([this, alive] {
          if (!alive.expired()) review();
        });
      });
}

// Asked at each change of the policies, and once more when the session has opened.
void SessionLive::review() {
  if (means_.ending.phase() != SessionEnding::Phase::live) return;
  const auto state = means_.policy.current();
  const LeaseReview now = review_lease(*state, parts_, means_.clock.now_us());
  if (now.ends) {
    means_.notes.revoked(now.code, now.detail);
    return means_.ending.end("the grant ended: " + now.code, "Sallyport: " + now.text);
  }
  parts_.handle->demand_supervisors(now.supervisors, state->resources);
  supervision_.look();
  if (means_.ending.phase() != SessionEnding::Phase::live) return;
  if (!login_counts() && !std::exchange(stale_login_told_, true)) {
    means_.notes.barred_from_new();
    warn("Sallyport: what proves who you are was changed. This session goes on, but begins nothing new: log in anew.");
  }
  restrict(now);
}

void SessionLive::restrict(const LeaseReview& now) {
  const bool less = now.permissions != parts_.grant.permissions, shorter = now.limits != parts_.grant.limits;
  if (!less && !shorter) return;
  parts_.grant.permissions = now.permissions;
  parts_.grant.limits = now.limits;
  parts_.rules->allow_only(now.permissions);
  means_.notes.restricted(now.permissions, now.limits);
  if (const std::string over = parts_.rules->overstepped(relay_.book()); !over.empty()) {
    means_.notes.revoked("permission_taken", over);
    return means_.ending.end("the grant ended: no " + over + " any more",
                             "Sallyport: the policies do not allow " + over + " any more.");
  }
  if (less) warn("Sallyport: the policies have changed: you may do less in this session from now on.");
  if (shorter) warn("Sallyport: the policies have changed: stricter limits on time hold for this session from now on.");
  if (shorter && limits_started_ && means_.ending.phase() == SessionEnding::Phase::live) limits_.shorten(now.limits);
}

void SessionLive::act(const ControlAct& act, const std::function<void(base::Status)>& done) {
  using Phase = SessionEnding::Phase;
  using Stage = SessionControl::Stage;
  const Phase phase = means_.ending.phase();
  if (phase == Phase::over) return done(base::fail(base::Errc::closed, "the session has ended"));
  control_.act(act, phase == Phase::ending ? Stage::ending : Stage::running, done);
}

void SessionLive::begin(TargetGreeting greeting) {
  greeting_ = std::move(greeting);
  review();
  if (means_.ending.phase() != SessionEnding::Phase::live) return;
  limits_.start(parts_.grant.limits);
  limits_started_ = true;
  means_.inspector.begin(*parts_.journal, *parts_.front);
  supervision_.begin(parts_.handle);
  if (means_.ending.phase() != SessionEnding::Phase::live) return;
  relay_.open({*parts_.journal, *parts_.rules, *parts_.back, *parts_.handle, parts_.grant.record});
}

void SessionLive::stop() {
  supervision_.stop();
  limits_.stop();
  relay_.stop();
  control_.leave_user();
}

void SessionLive::front_gone() {
  relay_.front_gone();
  control_.leave_user();
}

// A client is held at its first program, as for any target that is not there yet.
void SessionLive::tell_waiting(const std::string& text) {
  if (parts_.front == nullptr) return;
  parts_.front->tell({text, {}, greeting_ ? Notice::Session::waits : Notice::Session::as_it_was});
}

void SessionLive::tell_supervised(const std::string& text) {
  if (parts_.front == nullptr) return;
  parts_.front->tell({text, {}, greeting_ ? Notice::Session::waits : Notice::Session::as_it_was});
}

void SessionLive::supervised() {
  if (greeting_ && parts_.front != nullptr) parts_.front->ready(*greeting_);
  greeting_.reset();
  relay_.go_on();
}

bool SessionLive::login_counts() {
  return check_login(*means_.policy.current(), parts_.facts.identity, means_.clock.now_us()).has_value();
}

bool SessionLive::is_the_user(const std::string& user, const store::Incarnation& incarnation) {
  const auto state = means_.policy.current();
  return state->counts(user, incarnation) && state->is_same(user, parts_.facts.identity.incarnation);
}

// No policy names anybody who could decide: what its rules are in doubt about does not pass.
void SessionLive::decide(const event::Event&, const Judgement& judgement, SessionRelay::Decided done) {
  done(Judgement{Ruling::refuse, judgement.name, "nobody can decide this here"});
}

void SessionLive::relay_failed(const std::string& reason, const std::string& text) {
  if (means_.ending.phase() == SessionEnding::Phase::opening) return means_.ending.refuse(text, reason);
  means_.ending.end(reason, "Sallyport: " + text);
}

bool SessionLive::warn(const std::string& text) {
  if (means_.notes.warning(text)) control_.tell(text);
  return means_.ending.phase() == SessionEnding::Phase::live;
}

void SessionLive::note_control(const std::string& action, const std::string& actor, const std::string& text) {
  means_.notes.control(action, actor, text);
}

}  // namespace sallyport::broker
