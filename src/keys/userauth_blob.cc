// SPDX-License-Identifier: Apache-2.0
// The bytes of a publickey login.
#include "keys/userauth_blob.h"

#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::uint8_t kMsgUserauthRequest = 50;  // RFC 4252 §6
constexpr std::size_t kMaxUserBytes = 1024;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxBlobBytes = 65536;

bool is_blob(ByteView b) {
  return !b.empty() && b.size() <= kMaxBlobBytes;
}
bool is_name(std::string_view s) {
  return !s.empty() && s.size() <= kMaxNameBytes;
}

Status check(const PublickeyLogin& login) {
  const bool hostbound = login.method == PublickeyMethod::hostbound;
  if (login.user.size() > kMaxUserBytes) return fail(Errc::invalid, "publickey login: user name too long");
  if (!is_name(login.service) || !is_name(login.algorithm)) {
    return fail(Errc::invalid, "publickey login: malformed service or algorithm name");
  }
  if (!is_blob(login.key_blob)) return fail(Errc::invalid, "publickey login: malformed key");
  if (hostbound ? !is_blob(login.host_key_blob) : !login.host_key_blob.empty()) {
    return fail(Errc::invalid, "publickey login: a host key belongs to the hostbound method, and only to it");
  }
  return {};
}

enum class Signed { no, yes };

void put_request(Writer& w, const PublickeyLogin& login, Signed is_signed) {
  w.u8(kMsgUserauthRequest);
  w.string(login.user);
  w.string(login.service);
  w.string(publickey_method_name(login.method));
  w.boolean(is_signed == Signed::yes);
  w.string(login.algorithm);
  w.string(login.key_blob);
  if (login.method == PublickeyMethod::hostbound) w.string(login.host_key_blob);
}

std::size_t size_hint(const PublickeyLogin& login) {
  return login.user.size() + login.key_blob.size() + login.host_key_blob.size() + 256;
}

}  // namespace

std::string_view publickey_method_name(PublickeyMethod method) {
  return method == PublickeyMethod::hostbound ? "publickey-hostbound-v00@openssh.com" : "publickey";
}

Result<Bytes> publickey_signed_data(ByteView session_id, const PublickeyLogin& login) {
  if (session_id.size() != 20 && session_id.size() != 32 && session_id.size() != 48 && session_id.size() != 64) {
    return fail(Errc::invalid, "publickey login: the session id is not a digest");
  }
  if (auto s = check(login); !s) return pass(s);
  Bytes out;
  out.reserve(size_hint(login) + session_id.size());
  Writer w(out);
  w.string(session_id);
  put_request(w, login, Signed::yes);
  return out;
}

Result<Bytes> publickey_request(const PublickeyLogin& login, std::optional<ByteView> signature_blob) {
  if (auto s = check(login); !s) return pass(s);
  if (signature_blob && !is_blob(*signature_blob)) return fail(Errc::invalid, "publickey login: malformed signature");
  Bytes out;
  out.reserve(size_hint(login) + (signature_blob ? signature_blob->size() : 0));
  Writer w(out);
  put_request(w, login, signature_blob ? Signed::yes : Signed::no);
  if (signature_blob) w.string(*signature_blob);
  return out;
}

}  // namespace sallyport::keys
