// SPDX-License-Identifier: Apache-2.0
// The password, then the code.
#include "broker/web/sign_in_attempt.h"

#include <utility>

#include "base/escape.h"
#include "broker/intake/admission.h"
#include "policy/resource.h"

namespace sallyport::broker::web {

namespace {

constexpr std::size_t kMaxLoginInAudit = 256;
constexpr unsigned kRetrySeconds = 2;

}  // namespace

void SignInAttempt::start() {
  const auto state = wiring_.policy.current();
  auto parsed = policy::parse_login_name(asked_.login);
  if (parsed && !parsed->destination) user_ = state->resources.user_name(parsed->user);
  const auto self = shared_from_this();
  wiring_.passwords.judge({Admission::source_of(asked_.source_host), user_, asked_.password.view(),
                           [self] { return self->wanted_.load(); },
                           [self](const PasswordCheck::Judged& judged) {
                             self->loop_.post([self, judged] { self->password_judged(judged); });
                           }});
  asked_.password.clear();
}

void SignInAttempt::password_judged(const PasswordCheck::Judged& judged) {
  if (!wanted_) return;
  using Verdict = PasswordCheck::Verdict;
  if (judged.verdict == Verdict::not_judged) {
    return refuse("too many passwords wait to be checked",
                  {503, "busy", "Too many people sign in at this moment. Try again.", kRetrySeconds});
  }
  const auto state = wiring_.policy.current();
  if (judged.verdict == Verdict::wrong || !state->counts(user_, judged.incarnation)) {
    return refuse("wrong password", {401, "wrong-credentials", "The name or the password is not right.", 0});
  }
  incarnation_ = judged.incarnation;
  if (state->is_outsider(user_)) {
    return refuse("an outsider has no portal",
                  {403, "no-portal", "You are invited to sessions by SSH, and this portal is for others.", 0});
  }
  if (!state->is_enrolled(user_)) {
    if (wiring_.auth.require_factors.empty()) return accept();
    return refuse("not enrolled for a second factor",
                  {403, "factor-required",
                   "This gateway asks everybody for a second factor, and you have none yet: ask an administrator for "
                   "`sallyport user enroll-totp " +
                       user_ + "`.",
                   0});
  }
  if (asked_.code.empty()) {
    wiring_.user_audit.write(
        {"auth.partial", user_, "", {{"method", method_}, {"source", asked_.source}, {"via", "portal"}}});
    return finish({.problem = {401, "code-due", "Your one-time code is due.", 0}});
  }
  const auto self = shared_from_this();
  wiring_.codes.judge(
      {Admission::source_of(asked_.source_host), user_, asked_.code.view(), [self] { return self->wanted_.load(); },
       [self](const CodeJudge::Judged& code) { self->loop_.post([self, code] { self->code_judged(code); }); }});
  asked_.code.clear();
}

void SignInAttempt::code_judged(const CodeJudge::Judged& judged) {
  if (!wanted_) return;
  using Verdict = CodeJudge::Judged::Verdict;
  if (judged.verdict != Verdict::right) {
    const bool later = judged.verdict == Verdict::not_judged;
    return refuse(reason_of(judged.verdict),
                  {later ? 503U : 401U, later ? "busy" : "wrong-code", words_for(judged), later ? kRetrySeconds : 0});
  }
  if (!wiring_.policy.current()->counts(user_, incarnation_)) {
    return refuse("the user was changed meanwhile",
                  {401, "wrong-credentials", "Your account has just changed. Sign in anew.", 0});
  }
  method_ += " and " + judged.by;
  accept();
}

void SignInAttempt::refuse(const std::string& why, Problem problem) {
  wiring_.preauth_audit.write(Admission::source_of(asked_.source_host),
                              {"auth.failure",
                               user_,
                               "",
                               {{"method", method_},
                                {"source", asked_.source},
                                {"login", base::cut_utf8(asked_.login, kMaxLoginInAudit)},
                                {"via", "portal"},
                                {"reason", why}}});
  finish({.problem = std::move(problem)});
}

void SignInAttempt::accept() {
  wiring_.user_audit.write(
      {"auth.success", user_, "", {{"method", method_}, {"source", asked_.source}, {"via", "portal"}}});
  finish({.good = true, .user = user_, .incarnation = incarnation_, .method = method_});
}

void SignInAttempt::finish(Outcome outcome) {
  if (const auto done = std::exchange(done_, nullptr)) done(outcome);
}

}  // namespace sallyport::broker::web
