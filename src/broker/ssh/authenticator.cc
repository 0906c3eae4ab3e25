// SPDX-License-Identifier: Apache-2.0
// Authentication of users: public keys, passwords and one-time codes.
#include "broker/ssh/authenticator.h"

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "broker/access/login_validity.h"
#include "broker/intake/admission.h"
#include "broker/ssh/key_offer.h"
#include "ipc/ssh_front.pb.h"
#include "keys/userauth_blob.h"
#include "policy/decide.h"

namespace sallyport::broker {

namespace {

constexpr std::size_t kMaxLoginInAudit = 256;
constexpr std::size_t kMaxMethodInAudit = 64;
constexpr base::Micros kSecondUs = 1'000'000;
constexpr const char* kCodeQuestion = "One-time code: ";
constexpr const char* kInteractive = "keyboard-interactive";
constexpr const char* kFirstMethods[] = {"publickey", "password", kInteractive};

}  // namespace

Authenticator::Authenticator(const Wiring& wiring, net::Loop& loop, std::string source, const std::string& source_host)
    : wiring_(wiring),
      loop_(loop),
      source_(std::move(source)),
      source_host_(source_host),
      source_share_(Admission::source_of(source_host)),
      again_(wiring.policy, wiring.passwords, wiring.codes, loop, source_share_) {}

Authenticator::~Authenticator() {
  *alive_ = false;
}

bool Authenticator::request(const ipc::AuthRequest& request, base::ByteView session_id, base::ByteView host_key,
                            Answer answer) {
  if (busy_ || exhausted()) return false;
  asked_ = Asked::nothing;
  if (request.user() != raw_user_ || !login_) {
    raw_user_ = request.user();
    first_.reset();
    taking_up_.reset();
    hint_.clear();
    auto parsed = policy::parse_login_name(raw_user_);
    login_problem_ = parsed ? "" : "the login name does not parse: " + parsed.message();
    login_ = parsed ? std::optional(std::move(*parsed)) : std::nullopt;
    if (login_ && login_->user == policy::kInviteLogin && !login_->destination) taking_up_.emplace();
    // From here on an e-mail address is the user's name, or that of nobody like any unknown one.
    if (login_) login_->user = wiring_.policy.current()->resources.user_name(login_->user);
  }
  if (request.service() != "ssh-connection") {
    refuse(request.method(), "unknown service", answer);
  } else if (first_ && !request.has_keyboard_interactive()) {
    refuse(request.method(), "a one-time code is due", answer);
  } else if (request.has_none()) {
    refuse("none", "asked again which methods there are", answer);
  } else if (taking_up_ && !(request.has_public_key() && !taking_up_->key)) {
    invited(request, answer);
  } else if (request.has_public_key()) {
    public_key(request, session_id, host_key, std::move(answer));
  } else if (request.has_password() && !request.password().change()) {
    password(base::view(request.password().password()), "password", std::move(answer));
  } else if (request.has_keyboard_interactive()) {
    ask(first_ ? Asked::code : Asked::password, answer);
  } else {
    refuse(request.method(), "unknown method", answer);
  }
  return true;
}

bool Authenticator::answers(const ipc::AuthAnswers& answers, Answer answer) {
  if (busy_ || asked_ == Asked::nothing || exhausted()) return false;
  const Asked asked = std::exchange(asked_, Asked::nothing);
  if (asked == Asked::invitation || asked == Asked::new_password) {
    invitation_answers(asked, answers, std::move(answer));
  } else if (answers.answers_size() != 1) {
    refuse(kInteractive, "wrong number of answers", answer);
  } else if (asked == Asked::code) {
    code(base::view(answers.answers(0)), std::move(answer));
  } else {
    password(base::view(answers.answers(0)), kInteractive, std::move(answer));
  }
  return true;
}

// RFC 4252 §7. The signed bytes are built here, from our session id and the user name as it came.
void Authenticator::public_key(const ipc::AuthRequest& request, base::ByteView session_id, base::ByteView host_key,
                               Answer answer) {
  const auto& offered = request.public_key();
  const Offered offer_made{login_ ? login_->user : "", source_host_, offered.algorithm(), base::view(offered.blob()),
                           wiring_.clock.now_us()};
  const JudgedOffer judged =
      taking_up_ ? judge_new_key(offer_made) : judge_offer(*wiring_.policy.current(), offer_made);
  if (!judged.offer) return refuse("publickey", judged.why, answer, judged.about);
  const KeyOffer& offer = *judged.offer;
  if (!offered.has_signature()) {
    if (!may_ask()) return refuse("publickey", "too many questions", answer);
    ipc::AuthReply reply;
    reply.mutable_key_acceptable()->set_algorithm(offered.algorithm());
    reply.mutable_key_acceptable()->set_blob(offered.blob());
    return answer(reply, std::nullopt);
  }
  keys::PublickeyLogin login;
  login.method = offered.hostbound() ? keys::PublickeyMethod::hostbound : keys::PublickeyMethod::plain;
  login.user = base::view(request.user());
  login.algorithm = offered.algorithm();
  login.key_blob = base::view(offered.blob());
  if (offered.hostbound()) {
    if (!base::equal_constant_time(base::view(offered.host_key()), host_key)) {
      return refuse("publickey", "bound to another host key", answer);
    }
    login.host_key_blob = host_key;
  }
  auto data = keys::publickey_signed_data(session_id, login);
  if (!data) return refuse("publickey", data.message(), answer);
  const auto good = offer.key.verify(offer.signature_algorithm, base::view(offered.signature()), *data, offer.touch);
  if (!good) return refuse("publickey", good.message(), answer);
  if (taking_up_) return invited_key_is_proved(offer.key, answer);
  first_is_right(
      {offer.credential, {login_->user, source_host_, offer.credential}, offer.incarnation, offer.certificate}, answer);
}

void Authenticator::judge(const std::string& user, base::ByteView given, std::function<void(const Judged&)> done) {
  // Called on any thread, when this may be gone: only the loop knows.
  auto finish = [&loop = loop_, alive = alive_, done = std::move(done)](const Judged& judged) {
    loop.post([alive, done, judged] {
      if (*alive) done(judged);
    });
  };
  wiring_.passwords.judge({source_share_, user, given, [alive = alive_] { return alive->load(); }, std::move(finish)});
}

void Authenticator::password(base::ByteView given, const std::string& method, Answer answer) {
  busy_ = true;
  judge(login_ ? login_->user : "", given, [this, method, answer = std::move(answer)](const Judged& judged) {
    busy_ = false;
    if (judged.verdict == Verdict::right) {
      return first_is_right({method, {login_->user, source_host_, "password"}, judged.incarnation, nullptr}, answer);
    }
    if (judged.verdict == Verdict::not_judged) return refuse(method, "too many passwords wait to be checked", answer);
    const bool is_service = login_ && wiring_.policy.current()->is_service(login_->user);
    refuse(method, is_service ? "a service account has no password" : "wrong password", answer);
  });
}

bool Authenticator::exhausted() const {
  return failures_ >= wiring_.limits.auth_tries;
}

// A question costs its asker no try, so questions have a bound of their own: past it the connection ends.
bool Authenticator::may_ask() {
  if (questions_++ < 2 * wiring_.limits.auth_tries) return true;
  failures_ = wiring_.limits.auth_tries;
  return false;
}

void Authenticator::refuse(const std::string& method, const std::string& why, const Answer& answer,
                           const std::vector<audit::Field>& about) {
  ipc::AuthReply reply;
  if (first_) reply.mutable_failure()->add_methods(kInteractive);
  for (const char* name : kFirstMethods) {
    const bool due = !taking_up_ || name == std::string_view(kInteractive) ||
                     (name == std::string_view("publickey") && !taking_up_->key);
    if (!first_ && due) reply.mutable_failure()->add_methods(name);
  }
  // RFC 4252 §5.2: a client asks with "none" which methods there are. The first time costs no try.
  const bool is_free = method == "none" && nones_++ == 0;
  if (!is_free) {
    ++failures_;
    audit::Event event{"auth.failure",
                       login_ ? login_->user : "",
                       "",
                       {{"method", base::cut_utf8(method, kMaxMethodInAudit)},
                        {"source", source_},
                        {"login", base::cut_utf8(raw_user_, kMaxLoginInAudit)},
                        {"reason", login_ ? why : login_problem_}}};
    event.fields.insert(event.fields.end(), about.begin(), about.end());
    wiring_.preauth_audit.write(source_share_, std::move(event));
  }
  reply.set_disconnect(exhausted());
  answer(reply, std::nullopt);
}

// RFC 4256 §3.1. The first question is the same for everybody.
void Authenticator::ask(Asked what, const Answer& answer) {
  if (!may_ask()) return refuse(kInteractive, "too many questions", answer);
  ipc::AuthReply reply;
  if (what == Asked::code && !hint_.empty()) reply.mutable_prompts()->set_instruction("Sallyport: " + hint_);
  auto* prompt = reply.mutable_prompts()->add_prompt();
  prompt->set_text(what == Asked::code ? kCodeQuestion : "Password: ");
  prompt->set_echo(false);
  asked_ = what;
  answer(reply, std::nullopt);
}

Identity Authenticator::identity_of(const FirstProof& first) const {
  return {login_->user,      first.method, login_->destination, wiring_.clock.monotonic_us(),
          first.incarnation, {},           first.certificate};
}

void Authenticator::first_is_right(FirstProof first, const Answer& answer) {
  const auto state = wiring_.policy.current();
  const std::string method = first.method;
  if (!state->counts(login_->user, first.incarnation)) return refuse(method, "the user was changed meanwhile", answer);
  if (state->is_over(login_->user, wiring_.clock.now_us())) return refuse(method, "the invitation is over", answer);
  if (!state->is_enrolled(login_->user)) return accept(first, method, {}, answer);
  if (const auto proof = remembered_proof(first)) {
    return accept(first, method + " and totp (remembered)", {*proof}, answer);
  }
  first_ = std::move(first);
  wiring_.user_audit.write({"auth.partial", login_->user, "", {{"method", method}, {"source", source_}}});
  // Who is being asked already is asked on; others learn what is due (RFC 4252 §5.1).
  if (method == kInteractive) return ask(Asked::code, answer);
  ipc::AuthReply reply;
  reply.mutable_failure()->add_methods(kInteractive);
  reply.mutable_failure()->set_partial(true);
  answer(reply, std::nullopt);
}

// An earlier login's code, where every policy that leads to the target named says for how long.
std::optional<ProvedFactor> Authenticator::remembered_proof(const FirstProof& first) const {
  const base::Micros now_us = wiring_.clock.monotonic_us();
  const auto proved_us = wiring_.remembered.proved(first.login, first.incarnation, now_us);
  if (!proved_us || !login_->destination) return std::nullopt;
  const policy::Request request =
      request_for(identity_of(first), *login_->destination, wiring_.clock.now_us(), source_host_);
  const policy::Decision decision = policy::decide(wiring_.policy.current()->resources, request);
  const auto* grant = std::get_if<policy::Grant>(&decision);
  if (grant == nullptr) return std::nullopt;
  const policy::Requirements& demands = grant->requirements;
  const std::int64_t seconds =
      std::min(demands.remember_seconds, demands.max_age_seconds.value_or(demands.remember_seconds));
  if (now_us - *proved_us >= seconds * kSecondUs) return std::nullopt;
  return ProvedFactor{policy::Factor::totp, policy::FactorProof::Kind::remembered, *proved_us};
}

void Authenticator::inherit(const Identity& outer, const std::string& raw_user) {
  if (busy_) return;  // request() will refuse it
  raw_user_ = raw_user;
  login_ = policy::LoginName{outer.user, outer.destination};
  first_ = FirstProof{outer.method, {outer.user, source_host_, ""}, outer.incarnation, outer.certificate};
}

void Authenticator::code(base::ByteView given, Answer answer) {
  busy_ = true;
  auto done = [this, answer = std::move(answer)](const CodeJudge::Judged& judged) { code_judged(judged, answer); };
  auto finish = [&loop = loop_, alive = alive_, done = std::move(done)](const CodeJudge::Judged& judged) {
    loop.post([alive, done, judged] {
      if (*alive) done(judged);
    });
  };
  wiring_.codes.judge(
      {source_share_, login_->user, given, [alive = alive_] { return alive->load(); }, std::move(finish)});
}

void Authenticator::code_judged(const CodeJudge::Judged& judged, const Answer& answer) {
  busy_ = false;
  hint_ = words_for(judged);
  if (judged.verdict != CodeJudge::Judged::Verdict::right) return refuse("totp", reason_of(judged.verdict), answer);
  const FirstProof first = *first_;
  const base::Micros now_us = wiring_.clock.monotonic_us();
  const auto state = wiring_.policy.current();
  const auto still_good = check_login(*state, identity_of(first), wiring_.clock.now_us());
  if (!still_good) {
    first_.reset();
    const bool changed = !state->counts(login_->user, first.incarnation);
    return refuse("totp", changed ? "the user was changed meanwhile" : still_good.message(), answer);
  }
  if (!first.login.credential.empty()) wiring_.remembered.note(first.login, first.incarnation, now_us);
  const ProvedFactor proved{policy::Factor::totp, policy::FactorProof::Kind::by_this_login, now_us};
  accept(first, first.method + " and " + judged.by, {proved}, answer);
}

void Authenticator::accept(const FirstProof& first, const std::string& method, std::vector<ProvedFactor> factors,
                           const Answer& answer) {
  first_.reset();
  const base::Micros now_us = wiring_.clock.monotonic_us();
  audit::Event event{"auth.success", login_->user, "", {{"method", method}, {"source", source_}}};
  for (const ProvedFactor& one : factors) {
    if (one.kind != policy::FactorProof::Kind::remembered) continue;
    event.fields.push_back({"remembered_seconds", (now_us - one.proved_us) / kSecondUs});
  }
  if (first.certificate) {
    for (audit::Field& field : audit_fields(*first.certificate)) event.fields.push_back(std::move(field));
  }
  wiring_.user_audit.write(std::move(event));
  ipc::AuthReply reply;
  reply.mutable_success()->set_needs_menu(!login_->destination.has_value());
  Identity identity = identity_of(first);
  identity.method = method;
  identity.factors = std::move(factors);
  answer(reply, std::move(identity));
}

}  // namespace sallyport::broker
