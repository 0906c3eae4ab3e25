// SPDX-License-Identifier: Apache-2.0
// What the relay and the limits of a live session ask of it.
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
  if (record_own(event)) tell_user(text);
  return phase_ == Phase::live;
}

}  // namespace sallyport::broker
