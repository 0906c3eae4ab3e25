// SPDX-License-Identifier: Apache-2.0
// Messages of the service layer and of user authentication (RFC 4252, RFC 4256, RFC 8308 §2.1): payloads to values
// and back. Runs in the untrusted workers. It must never judge evidence: that is the broker's.
//
// Decoded values point into the payload. A payload starts with its message number; a wrong number, a missing or a
// surplus field is an error (invalid).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/message_numbers.h"

namespace sallyport::codec::ssh {

/// Bounds on what a peer may send.
inline constexpr std::size_t kMaxUserBytes = 1024;
inline constexpr std::size_t kMaxPasswordBytes = 16384;
inline constexpr std::size_t kMaxKeyBlobBytes = 16384;
inline constexpr std::size_t kMaxPrompts = 64;
inline constexpr std::size_t kMaxBannerBytes = 32768;

struct ServiceRequest {
  std::string_view service;
};
struct ServiceAccept {
  std::string_view service;
};

struct MethodNone {};
struct MethodPassword {
  base::ByteView password;                     ///< secret: copy, then Transport::wipe_last_message()
  std::optional<base::ByteView> new_password;  ///< a change was asked for
};
struct MethodPublickey {
  std::string_view algorithm;
  base::ByteView key_blob;
  std::optional<base::ByteView> signature;  ///< absent: only asks whether the key would do
  bool hostbound = false;                   ///< publickey-hostbound-v00@openssh.com
  base::ByteView host_key;                  ///< hostbound only: the host key as the client saw it
};
struct MethodKeyboardInteractive {
  std::string_view language;
  std::string_view submethods;
};
/// A method we do not know; answered with USERAUTH_FAILURE.
struct MethodOther {
  base::ByteView data;
};
using UserauthMethod =
    std::variant<MethodNone, MethodPassword, MethodPublickey, MethodKeyboardInteractive, MethodOther>;

struct UserauthRequest {
  std::string_view user;  ///< raw bytes
  std::string_view service;
  std::string_view method_name;
  UserauthMethod method;
};
struct UserauthFailure {
  std::vector<std::string_view> methods;
  bool partial_success = false;
};
struct UserauthSuccess {};
struct UserauthBanner {
  std::string_view message;  ///< foreign text: escape before showing
  std::string_view language;
};
struct UserauthPkOk {
  std::string_view algorithm;
  base::ByteView key_blob;
};
struct UserauthPasswdChangereq {
  std::string_view prompt;
  std::string_view language;
};
struct Prompt {
  std::string_view text;
  bool echo = false;
};
struct UserauthInfoRequest {
  std::string_view name;
  std::string_view instruction;
  std::string_view language;
  std::vector<Prompt> prompts;
};
struct UserauthInfoResponse {
  std::vector<base::ByteView> responses;  ///< secret, as passwords are
};

base::Result<ServiceRequest> decode_service_request(base::ByteView payload);
base::Result<ServiceAccept> decode_service_accept(base::ByteView payload);
base::Result<UserauthRequest> decode_userauth_request(base::ByteView payload);
base::Result<UserauthFailure> decode_userauth_failure(base::ByteView payload);
base::Result<UserauthSuccess> decode_userauth_success(base::ByteView payload);
base::Result<UserauthBanner> decode_userauth_banner(base::ByteView payload);
/// These three share number 60: the method under way tells which it is.
base::Result<UserauthPkOk> decode_userauth_pk_ok(base::ByteView payload);
base::Result<UserauthPasswdChangereq> decode_userauth_passwd_changereq(base::ByteView payload);
base::Result<UserauthInfoRequest> decode_userauth_info_request(base::ByteView payload);
base::Result<UserauthInfoResponse> decode_userauth_info_response(base::ByteView payload);

base::Bytes encode(const ServiceRequest& m);
base::Bytes encode(const ServiceAccept& m);
/// May hold a password: wiped when it goes. (A publickey request with a signature is the broker's:
/// keys/userauth_blob.h.)
base::SecretBytes encode(const UserauthRequest& m);
base::Bytes encode(const UserauthFailure& m);
base::Bytes encode(const UserauthSuccess& m);
base::Bytes encode(const UserauthBanner& m);
base::Bytes encode(const UserauthPkOk& m);
base::Bytes encode(const UserauthPasswdChangereq& m);
base::Bytes encode(const UserauthInfoRequest& m);
base::SecretBytes encode(const UserauthInfoResponse& m);

/// The method-independent number of a payload, or 0 of an empty one.
inline std::uint8_t message_number(base::ByteView payload) {
  return payload.empty() ? 0 : payload[0];
}
inline bool is(base::ByteView payload, MessageNumber number) {
  return message_number(payload) == static_cast<std::uint8_t>(number);
}

}  // namespace sallyport::codec::ssh
