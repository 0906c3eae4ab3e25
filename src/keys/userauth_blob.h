// SPDX-License-Identifier: Apache-2.0
// The bytes of a publickey login (RFC 4252 §7, and publickey-hostbound-v00@openssh.com of OpenSSH's PROTOCOL §3.1):
// what the signature covers, and the request that carries it. The broker builds these itself, from what it knows, never
// from a worker's blob.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace sallyport::keys {

enum class PublickeyMethod { plain, hostbound };

/// "publickey" or "publickey-hostbound-v00@openssh.com".
std::string_view publickey_method_name(PublickeyMethod method);

/// What a publickey login says. Views: the caller keeps the bytes alive.
struct PublickeyLogin {
  PublickeyMethod method = PublickeyMethod::plain;
  base::ByteView user;  ///< raw, as on the wire
  std::string_view service = "ssh-connection";
  std::string_view algorithm;    ///< "rsa-sha2-512", "ssh-ed25519-cert-v01@openssh.com" …
  base::ByteView key_blob;       ///< public key or certificate
  base::ByteView host_key_blob;  ///< hostbound only: K_S of the initial key exchange of this connection
};

/// What the signature covers: string session_id, then the request up to the signature. Errors: invalid (a field out of
/// bounds, a session id that is no digest of 32, 48 or 64 bytes, a host key without hostbound or none with it).
base::Result<base::Bytes> publickey_signed_data(base::ByteView session_id, const PublickeyLogin& login);

/// The SSH_MSG_USERAUTH_REQUEST payload: with a signature a login, without one the question whether the key would do
/// (RFC 4252 §7).
base::Result<base::Bytes> publickey_request(const PublickeyLogin& login, std::optional<base::ByteView> signature_blob);

}  // namespace sallyport::keys
