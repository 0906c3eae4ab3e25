// SPDX-License-Identifier: Apache-2.0
// One step at a time: the broker speaks, the target answers.
#include "back/ssh/login.h"

#include <algorithm>
#include <variant>

#include "base/escape.h"
#include "codec/ssh/auth_messages.h"
#include "ipc/ssh_back.pb.h"
#include "leg/ssh/kex_evidence.h"

namespace sallyport::back::ssh {

namespace {

using base::Errc;
using base::fail;
using codec::ssh::MessageNumber;

// The broker takes no more than 16 KiB of each.
constexpr std::size_t kMaxBannerBytes = 8 * 1024;
constexpr std::size_t kMaxPromptBytes = 256;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxNames = 64;

template <class Names, class Add>
void add_names(const Names& names, Add add) {
  std::size_t count = 0;
  for (const auto& name : names) {
    if (name.size() <= kMaxNameBytes && base::is_utf8(name) && ++count <= kMaxNames) add(std::string(name));
  }
}

}  // namespace

base::Status Login::start() {
  stage_ = Stage::service;
  return transport_.send(encode(codec::ssh::ServiceRequest{"ssh-userauth"}));
}

base::Result<Login::Outcome> Login::peer_message(base::ByteView payload) {
  switch (static_cast<MessageNumber>(codec::ssh::message_number(payload))) {
    case MessageNumber::service_accept: {
      if (auto m = codec::ssh::decode_service_accept(payload); !m) return base::pass(m);
      if (stage_ != Stage::service) return fail(Errc::invalid, "a service that nobody asked for");
      want_step({});
      return Outcome::going_on;
    }
    case MessageNumber::userauth_banner: {
      auto m = codec::ssh::decode_userauth_banner(payload);
      if (!m) return base::pass(m);
      add_banner(m->message);
      return Outcome::going_on;
    }
    case MessageNumber::userauth_failure:
      return failure(payload);
    case MessageNumber::userauth_success:
      if (stage_ != Stage::target_answers) return fail(Errc::invalid, "success out of turn");
      return Outcome::succeeded;
    case MessageNumber::userauth_info_request:  // and the others of number 60
      return number_60(payload);
    default:
      if (auto s = transport_.reject_last_message(); !s) return base::pass(s);
      return Outcome::going_on;
  }
}

// Line by line (RFC 4252 §5.4), so that nothing but line ends gets through.
void Login::add_banner(std::string_view text) {
  while (!text.empty() && banner_.size() < kMaxBannerBytes) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line;
    for (const char c : text.substr(0, end)) {
      if (c == '\t') line.append(8 - line.size() % 8, ' ');
      if (c != '\t' && c != '\r') line += c;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
    banner_ += base::cut_utf8(base::mask_for_terminal(line), kMaxBannerBytes - banner_.size()) + "\n";
  }
}

base::Result<Login::Outcome> Login::failure(base::ByteView payload) {
  auto m = codec::ssh::decode_userauth_failure(payload);
  if (!m) return base::pass(m);
  if (stage_ != Stage::target_answers) return fail(Errc::invalid, "failure out of turn");
  want_step(m->methods);
  return Outcome::going_on;
}

base::Result<Login::Outcome> Login::number_60(base::ByteView payload) {
  if (stage_ != Stage::target_answers) return fail(Errc::invalid, "a question out of turn");
  if (method_ == Method::interactive) return prompts(payload);
  // A password that must be changed (RFC 4252 §8) is nothing we can do; PK_OK was not asked for.
  if (method_ == Method::password) {
    if (auto m = codec::ssh::decode_userauth_passwd_changereq(payload); !m) return base::pass(m);
    return Outcome::failed;
  }
  return fail(Errc::invalid, "an answer to no question");
}

base::Result<Login::Outcome> Login::prompts(base::ByteView payload) {
  auto m = codec::ssh::decode_userauth_info_request(payload);
  if (!m) return base::pass(m);
  ipc::BackToBroker message;
  auto* out = message.mutable_login_prompts();
  for (const auto& p : m->prompts) {
    out->add_prompt(base::escape_for_terminal(p.text, kMaxPromptBytes));
    out->add_echo(p.echo);
  }
  port_.send_control(message);
  stage_ = Stage::broker_answers;
  return Outcome::going_on;
}

void Login::want_step(const std::vector<std::string_view>& methods) {
  ipc::BackToBroker message;
  auto* wanted = message.mutable_login_wanted();
  add_names(transport_.peer_sig_algs(), [&](std::string name) { wanted->add_server_sig_algs(std::move(name)); });
  add_names(methods, [&](std::string name) { wanted->add_methods(std::move(name)); });
  wanted->set_hostbound(transport_.peer_offers_hostbound());
  port_.send_control(message);
  stage_ = Stage::broker_steps;
}

base::Result<Login::Outcome> Login::step(ipc::LoginStep& step) {
  if (stage_ != Stage::broker_steps) return fail(Errc::corrupt, "a login step out of turn");
  if (step.give_up()) return Outcome::failed;
  const base::ByteView request = base::view(step.userauth_request());
  {
    auto decoded = codec::ssh::decode_userauth_request(request);
    if (!decoded) return fail(Errc::corrupt, "a malformed login step");
    method_ = Method::other;
    if (std::holds_alternative<codec::ssh::MethodPassword>(decoded->method)) method_ = Method::password;
    if (std::holds_alternative<codec::ssh::MethodPublickey>(decoded->method)) method_ = Method::publickey;
    if (std::holds_alternative<codec::ssh::MethodKeyboardInteractive>(decoded->method)) method_ = Method::interactive;
  }
  auto sent = transport_.send(request);
  leg::ssh::wipe(*step.mutable_userauth_request());
  if (!sent) return base::pass(sent);
  stage_ = Stage::target_answers;
  return Outcome::going_on;
}

base::Result<Login::Outcome> Login::answers(ipc::LoginAnswers& answers) {
  if (stage_ != Stage::broker_answers) return fail(Errc::corrupt, "answers out of turn");
  if (answers.give_up()) return Outcome::failed;
  codec::ssh::UserauthInfoResponse response;
  for (const auto& a : answers.answers()) response.responses.push_back(base::view(a));
  auto sent = transport_.send(encode(response).view());
  for (auto& a : *answers.mutable_answers()) leg::ssh::wipe(a);
  if (!sent) return base::pass(sent);
  stage_ = Stage::target_answers;
  return Outcome::going_on;
}

}  // namespace sallyport::back::ssh
