// SPDX-License-Identifier: Apache-2.0
// Ephemeral ECDH over the NIST curves (RFC 5656 §4). Runs in the untrusted workers.
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

#include "codec/ssh/key_agreement.h"
#include "codec/ssh/openssl_handles.h"

namespace sallyport::codec::ssh {

namespace {

const char* curve_name(keys::KexMethod method) {
  switch (method) {
    case keys::KexMethod::ecdh_sha2_nistp384:
      return "P-384";
    case keys::KexMethod::ecdh_sha2_nistp521:
      return "P-521";
    default:
      return "P-256";
  }
}

class NistEcdh final : public KeyAgreement {
 public:
  NistEcdh(const char* curve, PkeyPtr key, base::Bytes public_value)
      : curve_(curve), key_(std::move(key)), public_value_(std::move(public_value)) {}

  base::ByteView public_value() const override { return public_value_; }

  base::Result<base::SecretBytes> agree(base::ByteView peer_public) override {
    // Uncompressed points only: RFC 5656 §4 lets us refuse the compressed form.
    if (peer_public.size() != public_value_.size() || peer_public[0] != 4) return bad_point();
    auto peer = import(peer_public);
    PkeyCtx ctx(EVP_PKEY_CTX_new(key_.get(), nullptr));
    if (!ctx || EVP_PKEY_derive_init(ctx.get()) != 1) return crypto_failed("ECDH");
    // set_peer checks that the point is on the curve and not the neutral element.
    if (!peer || EVP_PKEY_derive_set_peer(ctx.get(), peer.get()) != 1) return bad_point();
    base::SecretBytes secret((public_value_.size() - 1) / 2);
    std::size_t n = secret.size();
    if (EVP_PKEY_derive(ctx.get(), secret.data(), &n) != 1 || n != secret.size()) return bad_point();
    return secret;
  }

 private:
  static tl::unexpected<base::Error> bad_point() {
    (void)crypto_failed("ECDH");
    return base::fail(base::Errc::invalid, "bad ECDH public value");
  }

  PkeyPtr import(base::ByteView point) const {
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(curve_), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<std::uint8_t*>(point.data()),
                                          point.size()),
        OSSL_PARAM_construct_end(),
    };
    PkeyCtx ctx(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* peer = nullptr;
    if (ctx && EVP_PKEY_fromdata_init(ctx.get()) == 1) {
      (void)EVP_PKEY_fromdata(ctx.get(), &peer, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(params));
    }
    return PkeyPtr(peer);
  }

  const char* curve_;
  PkeyPtr key_;
  base::Bytes public_value_;
};

}  // namespace

base::Result<std::unique_ptr<KeyAgreement>> make_nist_ecdh(keys::KexMethod method) {
  const char* curve = curve_name(method);
  const std::size_t point_bytes = keys::shape_of(method).client_public_bytes;
  PkeyPtr key(EVP_EC_gen(curve));
  base::Bytes point(point_bytes);
  std::size_t n = 0;
  if (!key ||
      EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &n) != 1 ||
      n != point_bytes || point[0] != 4) {
    return crypto_failed("ECDH");
  }
  return std::make_unique<NistEcdh>(curve, std::move(key), std::move(point));
}

}  // namespace sallyport::codec::ssh
