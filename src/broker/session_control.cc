// SPDX-License-Identifier: Apache-2.0
// Acting on a live session: pause, suspend, resume, terminate, message, watch. The gate itself is shut by the handle,
// on the caller's thread; here the act is recorded and the user is told.
#include "broker/session.h"
#include "event/event.pb.h"
#include "ipc/back.pb.h"
#include "ipc/front.pb.h"

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
  const auto& [action, actor, text, proved_us] = act;
  // A session that ends by itself may still bring its last words to a slow user: not against an administrator's word.
  if (phase_ == Phase::ending && action == ControlAction::terminate) {
    kill_workers();
    return done({});
  }
  if (phase_ >= Phase::ending) return done(fail(Errc::closed, "the session has ended"));
  const SessionState state = handle_->info().state;
  const std::string because = text.empty() ? "." : ": " + text;
  if (action != ControlAction::reauthenticated) note_control(to_string(action), actor, text);
  switch (action) {
    case ControlAction::pause:
      handle_->shutting_carried_out();
      if (state != SessionState::suspended && phase_ == Phase::live) set_state(SessionState::paused);
      tell_user("Sallyport: " + actor + " paused this session" + because + " Nothing passes until it is resumed.");
      break;
    case ControlAction::suspend:
      handle_->shutting_carried_out();
      resume_wanted_since_.reset();
      set_state(SessionState::suspended);
      tell_user("Sallyport: " + actor + " suspended this session" + because);
      break;
    case ControlAction::resume:
      if (state == SessionState::suspended) {
        resume_wanted_since_ = services_.clock.monotonic_us();
        if (front_ != nullptr) {
          ipc::BrokerToFront message;
          message.mutable_ask_password()->set_prompt("Sallyport: " + actor + " resumes this session" + because +
                                                     " Authenticate again. Password of " + facts_.identity.user + ": ");
          front_->send(message);
          ++passwords_asked_;
        }
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
      if (!resume_wanted_since_ || actor != facts_.identity.user) {
        return done(fail(Errc::invalid, "this session does not wait for you"));
      }
      // A connection that was there before may be an unattended one: it proves nothing of now.
      if (proved_us <= *resume_wanted_since_) {
        return done(fail(Errc::denied, "you logged in here before the session was resumed: log in anew for this"));
      }
      note_control(to_string(action), actor, text);
      reopen("Sallyport: this session goes on.");
      break;
  }
  done({});
}

void Session::front_reauthenticate(const ipc::Reauthenticate& answer) {
  if (passwords_asked_ == 0) return front_->kill("answer to no question");
  --passwords_asked_;
  if (!resume_wanted_since_) return;
  authenticator_->check_again(
      facts_.identity.user, base::view(answer.password()),
      [this, weak = weak_from_this(), since = resume_wanted_since_](Authenticator::Verdict verdict) {
        const auto alive = weak.lock();
        if (!alive || resume_wanted_since_ != since || phase_ != Phase::live || front_ == nullptr) return;
        if (verdict == Authenticator::Verdict::right) {
          wrong_passwords_ = 0;
          note_control("reauthenticated", facts_.identity.user, "");
          return reopen("Sallyport: this session goes on.");
        }
        const bool judged = verdict == Authenticator::Verdict::wrong;
        if (judged) {
          services_.user_audit.write(
              {"auth.failure",
               facts_.identity.user,
               id_,
               {{"method", "password"}, {"source", facts_.source}, {"reason", "resuming a session"}}});
          if (++wrong_passwords_ >= services_.config.limits.auth_tries) {
            return end("too many wrong passwords of a suspended session", "Sallyport: too many wrong passwords.");
          }
        }
        ipc::BrokerToFront message;
        message.mutable_ask_password()->set_prompt(
            std::string(judged ? "Sallyport: that was not right." : "Sallyport: the gateway is busy; once more.") +
            " Password of " + facts_.identity.user + ": ");
        message.mutable_ask_password()->set_again(true);
        ++passwords_asked_;
        front_->send(message);
      });
}

// A pause that came after what reopens the session is in force already, though the loop hears of it only now: it stays.
void Session::reopen(const std::string& how) {
  resume_wanted_since_.reset();
  if (!handle_->open_gate()) return;
  if (front_ != nullptr) {
    ipc::BrokerToFront message;
    message.mutable_notice()->set_text(how);
    message.mutable_notice()->set_resumes(true);
    front_->send(message);
  }
  if (phase_ == Phase::live) drain_held();
}

void Session::on_watch(bool joined, const std::string& actor) {
  if (phase_ >= Phase::ending) return;
  note_control(joined ? "watch" : "unwatch", actor, "");
  if (joined) ask_keyframe();
}

void Session::note_control(const std::string& action, const std::string& actor, const std::string& text) {
  services_.audit.write({"session." + action, actor, id_, {{"text", text}}});
  event::Event event;
  event.mutable_control()->set_action(action);
  event.mutable_control()->set_actor(actor);
  event.mutable_control()->set_text(text);
  if (record_) record_own(event);
}

void Session::tell_user(const std::string& text) {
  if (front_ == nullptr) return;
  ipc::BrokerToFront message;
  message.mutable_notice()->set_text(text);
  front_->send(message);
}

void Session::set_state(SessionState state) {
  handle_->update([state](SessionInfo& info) { info.state = state; });
}

}  // namespace sallyport::broker
