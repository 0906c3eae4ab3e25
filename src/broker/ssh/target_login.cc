// SPDX-License-Identifier: Apache-2.0
// The steps of a login at a target.
#include "broker/ssh/target_login.h"

#include <algorithm>

#include "broker/ssh/legacy.h"
#include "ipc/ssh_back.pb.h"
#include "keys/certificate.h"
#include "keys/userauth_blob.h"
#include "keys/wire.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

namespace {

constexpr std::uint64_t kSkewSeconds = 120;      // targets' clocks run a little behind
constexpr std::uint64_t kLifetimeSeconds = 300;  // a login happens at once or not at all
constexpr std::uint8_t kMsgUserauthRequest = 50;

bool has(const google::protobuf::RepeatedPtrField<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// RFC 4252 §8 and RFC 4256 §3.1: the requests that carry no signature.
base::Bytes password_request(const std::string& user, base::ByteView password) {
  base::Bytes out;
  out.reserve(64 + user.size() + password.size());
  keys::Writer writer(out);
  writer.u8(kMsgUserauthRequest);
  writer.string(user);
  writer.string("ssh-connection");
  writer.string("password");
  writer.boolean(false);
  writer.string(password);
  return out;
}

base::Bytes interactive_request(const std::string& user) {
  base::Bytes out;
  keys::Writer writer(out);
  writer.u8(kMsgUserauthRequest);
  writer.string(user);
  writer.string("ssh-connection");
  writer.string("keyboard-interactive");
  writer.string("");
  writer.string("");
  return out;
}

base::Result<base::Bytes> sign(const keys::PrivateKey& key, std::string_view algorithm, base::ByteView data) {
  if (algorithm == keys::kSshRsa) return key.sign_ssh_rsa(data);
  auto plain = keys::signature_algorithm_behind(algorithm);
  if (!plain) return base::pass(plain);
  return key.sign(*plain, data);
}

}  // namespace

TargetLogin::TargetLogin(Facts facts, AccountSecret secret, const keys::PrivateKey& user_ca, const base::Clock& clock,
                         base::Random& random)
    : facts_(std::move(facts)), secret_(std::move(secret)), user_ca_(user_ca), clock_(clock), random_(random) {}

base::Status TargetLogin::step(const ipc::LoginWanted& wanted, const ProvenHost& host, ipc::LoginStep& out) {
  const unsigned attempt = attempts_++;
  base::Result<base::Bytes> request = fail(Errc::denied, "nothing left to try");
  switch (facts_.account.login) {
    case policy::Login::certificate:
      if (attempt == 0) request = certificate_request(host, wanted.hostbound());
      break;
    case policy::Login::key:
      if (attempt == 0) {
        request = key_request(wanted, host);
      } else if (attempt == 1 && may_use_ssh_rsa() && !tried_ssh_rsa_) {  // it knew others by name only
        const keys::PrivateKey& key = *secret_.key;
        request = signed_request(keys::kSshRsa, key.public_key().blob(), key, host, wanted.hostbound());
      }
      break;
    case policy::Login::password:
      if (attempt == 0) {
        request = password_request(facts_.account.login_name, secret_.password->view());
        secret_crossed_ = true;
      } else if (attempt == 1 && has(wanted.methods(), "keyboard-interactive")) {
        request = interactive_request(facts_.account.login_name);
        prompts_allowed_ = true;
      }
      break;
  }
  if (!request) {
    out.set_give_up(true);
    return request.error().code == Errc::denied ? base::Status() : base::Status(base::pass(request));
  }
  out.set_userauth_request(request->data(), request->size());
  base::wipe(request->data(), request->size());
  return {};
}

void TargetLogin::answer(const ipc::LoginPrompts& prompts, ipc::LoginAnswers& out) {
  if (!prompts_allowed_ || !secret_.password) {
    out.set_give_up(true);
  } else if (prompts.prompt_size() == 0) {
    // RFC 4256 §3.2: a message without prompts wants an empty answer.
  } else if (prompts.prompt_size() == 1 && prompts.echo_size() == 1 && !prompts.echo(0)) {
    prompts_allowed_ = false;
    const base::ByteView password = secret_.password->view();
    out.add_answers(password.data(), password.size());
    secret_crossed_ = true;
  } else {
    out.set_give_up(true);
  }
}

void TargetLogin::forget() {
  secret_ = {};
}

// The gate refuses what the grant does not have; a target's sshd, which the certificate binds too, also refuses it to a
// back that was taken over.
std::vector<const char*> TargetLogin::certificate_extensions(const policy::Permissions& granted) {
  using policy::Permission;
  std::vector<const char*> out = {"permit-user-rc"};
  if (granted.has(Permission::shell) || granted.has(Permission::exec)) out.push_back("permit-pty");
  if (granted.has(Permission::forward_x11)) out.push_back("permit-X11-forwarding");
  if (granted.has(Permission::forward_agent)) out.push_back("permit-agent-forwarding");
  if (granted.has(Permission::forward_local) || granted.has(Permission::forward_remote)) {
    out.push_back("permit-port-forwarding");
  }
  return out;
}

base::Result<base::Bytes> TargetLogin::certificate_request(const ProvenHost& host, bool hostbound) {
  auto key = keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random_);
  if (!key) return base::pass(key);
  keys::CertificateFields fields;
  fields.type = keys::CertificateType::user;
  fields.key_id = "sallyport user=" + facts_.user + " account=" + facts_.account.name +
                  " target=" + facts_.target.name + " session=" + facts_.session;
  fields.principals = {facts_.account.login_name};
  const auto now = static_cast<std::uint64_t>(clock_.now_us() / 1'000'000);
  fields.valid_after = now - kSkewSeconds;
  fields.valid_before = now + kLifetimeSeconds;
  if (facts_.egress_address) fields.source_addresses = {*facts_.egress_address};
  for (const char* name : certificate_extensions(facts_.permissions)) fields.extensions.push_back({name, ""});
  auto certificate = keys::issue_certificate(fields, key->public_key(), user_ca_, random_);
  if (!certificate) return base::pass(certificate);
  return signed_request(keys::certificate_type_name(key->type()), *certificate, *key, host, hostbound);
}

bool TargetLogin::may_use_ssh_rsa() const {
  return secret_.key->type() == keys::KeyType::rsa &&
         !legacy_of(policy::AlgorithmKind::host_key, facts_.target.legacy).empty();
}

base::Result<base::Bytes> TargetLogin::key_request(const ipc::LoginWanted& wanted, const ProvenHost& host) {
  const keys::PrivateKey& key = *secret_.key;
  const auto algorithms = keys::signature_algorithms_for(key.type());
  // A target that tells none of them (RFC 8308) may be one that knows none.
  std::string_view chosen = may_use_ssh_rsa() ? keys::kSshRsa : algorithms.front();
  for (const std::string_view name : algorithms) {
    if (has(wanted.server_sig_algs(), name)) {
      chosen = name;
      break;
    }
  }
  tried_ssh_rsa_ = chosen == keys::kSshRsa;
  return signed_request(chosen, key.public_key().blob(), key, host, wanted.hostbound());
}

base::Result<base::Bytes> TargetLogin::signed_request(std::string_view algorithm, base::ByteView blob,
                                                      const keys::PrivateKey& key, const ProvenHost& host,
                                                      bool hostbound) const {
  keys::PublickeyLogin login;
  login.method = hostbound ? keys::PublickeyMethod::hostbound : keys::PublickeyMethod::plain;
  login.user = base::view(facts_.account.login_name);
  login.algorithm = algorithm;
  login.key_blob = blob;
  if (hostbound) login.host_key_blob = host.host_key;
  auto data = keys::publickey_signed_data(host.exchange_hash, login);
  if (!data) return base::pass(data);
  auto signature = sign(key, algorithm, *data);
  if (!signature) return base::pass(signature);
  return keys::publickey_request(login, base::ByteView(*signature));
}

}  // namespace sallyport::broker
