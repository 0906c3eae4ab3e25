// SPDX-License-Identifier: Apache-2.0
// Choice of the key agreement, and Curve25519. Runs in the untrusted workers.
#include "codec/ssh/key_agreement.h"

#include <cstdlib>

#include "codec/ssh/openssl_handles.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kX25519Bytes = 32;

class X25519 final : public KeyAgreement {
 public:
  X25519(PkeyPtr key, base::Bytes public_value) : key_(std::move(key)), public_value_(std::move(public_value)) {}

  base::ByteView public_value() const override { return public_value_; }

  base::Result<base::SecretBytes> agree(base::ByteView peer_public) override {
    if (peer_public.size() != kX25519Bytes) return base::fail(base::Errc::invalid, "bad Curve25519 public value");
    PkeyPtr peer(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer_public.data(), peer_public.size()));
    PkeyCtx ctx(EVP_PKEY_CTX_new(key_.get(), nullptr));
    if (!peer || !ctx || EVP_PKEY_derive_init(ctx.get()) != 1 || EVP_PKEY_derive_set_peer(ctx.get(), peer.get()) != 1) {
      return crypto_failed("Curve25519");
    }
    base::SecretBytes secret(kX25519Bytes);
    std::size_t n = secret.size();
    // The library refuses an all-zero result, as RFC 8731 §3 demands; checked again because everything hangs on it.
    const bool derived = EVP_PKEY_derive(ctx.get(), secret.data(), &n) == 1 && n == kX25519Bytes;
    const auto v = secret.view();
    std::uint8_t any = 0;
    for (std::uint8_t b : v) any |= b;
    if (!derived || any == 0) {
      (void)crypto_failed("Curve25519");
      return base::fail(base::Errc::invalid, "bad Curve25519 public value");
    }
    return secret;
  }

 private:
  PkeyPtr key_;
  base::Bytes public_value_;
};

}  // namespace

base::Result<std::unique_ptr<KeyAgreement>> make_x25519(base::Random& random) {
  base::SecretBytes scalar(kX25519Bytes);
  random.fill({scalar.data(), scalar.size()});
  PkeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, scalar.data(), scalar.size()));
  base::Bytes public_value(kX25519Bytes);
  std::size_t n = public_value.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), public_value.data(), &n) != 1 || n != kX25519Bytes) {
    return crypto_failed("Curve25519");
  }
  return std::make_unique<X25519>(std::move(key), std::move(public_value));
}

base::Result<std::unique_ptr<KeyAgreement>> make_key_agreement(keys::KexMethod method, Role role,
                                                               base::Random& random) {
  switch (method) {
    case keys::KexMethod::curve25519_sha256:
      return make_x25519(random);
    case keys::KexMethod::ecdh_sha2_nistp256:
    case keys::KexMethod::ecdh_sha2_nistp384:
    case keys::KexMethod::ecdh_sha2_nistp521:
      return make_nist_ecdh(method);
    case keys::KexMethod::dh_group14_sha256:
    case keys::KexMethod::dh_group16_sha512:
    case keys::KexMethod::dh_group18_sha512:
    case keys::KexMethod::dh_group14_sha1:
    case keys::KexMethod::dh_group1_sha1:
      return make_modp(method, random);
    case keys::KexMethod::mlkem768x25519_sha256:
    case keys::KexMethod::sntrup761x25519_sha512:
      return make_hybrid(method, role, random);
    case keys::KexMethod::dh_gex_sha256:
    case keys::KexMethod::dh_gex_sha1:
      return base::fail(base::Errc::unsupported, "the server chooses the group of this method");
  }
  std::abort();
}

}  // namespace sallyport::codec::ssh
