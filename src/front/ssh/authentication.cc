// SPDX-License-Identifier: Apache-2.0
// One request at a time goes to the broker; what a client sends ahead waits in the transport.
#include "front/ssh/authentication.h"

#include <variant>

#include "base/escape.h"
#include "codec/ssh/auth_messages.h"
#include "ipc/ssh_front.pb.h"
#include "leg/ssh/kex_evidence.h"

namespace sallyport::front::ssh {

namespace {

using base::Errc;
using base::fail;
using codec::ssh::MessageNumber;

// The broker takes no longer AuthRequest than 16 KiB, and no longer AuthAnswers than 8.
constexpr std::size_t kMaxRequestBytes = 15 * 1024;
constexpr std::size_t kMaxAnswerBytes = 7 * 1024;
constexpr std::size_t kMaxNameBytes = 256;

// Protocol Buffers refuse a string that is no UTF-8; names are US-ASCII anyway (RFC 4251 §6).
bool is_name(std::string_view s) {
  return s.size() <= kMaxNameBytes && base::is_utf8(s);
}

std::string bytes(base::ByteView b) {
  return base::to_text(b);
}

void wipe_evidence(ipc::AuthRequest& request) {
  if (request.has_password()) {
    leg::ssh::wipe(*request.mutable_password()->mutable_password());
    leg::ssh::wipe(*request.mutable_password()->mutable_new_password());
  }
}

}  // namespace

base::Status Authentication::peer_message(base::ByteView payload) {
  switch (static_cast<MessageNumber>(codec::ssh::message_number(payload))) {
    case MessageNumber::service_request:
      return service(payload);
    case MessageNumber::userauth_request:
      return request(payload);
    case MessageNumber::userauth_info_response:
      return answers(payload);
    default:
      return transport_.reject_last_message();
  }
}

base::Status Authentication::service(base::ByteView payload) {
  auto asked = codec::ssh::decode_service_request(payload);
  if (!asked) return base::pass(asked);
  if (asked->service != "ssh-userauth") return fail(Errc::denied, "service not available");
  if (stage_ == Stage::service) stage_ = Stage::requests;
  return transport_.send(encode(codec::ssh::ServiceAccept{asked->service}));
}

base::Status Authentication::fill(const codec::ssh::UserauthRequest& request, ipc::AuthRequest& out) {
  if (!is_name(request.service) || !is_name(request.method_name)) return fail(Errc::invalid, "a name is no text");
  out.set_user(std::string(request.user));
  out.set_service(std::string(request.service));
  out.set_method(std::string(request.method_name));
  if (std::holds_alternative<codec::ssh::MethodNone>(request.method)) {
    out.mutable_none();
  } else if (const auto* password = std::get_if<codec::ssh::MethodPassword>(&request.method)) {
    auto* m = out.mutable_password();
    m->set_password(bytes(password->password));
    m->set_change(password->new_password.has_value());
    if (password->new_password) m->set_new_password(bytes(*password->new_password));
  } else if (const auto* key = std::get_if<codec::ssh::MethodPublickey>(&request.method)) {
    if (!is_name(key->algorithm)) return fail(Errc::invalid, "a name is no text");
    auto* m = out.mutable_public_key();
    m->set_algorithm(std::string(key->algorithm));
    m->set_blob(bytes(key->key_blob));
    m->set_has_signature(key->signature.has_value());
    if (key->signature) m->set_signature(bytes(*key->signature));
    m->set_hostbound(key->hostbound);
    m->set_host_key(bytes(key->host_key));
  } else if (const auto* interactive = std::get_if<codec::ssh::MethodKeyboardInteractive>(&request.method)) {
    if (!is_name(interactive->language) || !is_name(interactive->submethods)) {
      return fail(Errc::invalid, "a name is no text");
    }
    out.mutable_keyboard_interactive()->set_language(std::string(interactive->language));
    out.mutable_keyboard_interactive()->set_submethods(std::string(interactive->submethods));
  }
  return {};
}

base::Status Authentication::request(base::ByteView payload) {
  if (stage_ != Stage::requests && stage_ != Stage::prompted) return fail(Errc::invalid, "authentication out of turn");
  if (payload.size() > kMaxRequestBytes) return fail(Errc::invalid, "authentication request too long");
  ipc::FrontToBroker message;
  {
    auto decoded = codec::ssh::decode_userauth_request(payload);
    if (!decoded) return base::pass(decoded);
    if (auto filled = fill(*decoded, *message.mutable_auth_request()); !filled) return filled;
    transport_.wipe_last_message();
  }
  stage_ = Stage::judged;  // RFC 4256 §3.1: a new request drops prompts that are open
  port_.send_secret_control(message);
  wipe_evidence(*message.mutable_auth_request());
  return {};
}

base::Status Authentication::answers(base::ByteView payload) {
  if (stage_ != Stage::prompted) return fail(Errc::invalid, "answers to no question");
  if (payload.size() > kMaxAnswerBytes) return fail(Errc::invalid, "answers too long");
  ipc::FrontToBroker message;
  {
    auto decoded = codec::ssh::decode_userauth_info_response(payload);
    if (!decoded) return base::pass(decoded);
    for (const auto& response : decoded->responses) message.mutable_auth_answers()->add_answers(bytes(response));
    transport_.wipe_last_message();
  }
  message.mutable_auth_answers();
  stage_ = Stage::judged;
  port_.send_secret_control(message);
  for (auto& answer : *message.mutable_auth_answers()->mutable_answers()) leg::ssh::wipe(answer);
  return {};
}

base::Result<Authentication::Outcome> Authentication::broker_reply(const ipc::AuthReply& reply) {
  if (stage_ != Stage::judged) return fail(Errc::corrupt, "an answer to no request");
  stage_ = Stage::requests;
  if (!reply.banner().empty()) {
    if (auto s = transport_.send(encode(codec::ssh::UserauthBanner{reply.banner(), ""})); !s) return base::pass(s);
  }
  base::Status sent;
  switch (reply.kind_case()) {
    case ipc::AuthReply::kSuccess:
      sent = transport_.send(encode(codec::ssh::UserauthSuccess{}));
      if (!sent) return base::pass(sent);
      return Outcome::succeeded;
    case ipc::AuthReply::kKeyAcceptable:
      sent = transport_.send(encode(
          codec::ssh::UserauthPkOk{reply.key_acceptable().algorithm(), base::view(reply.key_acceptable().blob())}));
      break;
    case ipc::AuthReply::kPrompts: {
      codec::ssh::UserauthInfoRequest ask{reply.prompts().name(), reply.prompts().instruction(), "", {}};
      for (const auto& p : reply.prompts().prompt()) ask.prompts.push_back({p.text(), p.echo()});
      sent = transport_.send(encode(ask));
      stage_ = Stage::prompted;
      break;
    }
    case ipc::AuthReply::kFailure:
    case ipc::AuthReply::KIND_NOT_SET: {
      codec::ssh::UserauthFailure failure;
      for (const auto& m : reply.failure().methods()) failure.methods.push_back(m);
      failure.partial_success = reply.failure().partial();
      sent = transport_.send(encode(failure));
      break;
    }
  }
  if (!sent) return base::pass(sent);
  if (!reply.disconnect()) return Outcome::going_on;
  transport_.disconnect(codec::ssh::DisconnectReason::no_more_auth_methods, "Too many authentication failures");
  return Outcome::ended;
}

}  // namespace sallyport::front::ssh
