// SPDX-License-Identifier: Apache-2.0
// The acts.
#include "broker/session/session_control.h"

#include <utility>

namespace sallyport::broker {

using base::Errc;
using base::fail;

void SessionControl::act(const ControlAct& act, Stage stage, const std::function<void(base::Status)>& done) {
  const ControlAction action = act.action;
  const std::string& actor = act.actor;
  // A session that ends by itself may still bring its last words to a slow user: not against an administrator's word.
  if (stage == Stage::ending && action == ControlAction::terminate) {
    owner_.kill_workers();
    return done({});
  }
  if (stage == Stage::ending) return done(fail(Errc::closed, "the session has ended"));
  const std::string because = act.text.empty() ? "." : ": " + act.text;
  if (action != ControlAction::reauthenticated) owner_.note_control(to_string(action), actor, act.text);
  switch (action) {
    case ControlAction::pause:
      handle_->carry_out(action, clock_.monotonic_us());
      tell("Sallyport: " + actor + " paused this session" + because + " Nothing passes until it is resumed.");
      break;
    case ControlAction::suspend:
      handle_->carry_out(action, clock_.monotonic_us());
      tell("Sallyport: " + actor + " suspended this session" + because);
      break;
    case ControlAction::resume:
      resume(act, because);
      break;
    case ControlAction::message:
      tell("Sallyport: message from " + actor + ": " + act.text);
      break;
    case ControlAction::terminate:
      owner_.end_by("terminated by " + actor, "Sallyport: " + actor + " terminated this session" + because);
      break;
    case ControlAction::reauthenticated:
      return done(user_is_back(act));
  }
  done({});
}

void SessionControl::resume(const ControlAct& act, const std::string& because) {
  handle_->carry_out(act.action, clock_.monotonic_us());
  if (handle_->proof_wanted_since()) {
    ask_password("Sallyport: " + act.actor + " resumes this session" + because + " Authenticate again.", Asked::first);
  } else {
    reopen("Sallyport: " + act.actor + " resumed this session" + because);
  }
}

// By a new login, which must count now, and be of the same person.
base::Status SessionControl::user_is_back(const ControlAct& act) {
  if (act.actor != user_ || !owner_.is_the_user(act.actor, act.proved_as)) {
    return fail(Errc::denied, "this session does not wait for you");
  }
  if (auto taken = handle_->take_proof(act.proved_us); !taken) return taken;
  owner_.note_control(to_string(act.action), act.actor, act.text);
  reopen("Sallyport: this session goes on.");
  return {};
}

void SessionControl::ask_password(const std::string& why, Asked asked) {
  if (front_ == nullptr) return;
  front_->ask_password(why + " Password of " + user_ + ": ", asked);
  ++asked_;
}

void SessionControl::ask_code(const std::string& why, Asked asked) {
  if (front_ == nullptr) return;
  front_->ask_password(why + " One-time code: ", asked);
  ++asked_;
}

// The password was right for this wait, and not for one before it.
bool SessionControl::awaits_code() const {
  return password_proof_ && handle_->proof_wanted_since() == password_proof_->wanted_since;
}

void SessionControl::password(base::ByteView given) {
  if (front_ == nullptr) return;
  if (asked_ == 0) return front_->kill("answer to no question");
  --asked_;
  const auto since = handle_->proof_wanted_since();
  if (!since) return;
  auto judged = [this, alive = std::weak_ptr(alive_), since](const PasswordCheck::Judged& verdict) {
    if (!alive.expired() && handle_->proof_wanted_since() == since) this->judged(verdict);
  };
  if (awaits_code()) return passwords_.check_code(user_, given, std::move(judged));
  passwords_.check_again(user_, given, std::move(judged));
}

void SessionControl::judged(const PasswordCheck::Judged& judged) {
  if (front_ == nullptr) return;
  using Verdict = PasswordCheck::Verdict;
  const auto since = handle_->proof_wanted_since();
  if (judged.verdict == Verdict::code_wanted && since) {
    password_proof_ = {*since, judged.incarnation};
    return ask_code("Sallyport: the password is right.", Asked::first);
  }
  const store::Incarnation proved = awaits_code() ? password_proof_->incarnation : judged.incarnation;
  if (judged.verdict == Verdict::right && owner_.is_the_user(user_, proved) &&
      handle_->take_proof(clock_.monotonic_us())) {
    wrong_ = 0;
    password_proof_.reset();
    owner_.note_control("reauthenticated", user_, "");
    return reopen("Sallyport: this session goes on.");
  }
  if (judged.verdict == Verdict::not_judged) {
    const std::string busy = "Sallyport: the gateway is busy; once more.";
    return awaits_code() ? ask_code(busy, Asked::again) : ask_password(busy, Asked::again);
  }
  wrong_proof(judged.text.empty() ? "that was not right." : judged.text);
}

void SessionControl::wrong_proof(const std::string& why) {
  owner_.note_wrong_proof(awaits_code() ? "totp" : "password");
  if (++wrong_ >= tries_) {
    return owner_.end_by("too many wrong passwords of a suspended session", "Sallyport: too many wrong passwords.");
  }
  awaits_code() ? ask_code("Sallyport: " + why, Asked::again) : ask_password("Sallyport: " + why, Asked::again);
}

// One of the facts that keep the gate shut is gone. Another may hold, or what shuts it may have come meanwhile.
void SessionControl::reopen(const std::string& how) {
  const bool shut = handle_->gate_shut();
  if (front_ != nullptr) {
    const bool alone = !handle_->supervision().met();
    const std::string stays = std::string("Sallyport: this session stays paused until ") +
                              (alone ? "somebody supervises it." : "it is resumed.");
    front_->tell({shut ? stays : how, std::nullopt, Notice::Session::goes_on});
  }
  if (!shut) owner_.gate_opened();
}

void SessionControl::watch(bool joined, const std::string& actor) {
  owner_.note_control(joined ? "watch" : "unwatch", actor, "");
  if (joined) owner_.keyframe_wanted();
}

void SessionControl::tell(const std::string& text) {
  if (front_ != nullptr) front_->tell({text});
}

}  // namespace sallyport::broker
