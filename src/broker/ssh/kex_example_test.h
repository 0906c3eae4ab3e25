// SPDX-License-Identifier: Apache-2.0
// A key exchange as a worker reports it, and a target that signs it: for tests of those who check one.
#pragma once

#include <string>
#include <string_view>

#include "broker/ssh/kex_inputs.h"
#include "ipc/ssh.pb.h"
#include "ipc/ssh_back.pb.h"
#include "keys/private_key.h"

namespace sallyport::broker {

inline constexpr std::string_view kExampleClient = "SSH-2.0-Example_Client";
inline constexpr std::string_view kExampleServer = "SSH-2.0-Example_Server";

/// Without a host key, which a front does not send.
inline ipc::KexInputs example_kex(const std::string& host_key_algorithm) {
  ipc::KexInputs out;
  out.set_method("curve25519-sha256");
  out.set_host_key_algorithm(host_key_algorithm);
  out.set_client_version(std::string(kExampleClient));
  out.set_server_version(std::string(kExampleServer));
  out.set_client_kexinit("\x14" + std::string(64, 'c'));
  out.set_server_kexinit("\x14" + std::string(64, 's'));
  out.set_client_public(std::string(32, 'C'));
  out.set_server_public(std::string(32, 'S'));
  out.set_shared_secret(std::string(32, 'K'));
  out.add_protection("aes256-ctr");
  out.add_protection("hmac-sha2-256-etm@openssh.com");
  return out;
}

/// H as both sides of that exchange have it.
inline base::Bytes example_hash(const ipc::KexInputs& inputs, base::ByteView host_key) {
  return exchange_hash_of(inputs, {.client_version = base::view(inputs.client_version()),
                                   .server_version = base::view(inputs.server_version()),
                                   .host_key = host_key})
      .value();
}

/// What a target with this key proves; blob: the key's own, or a certificate's over it.
inline ipc::HostProof example_proof(const keys::PrivateKey& key, base::ByteView blob, const std::string& algorithm,
                                    std::string_view signature_algorithm) {
  ipc::HostProof out;
  *out.mutable_inputs() = example_kex(algorithm);
  out.mutable_inputs()->set_host_key(base::to_text(blob));
  const base::Bytes hash = example_hash(out.inputs(), blob);
  const bool sha1 = signature_algorithm == keys::kSshRsa;
  out.set_signature(base::to_text(sha1 ? key.sign_ssh_rsa(hash).value() : key.sign(signature_algorithm, hash).value()));
  return out;
}

/// An Ed25519 key's proof.
inline ipc::HostProof example_proof(const keys::PrivateKey& key) {
  return example_proof(key, key.public_key().blob(), "ssh-ed25519", "ssh-ed25519");
}

}  // namespace sallyport::broker
