// SPDX-License-Identifier: Apache-2.0
// Key derivation. Runs in the untrusted workers.
#include "codec/ssh/key_derivation.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sallyport::codec::ssh {

namespace {

/// K1 = HASH(K || H || X || session_id), K2 = HASH(K || H || K1), … until there is enough.
base::Result<base::SecretBytes> derive(const KeyMaterial& m, base::ByteView encoded_secret, char letter,
                                       std::size_t bytes) {
  const keys::HashAlgorithm algorithm = keys::shape_of(m.method).hash;
  const std::size_t block = keys::hash_size(algorithm);
  base::SecretBytes all((bytes + block - 1) / block * block);
  const auto x = static_cast<std::uint8_t>(letter);
  for (std::size_t done = 0; done < all.size(); done += block) {
    const std::array<base::ByteView, 4> first = {encoded_secret, m.exchange_hash, base::ByteView(&x, 1), m.session_id};
    const std::array<base::ByteView, 3> next = {encoded_secret, m.exchange_hash, all.view().first(done)};
    auto digest = done == 0 ? keys::hash(algorithm, first) : keys::hash(algorithm, next);
    if (!digest) return base::pass(digest);
    std::memcpy(all.data() + done, digest->data(), block);
    base::wipe(digest->data(), digest->size());
  }
  return base::SecretBytes(all.view().first(bytes));
}

}  // namespace

base::Result<CipherKeys> derive_keys(const KeyMaterial& material, Flow flow, const CipherAlgorithm& cipher,
                                     const MacAlgorithm* mac) {
  const base::SecretBytes secret = keys::encode_shared_secret(material.method, material.shared_secret);
  const bool up = flow == Flow::client_to_server;
  auto iv = derive(material, secret.view(), up ? 'A' : 'B', cipher.iv_bytes);
  if (!iv) return base::pass(iv);
  auto key = derive(material, secret.view(), up ? 'C' : 'D', cipher.key_bytes);
  if (!key) return base::pass(key);
  auto mac_key = derive(material, secret.view(), up ? 'E' : 'F', mac ? mac->key_bytes : 0);
  if (!mac_key) return base::pass(mac_key);
  return CipherKeys{std::move(*key), std::move(*iv), std::move(*mac_key)};
}

}  // namespace sallyport::codec::ssh
