// SPDX-License-Identifier: Apache-2.0
// The format's few cryptographic steps over libsodium.
#include "recording/crypto.h"

#include <sodium.h>

#include <cassert>
#include <cstdlib>
#include <cstring>

#include "recording/wire.h"

namespace sallyport::recording {
namespace {

const char* personal(HashOf what) {
  // Sixteen bytes each (BLAKE2b's personalisation).
  switch (what) {
    case HashOf::header:
      return "sallyport:header";
    case HashOf::tail_head:
      return "sallyport:tail..";
    case HashOf::frame:
      return "sallyport:frame.";
    case HashOf::body:
      return "sallyport:body..";
    case HashOf::chunk_head:
      return "sallyport:chunk.";
    case HashOf::seal:
      return "sallyport:seal..";
    case HashOf::key_file:
      return "sallyport:keys..";
    case HashOf::session_key:
      return "sallyport:skey..";
    case HashOf::input_key:
      return "sallyport:ikey..";
  }
  std::abort();
}

base::SecretBytes derive_key(const base::SecretBytes& master, std::uint64_t id) {
  static_assert(crypto_kdf_KEYBYTES == kKeyBytes);
  base::SecretBytes out(kKeyBytes);
  if (crypto_kdf_derive_from_key(out.data(), out.size(), id, "SPrecord", master.data()) != 0) std::abort();
  return out;
}

}  // namespace

void ready_crypto() {
  if (sodium_init() < 0) std::abort();
}

Hash hash(HashOf what, std::initializer_list<base::ByteView> parts) {
  static const unsigned char salt[crypto_generichash_blake2b_SALTBYTES] = {};
  crypto_generichash_blake2b_state state;
  Hash out;
  crypto_generichash_blake2b_init_salt_personal(&state, nullptr, 0, out.size(), salt,
                                                reinterpret_cast<const unsigned char*>(personal(what)));
  for (const base::ByteView part : parts) crypto_generichash_blake2b_update(&state, part.data(), part.size());
  crypto_generichash_blake2b_final(&state, out.data(), out.size());
  return out;
}

Nonce make_nonce(NonceOf use, std::uint64_t a, std::uint64_t b) {
  Nonce nonce{};
  nonce[0] = static_cast<std::uint8_t>(use);
  put_le(nonce.data() + 8, a);
  put_le(nonce.data() + 16, b);
  return nonce;
}

void seal_in_place(const base::SecretBytes& key, const Nonce& nonce, base::ByteView associated, std::uint8_t* data,
                   std::size_t size) {
  assert(key.size() == kKeyBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(data, nullptr, data, size, associated.data(), associated.size(), nullptr,
                                             nonce.data(), key.data());
}

bool open_to(const base::SecretBytes& key, const Nonce& nonce, base::ByteView associated, base::ByteView sealed,
             std::uint8_t* out) {
  assert(key.size() == kKeyBytes);
  if (sealed.size() < kTagBytes) return false;
  return crypto_aead_xchacha20poly1305_ietf_decrypt(out, nullptr, nullptr, sealed.data(), sealed.size(),
                                                    associated.data(), associated.size(), nonce.data(),
                                                    key.data()) == 0;
}

bool signature_holds(const PublicKey& key, base::ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

RecordKeys RecordKeys::derive(const base::SecretBytes& session, const base::SecretBytes& input) {
  RecordKeys keys;
  keys.frame = derive_key(session, 1);
  keys.chunk = derive_key(session, 2);
  if (!input.empty()) keys.input = derive_key(input, 3);
  return keys;
}

}  // namespace sallyport::recording
