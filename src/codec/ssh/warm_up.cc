// SPDX-License-Identifier: Apache-2.0
// Does once, before a process forks its workers, what the crypto library sets up lazily.
// Runs in the zygotes of the untrusted workers.
#include <array>

#include "codec/ssh/algorithms.h"
#include "codec/ssh/cipher.h"
#include "codec/ssh/key_agreement.h"
#include "codec/ssh/key_derivation.h"
#include "codec/ssh/transport.h"

namespace sallyport::codec::ssh {

namespace {

base::Status warm_cipher(const CipherAlgorithm& cipher, const MacAlgorithm* mac) {
  const CipherKeys keys{base::SecretBytes(cipher.key_bytes), base::SecretBytes(cipher.iv_bytes),
                        base::SecretBytes(mac ? mac->key_bytes : 0)};
  auto seal = make_cipher(cipher, mac, Direction::seal, keys);
  if (!seal) return base::pass(seal);
  auto open = make_cipher(cipher, mac, Direction::open, keys);
  if (!open) return base::pass(open);
  base::Bytes packet(4 + 32 + (*seal)->tag_bytes());
  store_u32(packet.data(), 32);
  if (auto sealed = (*seal)->seal(0, packet); !sealed) return sealed;
  return (*open)->open(0, packet);
}

base::Status warm_kex(keys::KexMethod method, base::Random& random) {
  auto client = make_key_agreement(method, Role::client, random);
  if (!client) return base::pass(client);
  auto server = make_key_agreement(method, Role::server, random);
  if (!server) return base::pass(server);
  if (auto agreed = (*server)->agree((*client)->public_value()); !agreed) return base::pass(agreed);
  auto secret = (*client)->agree((*server)->public_value());
  if (!secret) return base::pass(secret);
  const base::Bytes digest(keys::hash_size(keys::shape_of(method).hash));
  auto keys = derive_keys({method, secret->view(), digest, digest}, Flow::client_to_server,
                          *find_cipher("aes256-gcm@openssh.com"), nullptr);
  if (!keys) return base::pass(keys);
  return {};
}

}  // namespace

base::Status warm_up(base::Random& random) {
  for (std::string_view name : default_algorithms(AlgorithmClass::cipher, Role::server)) {
    const CipherAlgorithm& cipher = *find_cipher(name);
    if (cipher.authenticates()) {
      if (auto done = warm_cipher(cipher, nullptr); !done) return done;
      continue;
    }
    for (std::string_view mac : default_algorithms(AlgorithmClass::mac, Role::server)) {
      if (auto done = warm_cipher(cipher, find_mac(mac)); !done) return done;
    }
  }
  // The large groups are left out: their modular arithmetic keeps nothing that a worker could share.
  constexpr std::array kMethods = {keys::KexMethod::curve25519_sha256, keys::KexMethod::ecdh_sha2_nistp256,
                                   keys::KexMethod::dh_group14_sha256, keys::KexMethod::mlkem768x25519_sha256};
  for (keys::KexMethod method : kMethods) {
    if (auto done = warm_kex(method, random); !done) return done;
  }
  return {};
}

}  // namespace sallyport::codec::ssh
