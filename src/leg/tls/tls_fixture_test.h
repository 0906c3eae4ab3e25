// SPDX-License-Identifier: Apache-2.0
// For tests only: a key pair with its certificate, held by what stands for the broker, and its deeds.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "leg/tls/connection.h"

namespace sallyport::leg::tls::testing {

enum class KeyKind { p256, p384, rsa2048, ed25519 };

class Holder {
 public:
  explicit Holder(KeyKind kind) : key_(make_key(kind)), certificate_(make_certificate(kind)) {}
  ~Holder() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  base::Bytes der() const {
    base::Bytes out(static_cast<std::size_t>(i2d_X509(certificate_, nullptr)));
    unsigned char* at = out.data();
    i2d_X509(certificate_, &at);
    return out;
  }
  std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate_);
    return take(bio);
  }
  std::string key_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key_, nullptr, nullptr, 0, nullptr, nullptr);
    return take(bio);
  }
  EVP_PKEY* key() const { return key_; }
  X509* certificate() const { return certificate_; }

  /// What the broker does for a handshake.
  base::Bytes sign(const SignatureDue& due) const {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key_, nullptr);
    check(EVP_PKEY_sign_init(context) == 1);
    if (due.kind == SignatureKind::rsa_pss) check(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1);
    if (due.kind == SignatureKind::rsa_pkcs1) {
      const EVP_MD* hash = due.hash == DigestHash::sha256   ? EVP_sha256()
                           : due.hash == DigestHash::sha384 ? EVP_sha384()
                                                            : EVP_sha512();
      check(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1);
      check(EVP_PKEY_CTX_set_signature_md(context, hash) == 1);
    }
    std::size_t size = 0;
    check(EVP_PKEY_sign(context, nullptr, &size, due.bytes.data(), due.bytes.size()) == 1);
    base::Bytes out(size);
    check(EVP_PKEY_sign(context, out.data(), &size, due.bytes.data(), due.bytes.size()) == 1);
    out.resize(size);
    EVP_PKEY_CTX_free(context);
    return out;
  }

 private:
  static void check(bool good) {
    if (!good) std::abort();
  }
  static EVP_PKEY* make_key(KeyKind kind) {
    switch (kind) {
      case KeyKind::p256:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
      case KeyKind::p384:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
      case KeyKind::rsa2048:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
      case KeyKind::ed25519:
        return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    }
    std::abort();
  }
  X509* make_certificate(KeyKind kind) const {
    X509* made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_set_pubkey(made, key_);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("gateway.test"), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    check(X509_sign(made, key_, kind == KeyKind::ed25519 ? nullptr : EVP_sha256()) > 0);
    return made;
  }
  static std::string take(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }

  EVP_PKEY* key_;
  X509* certificate_;
};

}  // namespace sallyport::leg::tls::testing
