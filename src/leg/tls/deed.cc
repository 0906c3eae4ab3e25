// SPDX-License-Identifier: Apache-2.0
// OpenSSL's EC_KEY_METHOD and RSA_METHOD. Deprecated since 3.0 in favour of providers, which would be some hundred
// lines for the same two functions; this file alone uses them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "leg/tls/deed.h"

#include <openssl/async.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <utility>

namespace sallyport::leg::tls {

namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using EcKeyPtr = std::unique_ptr<EC_KEY, Freer<EC_KEY_free>>;
using RsaPtr = std::unique_ptr<RSA, Freer<RSA_free>>;
using SigPtr = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;

// Where a key keeps its deed. OpenSSL numbers these slots for the whole process, once.
int ec_slot() {
  static const int slot = EC_KEY_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}
int rsa_slot() {
  static const int slot = RSA_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

Deed* deed_of(const EC_KEY* key) {
  return static_cast<Deed*>(EC_KEY_get_ex_data(key, ec_slot()));
}
Deed* deed_of(const RSA* key) {
  return static_cast<Deed*>(RSA_get_ex_data(key, rsa_slot()));
}

DigestHash hash_of(int nid) {
  switch (nid) {
    case NID_sha256:
      return DigestHash::sha256;
    case NID_sha384:
      return DigestHash::sha384;
    case NID_sha512:
      return DigestHash::sha512;
    default:
      return DigestHash::none;
  }
}

int ecdsa_sign(int, const unsigned char* digest, int size, unsigned char* out, unsigned int* out_size, const BIGNUM*,
               const BIGNUM*, EC_KEY* key) {
  auto answer = deed_of(key)->wait_for({SignatureKind::ecdsa, DigestHash::none, {digest, digest + size}});
  if (!answer || answer->size() > static_cast<std::size_t>(ECDSA_size(key))) return 0;
  std::copy(answer->begin(), answer->end(), out);
  *out_size = static_cast<unsigned int>(answer->size());
  return 1;
}

// A caller that wants the two numbers gets them from the same deed.
ECDSA_SIG* ecdsa_sign_numbers(const unsigned char* digest, int size, const BIGNUM*, const BIGNUM*, EC_KEY* key) {
  auto answer = deed_of(key)->wait_for({SignatureKind::ecdsa, DigestHash::none, {digest, digest + size}});
  if (!answer) return nullptr;
  const unsigned char* at = answer->data();
  return d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(answer->size()));
}

int rsa_sign(int type, const unsigned char* digest, unsigned int size, unsigned char* out, unsigned int* out_size,
             const RSA* key) {
  const DigestHash hash = hash_of(type);
  if (hash == DigestHash::none) return 0;
  auto answer = deed_of(key)->wait_for({SignatureKind::rsa_pkcs1, hash, {digest, digest + size}});
  if (!answer || answer->size() != static_cast<std::size_t>(RSA_size(key))) return 0;
  std::copy(answer->begin(), answer->end(), out);
  *out_size = static_cast<unsigned int>(answer->size());
  return 1;
}

// EMSA-PSS comes here encoded. Every other use of the private exponent is none of a handshake's that we take part in.
int rsa_private(int size, const unsigned char* from, unsigned char* to, RSA* key, int padding) {
  if (padding != RSA_NO_PADDING || size != RSA_size(key)) return -1;
  auto answer = deed_of(key)->wait_for({SignatureKind::rsa_pss, DigestHash::none, {from, from + size}});
  if (!answer || answer->size() != static_cast<std::size_t>(size)) return -1;
  std::copy(answer->begin(), answer->end(), to);
  return size;
}

int rsa_never(int, const unsigned char*, unsigned char*, RSA*, int) {
  return -1;
}

const EC_KEY_METHOD* ec_method() {
  static EC_KEY_METHOD* const method = [] {
    EC_KEY_METHOD* made = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    EC_KEY_METHOD_set_sign(
        made, ecdsa_sign, [](EC_KEY*, BN_CTX*, BIGNUM**, BIGNUM**) { return 0; }, ecdsa_sign_numbers);
    return made;
  }();
  return method;
}

const RSA_METHOD* rsa_method() {
  static RSA_METHOD* const method = [] {
    RSA_METHOD* made = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    RSA_meth_set1_name(made, "signatures by deed");
    RSA_meth_set_sign(made, rsa_sign);
    RSA_meth_set_priv_enc(made, rsa_private);
    RSA_meth_set_priv_dec(made, rsa_never);
    return made;
  }();
  return method;
}

base::Error unsupported() {
  return {base::Errc::unsupported, "a TLS key is RSA of 2048 to 8192 bits, or on P-256, P-384 or P-521"};
}

bool is_curve(int nid) {
  return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1;
}

PkeyPtr ec_by_deed(EVP_PKEY* pub, Deed& deed) {
  const EC_KEY* theirs = EVP_PKEY_get0_EC_KEY(pub);
  if (theirs == nullptr || !is_curve(EC_GROUP_get_curve_name(EC_KEY_get0_group(theirs)))) return nullptr;
  EcKeyPtr key(EC_KEY_new());
  PkeyPtr made(EVP_PKEY_new());
  const bool good = key && made && EC_KEY_set_group(key.get(), EC_KEY_get0_group(theirs)) == 1 &&
                    EC_KEY_set_public_key(key.get(), EC_KEY_get0_public_key(theirs)) == 1 &&
                    EC_KEY_set_method(key.get(), ec_method()) == 1 &&
                    EC_KEY_set_ex_data(key.get(), ec_slot(), &deed) == 1 &&
                    EVP_PKEY_assign_EC_KEY(made.get(), key.get()) == 1;
  if (!good) return nullptr;
  (void)key.release();
  return made;
}

PkeyPtr rsa_by_deed(EVP_PKEY* pub, Deed& deed) {
  const RSA* theirs = EVP_PKEY_get0_RSA(pub);
  if (theirs == nullptr || RSA_bits(theirs) < kMinRsaBits || RSA_bits(theirs) > kMaxRsaBits) return nullptr;
  RsaPtr key(RSAPublicKey_dup(theirs));
  PkeyPtr made(EVP_PKEY_new());
  const bool good = key && made && RSA_set_method(key.get(), rsa_method()) == 1 &&
                    RSA_set_ex_data(key.get(), rsa_slot(), &deed) == 1 &&
                    EVP_PKEY_assign_RSA(made.get(), key.get()) == 1;
  if (!good) return nullptr;
  (void)key.release();
  return made;
}

}  // namespace

void PkeyFree::operator()(EVP_PKEY* key) const {
  EVP_PKEY_free(key);
}

base::Status Deed::answer(base::ByteView signature) {
  if (!due_) return base::fail(base::Errc::corrupt, "no signature is due");
  due_.reset();
  answer_ = base::to_bytes(signature);
  return {};
}

std::optional<base::Bytes> Deed::wait_for(SignatureDue due) {
  ++asked_;
  due_ = std::move(due);
  answer_.reset();
  // Woken without an answer: the connection ends.
  if (ASYNC_get_current_job() == nullptr || ASYNC_pause_job() != 1 || !answer_) {
    due_.reset();
    return std::nullopt;
  }
  auto answer = std::exchange(answer_, {});
  if (answer->empty()) return std::nullopt;
  return answer;
}

base::Result<PkeyPtr> key_by_deed(X509* certificate, Deed& deed) {
  EVP_PKEY* pub = X509_get0_pubkey(certificate);
  if (pub == nullptr) return base::fail(unsupported().code, unsupported().message);
  PkeyPtr made;
  if (EVP_PKEY_get_base_id(pub) == EVP_PKEY_EC) made = ec_by_deed(pub, deed);
  if (EVP_PKEY_get_base_id(pub) == EVP_PKEY_RSA) made = rsa_by_deed(pub, deed);
  if (!made) return base::fail(unsupported().code, unsupported().message);
  return made;
}

}  // namespace sallyport::leg::tls
