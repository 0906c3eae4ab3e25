// SPDX-License-Identifier: Apache-2.0
// Authentication of users: public keys and passwords.
#include "broker/ssh/authenticator.h"

#include <algorithm>

#include "base/escape.h"
#include "broker/intake/admission.h"
#include "ipc/ssh_front.pb.h"
#include "keys/userauth_blob.h"

namespace sallyport::broker {

namespace {

constexpr std::size_t kMaxLoginInAudit = 256;
constexpr std::size_t kMaxMethodInAudit = 64;
const char* const methods[] = {"publickey", "password", "keyboard-interactive"};

}  // namespace

Authenticator::Authenticator(const Wiring& wiring, net::Loop& loop, std::string source, const std::string& source_host)
    : wiring_(wiring), loop_(loop), source_(std::move(source)), source_share_(Admission::source_of(source_host)) {}

Authenticator::~Authenticator() {
  *alive_ = false;
}

bool Authenticator::request(const ipc::AuthRequest& request, base::ByteView session_id, base::ByteView host_key,
                            Answer answer) {
  if (busy_ || exhausted()) return false;
  prompted_ = false;
  if (request.user() != raw_user_ || !login_) {
    raw_user_ = request.user();
    auto parsed = policy::parse_login_name(raw_user_);
    login_problem_ = parsed ? "" : "the login name does not parse: " + parsed.message();
    login_ = parsed ? std::optional(std::move(*parsed)) : std::nullopt;
    // From here on an e-mail address is the user's name, or that of nobody like any unknown one.
    if (login_) login_->user = wiring_.policy.current()->resources.user_name(login_->user);
  }
  if (request.service() != "ssh-connection") {
    refuse(request.method(), "unknown service", answer);
  } else if (request.has_none()) {
    refuse("none", "asked again which methods there are", answer);
  } else if (request.has_public_key()) {
    public_key(request, session_id, host_key, std::move(answer));
  } else if (request.has_password() && !request.password().change()) {
    password(base::view(request.password().password()), "password", std::move(answer));
  } else if (request.has_keyboard_interactive()) {
    if (!may_ask()) {
      refuse("keyboard-interactive", "too many questions", answer);
      return true;
    }
    ipc::AuthReply reply;
    auto* prompt = reply.mutable_prompts()->add_prompt();
    prompt->set_text("Password: ");
    prompt->set_echo(false);
    prompted_ = true;
    answer(reply, std::nullopt);
  } else {
    refuse(request.method(), "unknown method", answer);
  }
  return true;
}

bool Authenticator::answers(const ipc::AuthAnswers& answers, Answer answer) {
  if (busy_ || !prompted_ || exhausted()) return false;
  prompted_ = false;
  if (answers.answers_size() != 1) {
    refuse("keyboard-interactive", "wrong number of answers", answer);
  } else {
    password(base::view(answers.answers(0)), "keyboard-interactive", std::move(answer));
  }
  return true;
}

// RFC 4252 §7. The signed bytes are built here, from our session id and the user name as it came.
void Authenticator::public_key(const ipc::AuthRequest& request, base::ByteView session_id, base::ByteView host_key,
                               Answer answer) {
  const auto& offered = request.public_key();
  const auto state = wiring_.policy.current();
  const std::string user = login_ ? login_->user : "";
  const auto incarnation = state->incarnation_of(user);
  const auto key = (incarnation ? state->keys_of(user) : state->no_keys).find(base::view(offered.blob()));
  if (!key || !incarnation) return refuse("publickey", "key not accepted", answer);
  // RFC 4252 §7: a yes promises that a signature with this algorithm and this key would be judged.
  const auto algorithms = keys::signature_algorithms_for(key->type());
  if (std::find(algorithms.begin(), algorithms.end(), offered.algorithm()) == algorithms.end()) {
    return refuse("publickey", "the signature algorithm is not one of this key's", answer);
  }
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
  if (auto good = key->verify(offered.algorithm(), base::view(offered.signature()), *data); !good) {
    return refuse("publickey", good.message(), answer);
  }
  accept("publickey " + key->fingerprint(), *incarnation, answer);
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
    if (judged.verdict == Verdict::right) return accept(method, judged.incarnation, answer);
    refuse(method, judged.verdict == Verdict::wrong ? "wrong password" : "too many passwords wait to be checked",
           answer);
  });
}

void Authenticator::check_again(const std::string& user, base::ByteView given,
                                std::function<void(const Judged&)> done) {
  judge(user, given, std::move(done));
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

void Authenticator::refuse(const std::string& method, const std::string& why, const Answer& answer) {
  ipc::AuthReply reply;
  for (const char* name : methods) reply.mutable_failure()->add_methods(name);
  // RFC 4252 §5.2: a client asks with "none" which methods there are. The first time costs no try.
  const bool is_free = method == "none" && nones_++ == 0;
  if (!is_free) {
    ++failures_;
    wiring_.preauth_audit.write(source_share_, {"auth.failure",
                                                login_ ? login_->user : "",
                                                "",
                                                {{"method", base::cut_utf8(method, kMaxMethodInAudit)},
                                                 {"source", source_},
                                                 {"login", base::cut_utf8(raw_user_, kMaxLoginInAudit)},
                                                 {"reason", login_ ? why : login_problem_}}});
  }
  reply.set_disconnect(exhausted());
  answer(reply, std::nullopt);
}

void Authenticator::accept(const std::string& method, const store::Incarnation& incarnation, const Answer& answer) {
  if (!wiring_.policy.current()->counts(login_->user, incarnation)) {
    return refuse(method, "the user was changed meanwhile", answer);
  }
  ipc::AuthReply reply;
  reply.mutable_success()->set_needs_menu(!login_->destination.has_value());
  wiring_.user_audit.write({"auth.success", login_->user, "", {{"method", method}, {"source", source_}}});
  answer(reply, Identity{login_->user, method, login_->destination, wiring_.clock.monotonic_us(), incarnation});
}

}  // namespace sallyport::broker
