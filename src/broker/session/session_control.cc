// SPDX-License-Identifier: Apache-2.0
// Acting on a live session: pause, suspend, resume, terminate, message, watch. The gate itself is shut by the handle,
// on the caller's thread; here the act is recorded and the user is told.
#include "broker/session/session.h"
#include "event/event.pb.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

void Session::attach_handle() {
  net::Loop& loop = thread_.loop();
  const std::weak_ptr<Session> weak = weak_from_this();
  handle_->attach(
      [&loop, weak](ControlAct act, std::function<void(base::Status)> done) {
        loop.post([weak, act = std::move(act), done = std::move(done)] {
          if (const auto self = weak.lock()) {
            self->on_control(act, done);
          } else {
            done(fail(Errc::closed, "the session has ended"));
          }
        });
      },
      [&loop, weak](bool joined, const std::string& actor) {
        loop.post([weak, joined, actor] {
          if (const auto self = weak.lock()) self->on_watch(joined, actor);
        });
      });
}

void Session::on_control(const ControlAct& act, const std::function<void(base::Status)>& done) {
  const ControlAction action = act.action;
  const std::string& actor = act.actor;
  const std::string& text = act.text;
  // A session that ends by itself may still bring its last words to a slow user: not against an administrator's word.
  if (phase_ == Phase::ending && action == ControlAction::terminate) {
    kill_workers();
    return done({});
  }
  if (phase_ >= Phase::ending) return done(fail(Errc::closed, "the session has ended"));
  const std::string because = text.empty() ? "." : ": " + text;
  if (action != ControlAction::reauthenticated) note_control(to_string(action), actor, text);
  switch (action) {
    case ControlAction::pause:
      handle_->carry_out(action, services_.clock.monotonic_us());
      tell_user("Sallyport: " + actor + " paused this session" + because + " Nothing passes until it is resumed.");
      break;
    case ControlAction::suspend:
      handle_->carry_out(action, services_.clock.monotonic_us());
      tell_user("Sallyport: " + actor + " suspended this session" + because);
      break;
    case ControlAction::resume:
      handle_->carry_out(action, services_.clock.monotonic_us());
      if (handle_->proof_wanted_since()) {
        ask_password("Sallyport: " + actor + " resumes this session" + because + " Authenticate again.", Asked::first);
      } else {
        reopen("Sallyport: " + actor + " resumed this session" + because);
      }
      break;
    case ControlAction::message:
      tell_user("Sallyport: message from " + actor + ": " + text);
      break;
    case ControlAction::terminate:
      end("terminated by " + actor, "Sallyport: " + actor + " terminated this session" + because);
      break;
    case ControlAction::reauthenticated:
      return done(user_is_back(act));
  }
  done({});
}

// By a new login, which must count now, and be of the same person.
base::Status Session::user_is_back(const ControlAct& act) {
  const auto state = services_.policy.current();
  if (act.actor != facts_.identity.user || !state->counts(act.actor, act.proved_as) ||
      !state->is_same(act.actor, facts_.identity.incarnation)) {
    return fail(Errc::denied, "this session does not wait for you");
  }
  if (auto taken = handle_->take_proof(act.proved_us); !taken) return taken;
  note_control(to_string(act.action), act.actor, act.text);
  reopen("Sallyport: this session goes on.");
  return {};
}

void Session::ask_password(const std::string& why, Asked asked) {
  if (front_ == nullptr) return;
  front_->ask_password(why + " Password of " + facts_.identity.user + ": ", asked);
  ++passwords_asked_;
}

void Session::front_reauthenticate(base::ByteView password) {
  if (passwords_asked_ == 0) return front_->kill("answer to no question");
  --passwords_asked_;
  const auto since = handle_->proof_wanted_since();
  if (!since) return;
  passwords_->check_again(facts_.identity.user, password,
                          [this, weak = weak_from_this(), since](const PasswordCheck::Judged& judged) {
                            const auto alive = weak.lock();
                            if (alive && handle_->proof_wanted_since() == since) password_judged(judged);
                          });
}

void Session::password_judged(const PasswordCheck::Judged& judged) {
  if (phase_ >= Phase::ending || front_ == nullptr) return;
  using Verdict = PasswordCheck::Verdict;
  const auto state = services_.policy.current();
  const bool counts = state->counts(facts_.identity.user, judged.incarnation) &&
                      state->is_same(facts_.identity.user, facts_.identity.incarnation);
  if (judged.verdict == Verdict::right && counts && handle_->take_proof(services_.clock.monotonic_us())) {
    wrong_passwords_ = 0;
    note_control("reauthenticated", facts_.identity.user, "");
    return reopen("Sallyport: this session goes on.");
  }
  if (judged.verdict == Verdict::not_judged) {
    return ask_password("Sallyport: the gateway is busy; once more.", Asked::again);
  }
  services_.user_audit.write({"auth.failure",
                              facts_.identity.user,
                              id_,
                              {{"method", "password"}, {"source", facts_.source}, {"reason", "resuming a session"}}});
  if (++wrong_passwords_ >= services_.config.limits.auth_tries) {
    return end("too many wrong passwords of a suspended session", "Sallyport: too many wrong passwords.");
  }
  ask_password("Sallyport: that was not right.", Asked::again);
}

// One of the facts that keep the gate shut is gone. Another may hold, or what shuts it may have come meanwhile.
void Session::reopen(const std::string& how) {
  const bool shut = handle_->gate_shut();
  if (front_ != nullptr) {
    front_->tell({shut ? "Sallyport: this session stays paused until it is resumed." : how, std::nullopt,
                  Notice::Session::goes_on});
  }
  if (!shut) relay_.go_on();
}

void Session::on_watch(bool joined, const std::string& actor) {
  if (phase_ >= Phase::ending) return;
  note_control(joined ? "watch" : "unwatch", actor, "");
  if (joined) relay_.ask_keyframe();
}

void Session::note_control(const std::string& action, const std::string& actor, const std::string& text) {
  services_.audit.write({"session." + action, actor, id_, {{"text", text}}});
  event::Event event;
  event.mutable_control()->set_action(action);
  event.mutable_control()->set_actor(actor);
  event.mutable_control()->set_text(text);
  record_own(event);
}

void Session::tell_user(const std::string& text) {
  if (front_ != nullptr) front_->tell({text});
}

}  // namespace sallyport::broker
