// SPDX-License-Identifier: Apache-2.0
// Private keys from their numbers. Numbers stand in OpenSSL's "secure" bignums, which are cleared even inside its
// parameter blocks.
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "keys/private_key_state.h"
#include "keys/public_key_state.h"
#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::SecretBytes;

namespace {

using GroupPtr = std::unique_ptr<EC_GROUP, OpensslDeleter<EC_GROUP_free>>;
using PointPtr = std::unique_ptr<EC_POINT, OpensslDeleter<EC_POINT_free>>;

BignumPtr to_secret_bignum(ByteView magnitude) {
  BignumPtr n(BN_secure_new());
  if (!n || BN_bin2bn(magnitude.data(), static_cast<int>(magnitude.size()), n.get()) == nullptr) return nullptr;
  BN_set_flags(n.get(), BN_FLG_CONSTTIME);
  return n;
}

/// d mod (prime - 1).
BignumPtr crt_exponent(const BIGNUM* d, const BIGNUM* prime, BN_CTX* ctx) {
  BignumPtr out(BN_secure_new());
  BignumPtr less_one(BN_secure_new());
  if (!out || !less_one || BN_copy(less_one.get(), prime) == nullptr || BN_sub_word(less_one.get(), 1) != 1)
    return nullptr;
  BN_set_flags(less_one.get(), BN_FLG_CONSTTIME);
  return BN_mod(out.get(), d, less_one.get(), ctx) == 1 ? std::move(out) : nullptr;
}

PkeyPtr pair_from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* pkey = nullptr;
  if (!params || !ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_KEYPAIR, params.get()) != 1) ERR_clear_error();
  return PkeyPtr(pkey);
}

}  // namespace

BignumPtr number_of(const EVP_PKEY* pkey, const char* name) {
  BIGNUM* n = nullptr;
  EVP_PKEY_get_bn_param(pkey, name, &n);
  return BignumPtr(n);
}

SecretBytes to_magnitude(const BIGNUM* number, std::size_t min_bytes) {
  const std::size_t size = std::max(min_bytes, static_cast<std::size_t>(BN_num_bytes(number)));
  SecretBytes out(size);
  if (BN_bn2binpad(number, out.data(), static_cast<int>(size)) < 0)
    std::abort();  // size is large enough by construction
  return out;
}

Bytes rsa_blob(ByteView e, ByteView n) {
  Bytes out;
  Writer w(out);
  w.string(key_type_name(KeyType::rsa));
  w.mpint(e);
  w.mpint(n);
  return out;
}

Bytes ecdsa_blob(KeyType type, ByteView point) {
  Bytes out;
  Writer w(out);
  w.string(key_type_name(type));
  w.string(curve_of(type)->ssh_name);
  w.string(point);
  return out;
}

Result<PkeyPtr> rsa_pair(const RsaNumbers& in) {
  const auto inconsistent = [] { return fail(Errc::invalid, "RSA private key does not hold together"); };
  const Result<PublicKey> pub = PublicKey::parse(rsa_blob(in.e, in.n));
  if (!pub) return tl::unexpected<base::Error>(pub.error());
  const BignumPtr n = to_bignum(in.n);
  const BignumPtr e = to_bignum(in.e);
  const BignumPtr d = to_secret_bignum(in.d);
  const BignumPtr p = to_secret_bignum(in.p);
  const BignumPtr q = to_secret_bignum(in.q);
  const BignumPtr iqmp = to_secret_bignum(in.iqmp);
  const BignumPtr product(BN_secure_new());
  const BnCtxPtr ctx(BN_CTX_secure_new());
  if (!n || !e || !d || !p || !q || !iqmp || !product || !ctx) return fail(Errc::internal, "out of memory");
  if (BN_is_zero(d.get()) || BN_is_one(p.get()) || BN_is_one(q.get()) ||
      BN_mul(product.get(), p.get(), q.get(), ctx.get()) != 1 || BN_cmp(product.get(), n.get()) != 0 ||
      BN_cmp(d.get(), n.get()) >= 0) {
    return inconsistent();
  }
  const BignumPtr dmp1 = crt_exponent(d.get(), p.get(), ctx.get());
  const BignumPtr dmq1 = crt_exponent(d.get(), q.get(), ctx.get());
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!dmp1 || !dmq1 || !builder) return fail(Errc::internal, "RSA private key could not be prepared");
  const std::pair<const char*, const BIGNUM*> params[] = {
      {OSSL_PKEY_PARAM_RSA_N, n.get()},
      {OSSL_PKEY_PARAM_RSA_E, e.get()},
      {OSSL_PKEY_PARAM_RSA_D, d.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR1, p.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR2, q.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT1, dmp1.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT2, dmq1.get()},
      {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, iqmp.get()},
  };
  for (const auto& [name, number] : params) {
    if (OSSL_PARAM_BLD_push_BN(builder.get(), name, number) != 1) return fail(Errc::internal, "out of memory");
  }
  PkeyPtr pkey = pair_from_params("RSA", builder.get());
  if (!pkey) return inconsistent();
  return pkey;
}

Bytes ecdsa_point(KeyType type, ByteView scalar) {
  const EcdsaCurve& curve = *curve_of(type);
  if (scalar.size() > curve.point_bytes) return {};
  const GroupPtr group(EC_GROUP_new_by_curve_name(EC_curve_nist2nid(curve.group)));
  const PointPtr point(group ? EC_POINT_new(group.get()) : nullptr);
  const BignumPtr d = to_secret_bignum(scalar);
  const BnCtxPtr ctx(BN_CTX_secure_new());
  Bytes out(curve.point_bytes);
  if (!point || !d || !ctx || BN_is_zero(d.get()) || BN_cmp(d.get(), EC_GROUP_get0_order(group.get())) >= 0 ||
      EC_POINT_mul(group.get(), point.get(), d.get(), nullptr, nullptr, ctx.get()) != 1 ||
      EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, out.data(), out.size(), ctx.get()) !=
          out.size()) {
    ERR_clear_error();
    return {};
  }
  return out;
}

Result<PkeyPtr> ecdsa_pair(KeyType type, ByteView point, ByteView scalar) {
  const EcdsaCurve& curve = *curve_of(type);
  const Result<PublicKey> pub = PublicKey::parse(ecdsa_blob(type, point));
  if (!pub) return tl::unexpected<base::Error>(pub.error());
  const BignumPtr d = to_secret_bignum(scalar);
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!d || !builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, d.get()) != 1) {
    return fail(Errc::internal, "out of memory");
  }
  PkeyPtr pkey = pair_from_params("EC", builder.get());
  const PkeyCtxPtr check(pkey ? EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr) : nullptr);
  if (!check || EVP_PKEY_private_check(check.get()) != 1 || EVP_PKEY_pairwise_check(check.get()) != 1) {
    ERR_clear_error();
    return fail(Errc::invalid, "ECDSA private key does not belong to its public key");
  }
  return pkey;
}

}  // namespace sallyport::keys
