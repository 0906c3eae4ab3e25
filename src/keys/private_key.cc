// SPDX-License-Identifier: Apache-2.0
// Signing with private keys and writing them; reading is in private_key_read.cc.
#include "keys/private_key.h"

#include <openssl/core_names.h>
#include <sodium.h>

#include <algorithm>

#include "keys/pem_armor.h"
#include "keys/private_key_state.h"
#include "keys/public_key_state.h"
#include "keys/wiped_buffer.h"
#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::SecretBytes;
using base::Status;

namespace {

constexpr std::size_t kMaxSerializedBytes = std::size_t{24} * 1024;  // RSA of 16384 bits and the longest comment
constexpr std::size_t kMaxCommentBytes = 1024;
constexpr std::size_t kCipherBlockBytes = 8;  // of the cipher "none"

Result<Bytes> sign_evp(EVP_PKEY* pkey, const EVP_MD* digest, ByteView data) {
  const MdCtxPtr ctx(EVP_MD_CTX_new());
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(pkey)));
  std::size_t size = out.size();
  if (!ctx || EVP_DigestSignInit(ctx.get(), nullptr, digest, nullptr, pkey) != 1 ||
      EVP_DigestSign(ctx.get(), out.data(), &size, data.data(), data.size()) != 1) {
    return fail(Errc::internal, "signing failed");
  }
  out.resize(size);
  return out;
}

/// From DER to mpint r, mpint s (RFC 5656 §3.1.2).
Result<Bytes> to_ssh_ecdsa(ByteView der) {
  const unsigned char* at = der.data();
  const EcdsaSigPtr sig(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!sig) return fail(Errc::internal, "signature could not be read back");
  Bytes out;
  Writer w(out);
  w.mpint(to_magnitude(ECDSA_SIG_get0_r(sig.get())).view());
  w.mpint(to_magnitude(ECDSA_SIG_get0_s(sig.get())).view());
  return out;
}

/// The private fields of PROTOCOL.key, after the type name.
Status put_fields(Writer& w, const PublicKey& pub, ByteView ed25519, const EVP_PKEY* pkey) {
  const auto put_number = [&w, pkey](const char* name) {
    const BignumPtr n = number_of(pkey, name);
    if (n) w.mpint(to_magnitude(n.get()).view());
    return n != nullptr;
  };
  bool good = true;
  Reader blob(pub.blob());
  blob.string();
  if (pub.type() == KeyType::ed25519) {
    w.string(blob.string());
    w.string(ed25519);
  } else if (pub.type() == KeyType::rsa) {
    for (const char* name :
         {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
          OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2}) {
      good = good && put_number(name);
    }
  } else {
    w.bytes(blob.rest());  // the curve's name and the point, as they stand in the blob
    good = put_number(OSSL_PKEY_PARAM_PRIV_KEY);
  }
  return good ? Status{} : fail(Errc::internal, "private key could not be read from the library");
}

}  // namespace

PrivateKey::PrivateKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
PrivateKey::~PrivateKey() = default;
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;

const PublicKey& PrivateKey::public_key() const {
  return state_->pub;
}
const std::string& PrivateKey::comment() const {
  return state_->comment;
}

void PrivateKey::set_comment(std::string comment) {
  comment.resize(std::min(comment.size(), kMaxCommentBytes));
  state_->comment = std::move(comment);
}

Result<SecretBytes> PrivateKey::serialize() const {
  constexpr std::string_view kMagic("openssh-key-v1\0", 15);
  WipedBuffer inner(kMaxSerializedBytes);
  Writer in(inner.bytes());
  in.u32(0);  // two equal numbers: they tell a right passphrase from a wrong one, and there is no passphrase
  in.u32(0);
  in.string(public_key().type_name());
  if (auto s = put_fields(in, public_key(), state_->ed25519.view(), state_->pkey.get()); !s) return pass(s);
  in.string(state_->comment);
  for (std::uint8_t pad = 1; inner.view().size() % kCipherBlockBytes != 0; ++pad) in.u8(pad);

  WipedBuffer outer(2 * kMaxSerializedBytes);
  Writer w(outer.bytes());
  w.bytes(base::view(kMagic));
  w.string(std::string_view("none"));
  w.string(std::string_view("none"));
  w.string(ByteView{});
  w.u32(1);
  w.string(public_key().blob());
  w.string(inner.view());
  return write_armor("OPENSSH PRIVATE KEY", outer.view());
}

Result<Bytes> PrivateKey::sign(std::string_view algorithm, ByteView data) const {
  const std::vector<std::string_view> own = signature_algorithms_for(type());
  if (std::find(own.begin(), own.end(), algorithm) == own.end()) {
    return fail(Errc::invalid, "the signature algorithm is not one of this key's");
  }
  Bytes raw(crypto_sign_BYTES);
  if (type() == KeyType::ed25519) {
    crypto_sign_detached(raw.data(), nullptr, data.data(), data.size(), state_->ed25519.data());
  } else {
    Result<Bytes> signature = sign_evp(state_->pkey.get(), digest_for(algorithm), data);
    if (signature && type() != KeyType::rsa) signature = to_ssh_ecdsa(*signature);
    if (!signature) return signature;
    raw = std::move(*signature);
  }
  Bytes out;
  out.reserve(raw.size() + algorithm.size() + 8);
  Writer w(out);
  w.string(algorithm);
  w.string(raw);
  return out;
}

Result<Bytes> PrivateKey::sign_ssh_rsa(ByteView data) const {
  if (type() != KeyType::rsa) return fail(Errc::invalid, "the signature algorithm is not one of this key's");
  auto signature = sign_evp(state_->pkey.get(), EVP_sha1(), data);
  if (!signature) return signature;
  Bytes out;
  Writer w(out);
  w.string(kSshRsa);
  w.string(*signature);
  return out;
}

Result<Bytes> PrivateKey::sign(ByteView data) const {
  return sign(signature_algorithms_for(type()).front(), data);
}

}  // namespace sallyport::keys
