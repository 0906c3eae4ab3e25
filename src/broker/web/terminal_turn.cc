// SPDX-License-Identifier: Apache-2.0
// From a sign-in to a session.
#include "broker/web/terminal_turn.h"

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "broker/access/login_validity.h"
#include "broker/access/proofs.h"
#include "broker/intake/admission.h"

namespace sallyport::broker::web {

namespace {
constexpr std::size_t kMaxClientBytes = 256;
}  // namespace

TerminalTurn::TerminalTurn(Means means, const Asked& asked)
    : means_(std::move(means)),
      services_(means_.entrance.services()),
      resize_alarm_(means_.thread.loop()),
      proofs_(services_.policy, means_.entrance.passwords(), means_.entrance.codes(), means_.thread.loop(),
              Admission::source_of(asked.source_host)) {
  BrowserTerminal::Means of_terminal{
      means_.wire, resize_alarm_,
      [&loop = means_.thread.loop()](std::function<void()> work) { loop.post(std::move(work)); }, means_.ended};
  terminal_ = std::make_unique<BrowserTerminal>(std::move(of_terminal), asked.number, asked.size);
  Identity identity = identity_of(*asked.sign_in);
  if (lacks_code(identity, asked)) terminal_->code_is_due();
  SessionFacts facts{std::move(identity),
                     asked.destination,
                     asked.source,
                     asked.source_host,
                     "browser",
                     base::cut_utf8(asked.client, kMaxClientBytes),
                     {}};
  session_ = means_.entrance.make_session()(means_.thread, *terminal_, proofs_, std::move(facts), means_.over);
}

TerminalTurn::~TerminalTurn() {
  terminal_->forget_session();
}

// Who signed in, as a login has it: what was proved then counts, as old as it is.
Identity TerminalTurn::identity_of(const SignIn& sign_in) const {
  const base::Micros now_us = services_.clock.now_us(), monotonic_us = services_.clock.monotonic_us();
  const auto then_us = [&](base::Micros wall_us) { return monotonic_us - std::max<base::Micros>(0, now_us - wall_us); };
  Identity out;
  out.user = sign_in.row.user;
  out.method = sign_in.row.method;
  out.proved_us = then_us(sign_in.proved_us);
  out.incarnation = sign_in.row.incarnation;
  const base::Micros code_us = sign_in.code_proved_us;
  if (code_us != 0) {
    out.factors.push_back({policy::Factor::totp, policy::FactorProof::Kind::by_this_login, then_us(code_us)});
  }
  return out;
}

bool TerminalTurn::lacks_code(const Identity& identity, const Asked& asked) const {
  const auto state = services_.policy.current();
  if (!state->is_enrolled(identity.user)) return false;
  const policy::Request request = request_for(identity, asked.destination, services_.clock.now_us(), asked.source_host);
  return names_factor(
      missing_for(state->resources, services_.config.auth, identity, request, services_.clock.monotonic_us()));
}

void TerminalTurn::begin() {
  const config::Ssh& ssh = services_.config.ssh;
  terminal_->begin(*session_, {ssh.client_keepalive_seconds, ssh.client_keepalive_unanswered});
  session_->open();
}

void TerminalTurn::sign_in_ended() {
  terminal_->leave("Your sign-in to the portal has ended, and this session with it.", "the sign-in ended");
}

void TerminalTurn::front_gone(const std::string& reason, const std::string& fault) {
  session_->front_gone(terminal_->end_reason(reason), fault);
}

}  // namespace sallyport::broker::web
