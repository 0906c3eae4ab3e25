// SPDX-License-Identifier: Apache-2.0
// Verifying SSH signatures, strictly encoded and under an algorithm of the key's own.
#include <openssl/err.h>
#include <sodium.h>

#include <algorithm>

#include "keys/public_key.h"
#include "keys/public_key_state.h"
#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Status;

namespace {

constexpr std::size_t kMaxScalarBytes = 66;  // P-521
constexpr std::uint8_t kFlagUserPresent = 0x01;
constexpr std::uint8_t kFlagUserVerified = 0x04;

Status refused() {
  return fail(Errc::denied, "signature does not verify");
}
Status malformed() {
  return fail(Errc::invalid, "malformed signature");
}

Status verify_ed25519(const std::uint8_t* key, ByteView signature, ByteView data) {
  if (signature.size() != crypto_sign_BYTES) return malformed();
  return crypto_sign_verify_detached(signature.data(), data.data(), data.size(), key) == 0 ? Status{} : refused();
}

Status verify_evp(EVP_PKEY* pkey, const EVP_MD* digest, ByteView signature, ByteView data) {
  const MdCtxPtr ctx(EVP_MD_CTX_new());
  if (!ctx || EVP_DigestVerifyInit(ctx.get(), nullptr, digest, nullptr, pkey) != 1) {
    return fail(Errc::internal, "signature verification could not start");
  }
  if (EVP_DigestVerify(ctx.get(), signature.data(), signature.size(), data.data(), data.size()) == 1) return {};
  ERR_clear_error();  // the queue is per thread: what stays in it would be read as another call's error
  return refused();
}

/// RFC 5656 §3.1.2: mpint r, mpint s.
Status verify_ecdsa(EVP_PKEY* pkey, const EVP_MD* digest, ByteView signature, ByteView data) {
  Reader reader(signature);
  const ByteView r = reader.mpint(kMaxScalarBytes);
  const ByteView s = reader.mpint(kMaxScalarBytes);
  if (!reader.done() || r.empty() || s.empty()) return malformed();
  const EcdsaSigPtr sig(ECDSA_SIG_new());
  BignumPtr bn_r = to_bignum(r);
  BignumPtr bn_s = to_bignum(s);
  if (!sig || !bn_r || !bn_s || ECDSA_SIG_set0(sig.get(), bn_r.get(), bn_s.get()) != 1) {
    return fail(Errc::internal, "out of memory");
  }
  (void)bn_r.release();
  (void)bn_s.release();
  unsigned char der[2 * (kMaxScalarBytes + 4) + 8];
  unsigned char* end = der;
  const int size = i2d_ECDSA_SIG(sig.get(), nullptr);
  if (size <= 0 || static_cast<std::size_t>(size) > sizeof der || i2d_ECDSA_SIG(sig.get(), &end) != size) {
    return fail(Errc::internal, "signature could not be encoded");
  }
  return verify_evp(pkey, digest, {der, static_cast<std::size_t>(size)}, data);
}

/// RFC 8332 §3. RFC 4253 §6.6 lets a signer drop leading zeros, and some did: they are put back. A longer one is
/// refused.
Status verify_rsa(EVP_PKEY* pkey, const EVP_MD* digest, ByteView signature, ByteView data) {
  const std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(pkey));
  if (signature.empty() || signature.size() > size) return malformed();
  Bytes padded(size - signature.size());
  padded.insert(padded.end(), signature.begin(), signature.end());
  return verify_evp(pkey, digest, padded, data);
}

/// What the authenticator signed instead of the data (PROTOCOL.u2f, "SSH U2F Signatures").
Bytes authenticator_message(ByteView application, std::uint8_t flags, std::uint32_t counter, ByteView data) {
  Bytes out(2 * crypto_hash_sha256_BYTES + 5);
  crypto_hash_sha256(out.data(), application.data(), application.size());
  std::uint8_t* at = out.data() + crypto_hash_sha256_BYTES;
  *at++ = flags;
  for (int shift = 24; shift >= 0; shift -= 8) *at++ = static_cast<std::uint8_t>(counter >> shift);
  crypto_hash_sha256(at, data.data(), data.size());
  return out;
}

}  // namespace

const EVP_MD* digest_for(std::string_view algorithm) {
  if (algorithm == "rsa-sha2-256" || algorithm == "ecdsa-sha2-nistp256" ||
      algorithm == "sk-ecdsa-sha2-nistp256@openssh.com") {
    return EVP_sha256();
  }
  if (algorithm == "ecdsa-sha2-nistp384") return EVP_sha384();
  if (algorithm == "rsa-sha2-512" || algorithm == "ecdsa-sha2-nistp521") return EVP_sha512();
  return nullptr;
}

std::vector<std::string_view> signature_algorithms_for(KeyType type) {
  if (type == KeyType::rsa) return {"rsa-sha2-512", "rsa-sha2-256"};
  return {key_type_name(type)};
}

std::vector<std::string_view> all_signature_algorithms() {
  std::vector<std::string_view> out;
  for (const KeyType type : {KeyType::ed25519, KeyType::sk_ed25519, KeyType::ecdsa_p256, KeyType::ecdsa_p384,
                             KeyType::ecdsa_p521, KeyType::sk_ecdsa_p256, KeyType::rsa}) {
    for (const std::string_view name : signature_algorithms_for(type)) out.push_back(name);
  }
  return out;
}

Status PublicKey::verify(std::string_view algorithm, ByteView signature_blob, ByteView data,
                         const TouchRule& touch) const {
  const std::vector<std::string_view> own = signature_algorithms_for(type());
  if (std::find(own.begin(), own.end(), algorithm) == own.end()) {
    return fail(Errc::invalid, "the signature algorithm is not one of this key's");
  }
  if (signature_blob.size() > kMaxSignatureBytes) return malformed();
  const bool security_key = is_security_key(type());
  Reader r(signature_blob);
  const std::string_view named = r.text(64);
  const ByteView signature = r.string();
  const std::uint8_t flags = security_key ? r.u8() : 0;
  const std::uint32_t counter = security_key ? r.u32() : 0;
  if (!r.done()) return malformed();
  if (named != algorithm) return fail(Errc::invalid, "the signature names another algorithm");

  const bool touched = (flags & kFlagUserPresent) != 0;
  const bool verified = (flags & kFlagUserVerified) != 0;
  switch (type()) {
    case KeyType::ed25519:
      return verify_ed25519(state_->ed25519.data(), signature, data);
    case KeyType::rsa:
      return verify_rsa(state_->pkey.get(), digest_for(algorithm), signature, data);
    case KeyType::ecdsa_p256:
    case KeyType::ecdsa_p384:
    case KeyType::ecdsa_p521:
      return verify_ecdsa(state_->pkey.get(), digest_for(algorithm), signature, data);
    case KeyType::sk_ed25519:
    case KeyType::sk_ecdsa_p256:
      break;
  }
  if (touch.present && !touched) return fail(Errc::denied, "the authenticator was not touched");
  if (touch.verified && !verified) return fail(Errc::denied, "the authenticator did not verify its user");
  const Bytes message = authenticator_message(state_->application, flags, counter, data);
  if (type() == KeyType::sk_ed25519) return verify_ed25519(state_->ed25519.data(), signature, message);
  return verify_ecdsa(state_->pkey.get(), EVP_sha256(), signature, message);
}

Status PublicKey::verify_ssh_rsa(ByteView signature_blob, ByteView data) const {
  if (type() != KeyType::rsa) return fail(Errc::invalid, "the signature algorithm is not one of this key's");
  Reader r(signature_blob);
  const std::string_view named = r.text(64);
  const ByteView signature = r.string();
  if (!r.done() || signature_blob.size() > kMaxSignatureBytes) return malformed();
  if (named != kSshRsa) return fail(Errc::invalid, "the signature names another algorithm");
  return verify_rsa(state_->pkey.get(), EVP_sha1(), signature, data);
}

}  // namespace sallyport::keys
