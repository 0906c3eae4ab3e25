// SPDX-License-Identifier: Apache-2.0
// What clients say to log in, for tests of who judges it.
#pragma once

#include <string>

#include "ipc/ssh_front.pb.h"
#include "keys/private_key.h"
#include "keys/userauth_blob.h"

namespace sallyport::broker {

inline ipc::AuthRequest request_of(const std::string& user, const std::string& method) {
  ipc::AuthRequest out;
  out.set_user(user);
  out.set_service("ssh-connection");
  out.set_method(method);
  return out;
}

inline ipc::AuthRequest none_of(const std::string& user) {
  ipc::AuthRequest out = request_of(user, "none");
  out.mutable_none();
  return out;
}

inline ipc::AuthRequest password_of(const std::string& user, const std::string& password) {
  ipc::AuthRequest out = request_of(user, "password");
  out.mutable_password()->set_password(password);
  return out;
}

inline ipc::AuthRequest prompts_of(const std::string& user) {
  ipc::AuthRequest out = request_of(user, "keyboard-interactive");
  out.mutable_keyboard_interactive();
  return out;
}

inline ipc::AuthRequest query_of(const std::string& user, const keys::PublicKey& key,
                                 const std::string& algorithm = "ssh-ed25519") {
  ipc::AuthRequest out = request_of(user, "publickey");
  out.mutable_public_key()->set_algorithm(algorithm);
  out.mutable_public_key()->set_blob(base::to_text(key.blob()));
  return out;
}

/// Signed as a client does that believes this session id and this user name.
inline ipc::AuthRequest signed_by(const keys::PrivateKey& key, ipc::AuthRequest query, base::ByteView session_id,
                                  const std::string& signed_user) {
  auto& offered = *query.mutable_public_key();
  keys::PublickeyLogin login;
  login.method = offered.hostbound() ? keys::PublickeyMethod::hostbound : keys::PublickeyMethod::plain;
  login.user = base::view(signed_user);
  login.algorithm = offered.algorithm();
  login.key_blob = base::view(offered.blob());
  if (offered.hostbound()) login.host_key_blob = base::view(offered.host_key());
  const auto data = keys::publickey_signed_data(session_id, login);  // none for a name that no client can sign
  offered.set_has_signature(true);
  offered.set_signature(base::to_text(*key.sign(data ? *data : base::Bytes{})));
  return query;
}

}  // namespace sallyport::broker
