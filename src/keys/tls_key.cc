// SPDX-License-Identifier: Apache-2.0
// Keys and their signatures.
#include "keys/tls_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <utility>

#include "keys/tls_key_state.h"

namespace sallyport::keys {

namespace {

using base::Errc;
using base::fail;

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;
constexpr std::size_t kMaxCertificates = 8;

struct HashFacts {
  const EVP_MD* md = nullptr;
  std::size_t size = 0;
};

HashFacts facts_of(TlsKey::Hash hash) {
  switch (hash) {
    case TlsKey::Hash::sha256:
      return {EVP_sha256(), 32};
    case TlsKey::Hash::sha384:
      return {EVP_sha384(), 48};
    case TlsKey::Hash::sha512:
      return {EVP_sha512(), 64};
    case TlsKey::Hash::none:
      break;
  }
  return {};
}

base::Status check_kind(EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  const int bits = EVP_PKEY_get_bits(key);
  if (type == EVP_PKEY_RSA && bits >= kMinRsaBits && bits <= kMaxRsaBits) return {};
  if (type == EVP_PKEY_EC) {
    char group[32] = {};
    if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1) {
      const std::string_view name = group;
      if (name == "prime256v1" || name == "secp384r1" || name == "secp521r1") return {};
    }
  }
  return fail(Errc::invalid, "a TLS key is RSA of 2048 to 8192 bits, or ECDSA on P-256, P-384 or P-521");
}

// A password prompt would block the gateway.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

base::Bytes mgf1(base::ByteView seed, std::size_t size, const EVP_MD* md) {
  base::Bytes out;
  for (std::uint32_t counter = 0; out.size() < size; ++counter) {
    const std::uint8_t block[4] = {static_cast<std::uint8_t>(counter >> 24), static_cast<std::uint8_t>(counter >> 16),
                                   static_cast<std::uint8_t>(counter >> 8), static_cast<std::uint8_t>(counter)};
    base::Bytes input(seed.begin(), seed.end());
    input.insert(input.end(), block, block + 4);
    std::uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    if (EVP_Digest(input.data(), input.size(), digest, &digest_size, md, nullptr) != 1) return {};
    out.insert(out.end(), digest, digest + digest_size);
  }
  out.resize(size);
  return out;
}

// RFC 8017 section 9.1.2, but for the hash of the message, which nobody here knows: the trailer, the zeros, and a salt
// as long as the hash, which is what TLS uses (RFC 8446 section 4.2.3).
bool is_pss_block(base::ByteView block, std::size_t modulus_bits, const HashFacts& hash) {
  const std::size_t size = (modulus_bits - 1 + 7) / 8;
  if (block.size() == size + 1 && block[0] == 0) block = block.subspan(1);
  if (block.size() != size || size < 2 * hash.size + 2 || block.back() != 0xbc) return false;
  const unsigned unused_bits = static_cast<unsigned>(8 * size - (modulus_bits - 1));
  if (unused_bits > 0 && (block[0] >> (8 - unused_bits)) != 0) return false;
  const std::size_t db_size = size - hash.size - 1;
  base::Bytes db(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(db_size));
  const base::Bytes mask = mgf1(block.subspan(db_size, hash.size), db_size, hash.md);
  if (mask.size() != db_size) return false;
  for (std::size_t i = 0; i < db_size; ++i) db[i] ^= mask[i];
  db[0] = static_cast<std::uint8_t>(db[0] & (0xff >> unused_bits));
  const std::size_t zeros = db_size - hash.size - 1;
  for (std::size_t i = 0; i < zeros; ++i) {
    if (db[i] != 0) return false;
  }
  return db[zeros] == 1;
}

}  // namespace

TlsKey::TlsKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsKey::TlsKey(TlsKey&&) noexcept = default;
TlsKey& TlsKey::operator=(TlsKey&&) noexcept = default;
TlsKey::~TlsKey() = default;

base::Result<TlsKey> TlsKey::parse(base::ByteView text) {
  auto state = std::make_unique<State>();
  if (base::text(text).find("-----BEGIN ") != std::string_view::npos) {
    const BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    state->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  } else {
    const unsigned char* at = text.data();
    state->key.reset(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(text.size())));
  }
  ERR_clear_error();
  if (!state->key) return fail(Errc::invalid, "no private key that can be read: PEM without a passphrase is needed");
  if (auto good = check_kind(state->key.get()); !good) return base::pass(good);
  return TlsKey(std::move(state));
}

base::Result<TlsKey> TlsKey::generate() {
  auto state = std::make_unique<State>();
  state->key.reset(EVP_EC_gen("P-256"));
  if (!state->key) return fail(Errc::internal, "no TLS key can be made");
  return TlsKey(std::move(state));
}

bool TlsKey::matches(base::ByteView certificate_der) const {
  const X509Ptr certificate = parse_x509(certificate_der);
  if (!certificate) return false;
  const bool same = X509_check_private_key(certificate.get(), state_->key.get()) == 1;
  ERR_clear_error();
  return same;
}

base::Result<base::Bytes> TlsKey::sign(Kind kind, Hash hash, base::ByteView what) const {
  EVP_PKEY* key = state_->key.get();
  const bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
  if (is_rsa == (kind == Kind::ecdsa)) return fail(Errc::invalid, "a signature of another kind of key");
  const PkeyCtxPtr context(EVP_PKEY_CTX_new(key, nullptr));
  if (!context || EVP_PKEY_sign_init(context.get()) != 1) return fail(Errc::internal, "TLS signature");
  const std::size_t size = what.size();
  if (kind == Kind::ecdsa && size != 32 && size != 48 && size != 64) return fail(Errc::invalid, "no digest to sign");
  if (kind == Kind::rsa_pkcs1) {
    const HashFacts facts = facts_of(hash);
    if (facts.md == nullptr || size != facts.size) return fail(Errc::invalid, "no digest to sign");
    if (EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_CTX_set_signature_md(context.get(), facts.md) != 1) {
      return fail(Errc::internal, "TLS signature");
    }
  }
  if (kind == Kind::rsa_pss) {
    const auto bits = static_cast<std::size_t>(EVP_PKEY_get_bits(key));
    bool good = false;
    for (const Hash one : {Hash::sha256, Hash::sha384, Hash::sha512})
      good = good || is_pss_block(what, bits, facts_of(one));
    if (!good || size != static_cast<std::size_t>(EVP_PKEY_get_size(key))) return fail(Errc::invalid, "no PSS block");
    if (EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1) return fail(Errc::internal, "TLS signature");
  }
  std::size_t out_size = 0;
  if (EVP_PKEY_sign(context.get(), nullptr, &out_size, what.data(), size) != 1) {
    ERR_clear_error();
    return fail(Errc::internal, "TLS signature");
  }
  base::Bytes out(out_size);
  if (EVP_PKEY_sign(context.get(), out.data(), &out_size, what.data(), size) != 1) {
    ERR_clear_error();
    return fail(Errc::internal, "TLS signature");
  }
  out.resize(out_size);
  return out;
}

base::Result<base::SecretBytes> TlsKey::serialize() const {
  unsigned char* der = nullptr;
  const std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpensslDeleter<PKCS8_PRIV_KEY_INFO_free>> info(
      EVP_PKEY2PKCS8(state_->key.get()));
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : -1;
  if (size <= 0) return fail(Errc::internal, "a TLS key cannot be written");
  base::SecretBytes out(base::ByteView(der, static_cast<std::size_t>(size)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return out;
}

base::Result<std::vector<base::Bytes>> certificates_in(base::ByteView pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<base::Bytes> out;
  while (out.size() < kMaxCertificates) {
    const X509Ptr one(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
    if (!one) break;
    out.push_back(der_of(one.get()));
  }
  ERR_clear_error();
  if (out.empty()) return fail(Errc::invalid, "no certificate in PEM");
  return out;
}

std::string to_pem(base::ByteView certificate_der) {
  const X509Ptr certificate = parse_x509(certificate_der);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!certificate || !bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

base::Result<base::Micros> valid_until_us(base::ByteView certificate_der) {
  const X509Ptr certificate = parse_x509(certificate_der);
  std::tm t{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &t) != 1) {
    return fail(Errc::invalid, "a certificate without an end");
  }
  return base::Micros{::timegm(&t)} * 1'000'000;
}

}  // namespace sallyport::keys
