// SPDX-License-Identifier: Apache-2.0
// Service and authentication messages. Runs in the untrusted workers.
#include "codec/ssh/auth_messages.h"

#include "keys/wire.h"

namespace sallyport::codec::ssh {

namespace {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using keys::Reader;
using keys::Writer;

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::string_view kHostbound = "publickey-hostbound-v00@openssh.com";

Reader begin(ByteView payload, MessageNumber number) {
  Reader r(payload);
  if (r.u8() != static_cast<std::uint8_t>(number)) r.set_error();
  return r;
}

template <class T>
Result<T> finish(const Reader& r, T value, const char* what) {
  if (!r.done()) return fail(Errc::invalid, std::string("malformed ") + what);
  return value;
}

Writer start(Bytes& out, MessageNumber number) {
  Writer w(out);
  w.u8(static_cast<std::uint8_t>(number));
  return w;
}

UserauthMethod read_method(Reader& r, std::string_view name) {
  if (name == "none") return MethodNone{};
  if (name == "password") {
    MethodPassword m;
    const bool change = r.boolean();
    m.password = r.string(kMaxPasswordBytes);
    if (change) m.new_password = r.string(kMaxPasswordBytes);
    return m;
  }
  if (name == "publickey" || name == kHostbound) {
    MethodPublickey m;
    m.hostbound = name == kHostbound;
    const bool has_signature = r.boolean();
    m.algorithm = r.text(kMaxNameBytes);
    m.key_blob = r.string(kMaxKeyBlobBytes);
    if (m.hostbound) m.host_key = r.string(kMaxKeyBlobBytes);
    if (has_signature) m.signature = r.string(kMaxKeyBlobBytes);
    return m;
  }
  if (name == "keyboard-interactive") {
    MethodKeyboardInteractive m;
    m.language = r.text(kMaxTextBytes);
    m.submethods = r.text(kMaxTextBytes);
    return m;
  }
  return MethodOther{r.rest()};
}

struct MethodWriter {
  Writer& w;
  void operator()(const MethodNone&) {}
  void operator()(const MethodPassword& m) {
    w.boolean(m.new_password.has_value());
    w.string(m.password);
    if (m.new_password) w.string(*m.new_password);
  }
  void operator()(const MethodPublickey& m) {
    w.boolean(m.signature.has_value());
    w.string(m.algorithm);
    w.string(m.key_blob);
    if (m.hostbound) w.string(m.host_key);
    if (m.signature) w.string(*m.signature);
  }
  void operator()(const MethodKeyboardInteractive& m) {
    w.string(m.language);
    w.string(m.submethods);
  }
  void operator()(const MethodOther& m) { w.bytes(m.data); }
};

/// The encoding of something secret: reserved beforehand, so that growth leaves nothing behind.
base::SecretBytes take_secret(Bytes& bytes) {
  base::SecretBytes out{ByteView(bytes)};
  base::wipe(bytes.data(), bytes.size());
  return out;
}

}  // namespace

Result<ServiceRequest> decode_service_request(ByteView payload) {
  Reader r = begin(payload, MessageNumber::service_request);
  const ServiceRequest m{r.text(kMaxNameBytes)};
  return finish(r, m, "SERVICE_REQUEST");
}

Result<ServiceAccept> decode_service_accept(ByteView payload) {
  Reader r = begin(payload, MessageNumber::service_accept);
  const ServiceAccept m{r.text(kMaxNameBytes)};
  return finish(r, m, "SERVICE_ACCEPT");
}

Result<UserauthRequest> decode_userauth_request(ByteView payload) {
  Reader r = begin(payload, MessageNumber::userauth_request);
  UserauthRequest m;
  m.user = r.text(kMaxUserBytes);
  m.service = r.text(kMaxNameBytes);
  m.method_name = r.text(kMaxNameBytes);
  m.method = read_method(r, m.method_name);
  return finish(r, m, "USERAUTH_REQUEST");
}

Result<UserauthFailure> decode_userauth_failure(ByteView payload) {
  Reader r = begin(payload, MessageNumber::userauth_failure);
  UserauthFailure m;
  m.methods = r.name_list();
  m.partial_success = r.boolean();
  return finish(r, std::move(m), "USERAUTH_FAILURE");
}

Result<UserauthSuccess> decode_userauth_success(ByteView payload) {
  const Reader r = begin(payload, MessageNumber::userauth_success);
  return finish(r, UserauthSuccess{}, "USERAUTH_SUCCESS");
}

Result<UserauthBanner> decode_userauth_banner(ByteView payload) {
  Reader r = begin(payload, MessageNumber::userauth_banner);
  UserauthBanner m;
  m.message = r.text(kMaxBannerBytes);
  m.language = r.text(kMaxTextBytes);
  return finish(r, m, "USERAUTH_BANNER");
}

Result<UserauthPkOk> decode_userauth_pk_ok(ByteView payload) {
  Reader r = begin(payload, MessageNumber::userauth_pk_ok);
  UserauthPkOk m;
  m.algorithm = r.text(kMaxNameBytes);
  m.key_blob = r.string(kMaxKeyBlobBytes);
  return finish(r, m, "USERAUTH_PK_OK");
}

Result<UserauthPasswdChangereq> decode_userauth_passwd_changereq(ByteView payload) {
  Reader r = begin(payload, MessageNumber::userauth_passwd_changereq);
  UserauthPasswdChangereq m;
  m.prompt = r.text(kMaxTextBytes);
  m.language = r.text(kMaxTextBytes);
  return finish(r, m, "USERAUTH_PASSWD_CHANGEREQ");
}

Result<UserauthInfoRequest> decode_userauth_info_request(ByteView payload) {
  Reader r = begin(payload, MessageNumber::userauth_info_request);
  UserauthInfoRequest m;
  m.name = r.text(kMaxTextBytes);
  m.instruction = r.text(kMaxTextBytes);
  m.language = r.text(kMaxTextBytes);
  const std::uint32_t count = r.u32();
  if (count > kMaxPrompts) return fail(Errc::full, "too many prompts");
  for (std::uint32_t i = 0; i < count && r.ok(); ++i) {
    Prompt p;
    p.text = r.text(kMaxTextBytes);
    p.echo = r.boolean();
    m.prompts.push_back(p);
  }
  return finish(r, std::move(m), "USERAUTH_INFO_REQUEST");
}

Result<UserauthInfoResponse> decode_userauth_info_response(ByteView payload) {
  Reader r = begin(payload, MessageNumber::userauth_info_response);
  UserauthInfoResponse m;
  const std::uint32_t count = r.u32();
  if (count > kMaxPrompts) return fail(Errc::full, "too many responses");
  for (std::uint32_t i = 0; i < count && r.ok(); ++i) m.responses.push_back(r.string(kMaxPasswordBytes));
  return finish(r, std::move(m), "USERAUTH_INFO_RESPONSE");
}

Bytes encode(const ServiceRequest& m) {
  Bytes out;
  start(out, MessageNumber::service_request).string(m.service);
  return out;
}

Bytes encode(const ServiceAccept& m) {
  Bytes out;
  start(out, MessageNumber::service_accept).string(m.service);
  return out;
}

base::SecretBytes encode(const UserauthRequest& m) {
  constexpr std::size_t kFields = 64;
  Bytes out;
  std::size_t secret_bytes = 0;
  if (const auto* p = std::get_if<MethodPassword>(&m.method)) {
    secret_bytes = p->password.size() + (p->new_password ? p->new_password->size() : 0);
  }
  out.reserve(kFields + m.user.size() + m.service.size() + m.method_name.size() + secret_bytes);
  Writer w = start(out, MessageNumber::userauth_request);
  w.string(m.user);
  w.string(m.service);
  w.string(m.method_name);
  std::visit(MethodWriter{w}, m.method);
  return take_secret(out);
}

Bytes encode(const UserauthFailure& m) {
  Bytes out;
  Writer w = start(out, MessageNumber::userauth_failure);
  w.name_list(m.methods);
  w.boolean(m.partial_success);
  return out;
}

Bytes encode(const UserauthSuccess&) {
  Bytes out;
  start(out, MessageNumber::userauth_success);
  return out;
}

Bytes encode(const UserauthBanner& m) {
  Bytes out;
  Writer w = start(out, MessageNumber::userauth_banner);
  w.string(m.message);
  w.string(m.language);
  return out;
}

Bytes encode(const UserauthPkOk& m) {
  Bytes out;
  Writer w = start(out, MessageNumber::userauth_pk_ok);
  w.string(m.algorithm);
  w.string(m.key_blob);
  return out;
}

Bytes encode(const UserauthPasswdChangereq& m) {
  Bytes out;
  Writer w = start(out, MessageNumber::userauth_passwd_changereq);
  w.string(m.prompt);
  w.string(m.language);
  return out;
}

Bytes encode(const UserauthInfoRequest& m) {
  Bytes out;
  Writer w = start(out, MessageNumber::userauth_info_request);
  w.string(m.name);
  w.string(m.instruction);
  w.string(m.language);
  w.u32(static_cast<std::uint32_t>(m.prompts.size()));
  for (const Prompt& p : m.prompts) {
    w.string(p.text);
    w.boolean(p.echo);
  }
  return out;
}

base::SecretBytes encode(const UserauthInfoResponse& m) {
  std::size_t bytes = 16;
  for (const ByteView& answer : m.responses) bytes += 4 + answer.size();
  Bytes out;
  out.reserve(bytes);
  Writer w = start(out, MessageNumber::userauth_info_response);
  w.u32(static_cast<std::uint32_t>(m.responses.size()));
  for (const ByteView& answer : m.responses) w.string(answer);
  return take_secret(out);
}

}  // namespace sallyport::codec::ssh
