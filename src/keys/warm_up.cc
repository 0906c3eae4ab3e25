// SPDX-License-Identifier: Apache-2.0
// First uses, done early: a zygote runs this before it forks, so that its workers share what OpenSSL allocates lazily.
#include <openssl/err.h>
#include <sodium.h>

#include "keys/exchange_hash.h"
#include "keys/openssl_ptr.h"
#include "keys/public_key.h"
#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Status;

namespace {

/// Some number of 2048 bits with an odd end: nobody's key, good enough to verify a signature that fails.
Bytes nobodys_rsa_blob() {
  const Bytes modulus(256, 0xb5);
  const std::uint8_t exponent[] = {1, 0, 1};
  Bytes out;
  Writer w(out);
  w.string(key_type_name(KeyType::rsa));
  w.mpint(exponent);
  w.mpint(modulus);
  return out;
}

Status try_rsa() {
  const base::Result<PublicKey> key = PublicKey::parse(nobodys_rsa_blob());
  if (!key) return fail(Errc::internal, "warm-up: " + key.error().message);
  for (const std::string_view algorithm : signature_algorithms_for(KeyType::rsa)) {
    Bytes signature;
    Writer w(signature);
    w.string(algorithm);
    w.string(Bytes(256, 0x11));
    if (key->verify(algorithm, signature, signature))
      return fail(Errc::internal, "warm-up: a forged signature verified");
  }
  return {};
}

/// A fresh pair of the curve signs; with X25519 it agrees on a secret with itself.
bool try_curve(const char* type, const char* group) {
  const PkeyPtr pkey(group ? EVP_PKEY_Q_keygen(nullptr, nullptr, type, group)
                           : EVP_PKEY_Q_keygen(nullptr, nullptr, type));
  if (!pkey) return false;
  const PkeyCtxPtr derive(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
  unsigned char secret[128];
  std::size_t secret_size = sizeof secret;
  if (!derive || EVP_PKEY_derive_init(derive.get()) != 1 || EVP_PKEY_derive_set_peer(derive.get(), pkey.get()) != 1 ||
      EVP_PKEY_derive(derive.get(), secret, &secret_size) != 1) {
    return false;
  }
  base::wipe(secret, sizeof secret);
  if (group == nullptr) return true;
  const MdCtxPtr sign(EVP_MD_CTX_new());
  unsigned char signature[256];
  std::size_t size = sizeof signature;
  const std::uint8_t data[] = {1, 2, 3};
  const MdCtxPtr verify(EVP_MD_CTX_new());
  return sign && verify && EVP_DigestSignInit(sign.get(), nullptr, EVP_sha256(), nullptr, pkey.get()) == 1 &&
         EVP_DigestSign(sign.get(), signature, &size, data, sizeof data) == 1 &&
         EVP_DigestVerifyInit(verify.get(), nullptr, EVP_sha256(), nullptr, pkey.get()) == 1 &&
         EVP_DigestVerify(verify.get(), signature, size, data, sizeof data) == 1;
}

}  // namespace

Status warm_up() {
  if (sodium_init() < 0) return fail(Errc::internal, "warm-up: libsodium could not start");
  for (const HashAlgorithm algorithm : {HashAlgorithm::sha256, HashAlgorithm::sha384, HashAlgorithm::sha512}) {
    if (auto digest = hash(algorithm, ByteView{}); !digest) return pass(digest);
  }
  if (!try_curve("X25519", nullptr) || !try_curve("EC", "P-256")) {
    return fail(Errc::internal, "warm-up: elliptic curves do not work");
  }
  if (auto s = try_rsa(); !s) return s;
  ERR_clear_error();
  return {};
}

}  // namespace sallyport::keys
