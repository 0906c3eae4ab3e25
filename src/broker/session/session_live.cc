// SPDX-License-Identifier: Apache-2.0
// What the relay, the limits and the control of a live session ask of it.
#include "broker/session/session.h"
#include "event/event.pb.h"

namespace sallyport::broker {

bool Session::login_counts() {
  return services_.policy.current()->counts(facts_.identity.user, facts_.identity.incarnation);
}

// No policy names anybody who could decide: what its rules are in doubt about does not pass.
void Session::decide(const event::Event&, const Judgement& judgement, SessionRelay::Decided done) {
  done(Judgement{Ruling::refuse, judgement.name, "nobody can decide this here"});
}

// Each refusal is in the record; the audit log has the first of a flood, and its length.
void Session::refused(const Judgement& judgement) {
  services_.user_audit.write(
      {"session.refused", facts_.identity.user, id_, {{"what", judgement.name}, {"reason", judgement.reason}}});
}

void Session::relay_failed(const std::string& reason, const std::string& text) {
  phase_ < Phase::live ? refuse(text, reason) : end(reason, "Sallyport: " + text);
}

bool Session::warn(const std::string& text) {
  event::Event event;
  event.mutable_control()->set_action("message");
  event.mutable_control()->set_actor("sallyport");
  event.mutable_control()->set_text(text);
  if (record_own(event)) control_.tell(text);
  return phase_ == Phase::live;
}

void Session::attach_handle() {
  net::Loop& loop = thread_.loop();
  const std::weak_ptr<Session> weak = weak_from_this();
  control_.begin(handle_);
  handle_->attach(
      [&loop, weak](ControlAct act, std::function<void(base::Status)> done) {
        loop.post([weak, act = std::move(act), done = std::move(done)] {
          const auto self = weak.lock();
          if (!self || self->phase_ == Phase::over) {
            return done(base::fail(base::Errc::closed, "the session has ended"));
          }
          using Stage = SessionControl::Stage;
          self->control_.act(act, self->phase_ == Phase::ending ? Stage::ending : Stage::running, done);
        });
      },
      [&loop, weak](bool joined, const std::string& actor) {
        loop.post([weak, joined, actor] {
          const auto self = weak.lock();
          if (self && self->phase_ < Phase::ending) self->control_.watch(joined, actor);
        });
      });
}

bool Session::is_the_user(const std::string& user, const store::Incarnation& incarnation) {
  const auto state = services_.policy.current();
  return state->counts(user, incarnation) && state->is_same(user, facts_.identity.incarnation);
}

void Session::note_control(const std::string& action, const std::string& actor, const std::string& text) {
  services_.audit.write({"session." + action, actor, id_, {{"text", text}}});
  event::Event event;
  event.mutable_control()->set_action(action);
  event.mutable_control()->set_actor(actor);
  event.mutable_control()->set_text(text);
  record_own(event);
}

void Session::note_wrong_password() {
  services_.user_audit.write({"auth.failure",
                              facts_.identity.user,
                              id_,
                              {{"method", "password"}, {"source", facts_.source}, {"reason", "resuming a session"}}});
}

}  // namespace sallyport::broker
