// SPDX-License-Identifier: Apache-2.0
// Finite-field Diffie-Hellman over the MODP groups 1, 14, 16 and 18 (RFC 4253 §8, RFC 8268) and over groups that a
// server chooses (RFC 4419). Runs in the untrusted workers.
#include "codec/ssh/key_agreement.h"
#include "codec/ssh/openssl_handles.h"

namespace sallyport::codec::ssh {

namespace {

struct Group {
  BIGNUM* (*prime)(BIGNUM*);
  /// Twice the larger strength estimate of RFC 3526 §8 and more: shorter exponents than the prime cost less and lose
  /// nothing in a safe-prime group.
  std::size_t exponent_bytes;
};

Group group_of(keys::KexMethod method) {
  switch (method) {
    case keys::KexMethod::dh_group16_sha512:
      return {BN_get_rfc3526_prime_4096, 64};
    case keys::KexMethod::dh_group18_sha512:
      return {BN_get_rfc3526_prime_8192, 80};
    case keys::KexMethod::dh_group1_sha1:
      return {BN_get_rfc2409_prime_1024, 40};
    default:
      return {BN_get_rfc3526_prime_2048, 40};
  }
}

class Modp final : public KeyAgreement {
 public:
  Modp(BnPtr prime, BnPtr generator, BnPtr exponent)
      : prime_(std::move(prime)), generator_(std::move(generator)), exponent_(std::move(exponent)) {}

  base::Status make_public() {
    auto e = power(generator_.get());
    if (!e) return base::pass(e);
    public_value_.assign(e->view().begin(), e->view().end());
    return {};
  }

  base::ByteView public_value() const override { return public_value_; }

  base::Result<base::SecretBytes> agree(base::ByteView peer_public) override {
    if (peer_public.size() > static_cast<std::size_t>(BN_num_bytes(prime_.get()))) return out_of_range();
    BnPtr peer(BN_bin2bn(peer_public.data(), static_cast<int>(peer_public.size()), nullptr));
    BnPtr top(BN_dup(prime_.get()));
    if (!peer || !top || BN_sub_word(top.get(), 1) != 1) return crypto_failed("Diffie-Hellman");
    // 1 < e < p-1 leaves no subgroup but the large ones: the primes are safe.
    if (BN_cmp(peer.get(), BN_value_one()) <= 0 || BN_cmp(peer.get(), top.get()) >= 0) return out_of_range();
    return power(peer.get());
  }

 private:
  static tl::unexpected<base::Error> out_of_range() {
    return base::fail(base::Errc::invalid, "Diffie-Hellman public value out of range");
  }

  /// base^x mod p in time that does not depend on x; the magnitude without leading zeros.
  base::Result<base::SecretBytes> power(const BIGNUM* number) {
    BnCtx ctx(BN_CTX_secure_new());
    BnPtr result(BN_new());
    if (!ctx || !result ||
        BN_mod_exp_mont_consttime(result.get(), number, exponent_.get(), prime_.get(), ctx.get(), nullptr) != 1) {
      return crypto_failed("Diffie-Hellman");
    }
    base::SecretBytes out(static_cast<std::size_t>(BN_num_bytes(result.get())));
    BN_bn2bin(result.get(), out.data());
    return out;
  }

  BnPtr prime_;
  BnPtr generator_;
  BnPtr exponent_;
  base::Bytes public_value_;
};

base::Result<std::unique_ptr<KeyAgreement>> make(BnPtr prime, BnPtr generator, std::size_t exponent_bytes,
                                                 base::Random& random) {
  base::SecretBytes x(exponent_bytes);
  random.fill({x.data(), x.size()});
  x.data()[0] |= 0x80;  // a fixed length, so that its time is the same every time
  BnPtr exponent(BN_bin2bn(x.data(), static_cast<int>(x.size()), nullptr));
  if (!prime || !generator || !exponent) return crypto_failed("Diffie-Hellman");
  BN_set_flags(exponent.get(), BN_FLG_CONSTTIME);
  auto modp = std::make_unique<Modp>(std::move(prime), std::move(generator), std::move(exponent));
  if (auto made = modp->make_public(); !made) return base::pass(made);
  return modp;
}

}  // namespace

base::Result<std::unique_ptr<KeyAgreement>> make_modp(keys::KexMethod method, base::Random& random) {
  const Group group = group_of(method);
  BnPtr generator(BN_new());
  if (!generator || BN_set_word(generator.get(), 2) != 1) return crypto_failed("Diffie-Hellman");
  return make(BnPtr(group.prime(nullptr)), std::move(generator), group.exponent_bytes, random);
}

base::Result<std::unique_ptr<KeyAgreement>> make_modp_of_group(base::ByteView prime, base::ByteView generator,
                                                               base::Random& random) {
  BnPtr p(BN_bin2bn(prime.data(), static_cast<int>(prime.size()), nullptr));
  BnPtr g(BN_bin2bn(generator.data(), static_cast<int>(generator.size()), nullptr));
  BnPtr top(p ? BN_dup(p.get()) : nullptr);
  if (!g || !top || BN_sub_word(top.get(), 1) != 1) return crypto_failed("Diffie-Hellman");
  const int bits = BN_num_bits(p.get());
  if (bits < static_cast<int>(keys::kGroupMinBits) || bits > static_cast<int>(keys::kGroupMaxBits) ||
      BN_is_odd(p.get()) == 0 || BN_cmp(g.get(), BN_value_one()) <= 0 || BN_cmp(g.get(), top.get()) >= 0) {
    return base::fail(base::Errc::invalid, "Diffie-Hellman group out of range");
  }
  constexpr std::size_t kExponentBytes = 80;  // enough for the largest
  return make(std::move(p), std::move(g), kExponentBytes, random);
}

}  // namespace sallyport::codec::ssh
