// SPDX-License-Identifier: Apache-2.0
// Reading private keys: OpenSSH's format by hand, PKCS#8 and the traditional forms by OpenSSL; both end in the same
// checks.
#include <openssl/core_names.h>
#include <sodium.h>

#include <algorithm>

#include "keys/der_key.h"
#include "keys/pem_armor.h"
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

constexpr std::string_view kMagic("openssh-key-v1\0", 15);
constexpr std::size_t kMaxCommentBytes = 1024;
constexpr std::size_t kSeedBytes = crypto_sign_SEEDBYTES;

tl::unexpected<base::Error> malformed() {
  return fail(Errc::invalid, "malformed private key");
}

tl::unexpected<base::Error> pass_on(const base::Error& error) {
  return tl::unexpected<base::Error>(error);
}

template <class State>
Result<std::unique_ptr<State>> from_pair(Bytes blob, Result<PkeyPtr> pair) {
  if (!pair) return pass_on(pair.error());
  Result<PublicKey> pub = PublicKey::parse(blob);
  if (!pub) return pass_on(pub.error());
  auto state = std::make_unique<State>(std::move(*pub));
  state->pkey = std::move(*pair);
  return state;
}

template <class State>
Result<std::unique_ptr<State>> from_seed(ByteView seed) {
  SecretBytes secret(crypto_sign_SECRETKEYBYTES);
  unsigned char point[crypto_sign_PUBLICKEYBYTES];
  crypto_sign_seed_keypair(point, secret.data(), seed.data());
  Bytes blob;
  Writer w(blob);
  w.string(key_type_name(KeyType::ed25519));
  w.string(ByteView(point));
  Result<PublicKey> pub = PublicKey::parse(blob);
  if (!pub) return pass_on(pub.error());
  auto state = std::make_unique<State>(std::move(*pub));
  state->ed25519 = std::move(secret);
  return state;
}

/// The part of PROTOCOL.key after the type name, for each type.
template <class State>
Result<std::unique_ptr<State>> read_fields(Reader& r, KeyType type) {
  if (type == KeyType::ed25519) {
    const ByteView point = r.string(32);
    const ByteView secret = r.string(crypto_sign_SECRETKEYBYTES);
    if (!r.ok() || secret.size() != crypto_sign_SECRETKEYBYTES) return malformed();
    auto state = from_seed<State>(secret.first(kSeedBytes));
    if (state && (!base::equal_constant_time((*state)->ed25519.view(), secret) ||
                  !base::equal_constant_time(secret.subspan(kSeedBytes), point))) {
      return fail(Errc::invalid, "Ed25519 private key does not belong to its public key");
    }
    return state;
  }
  if (type == KeyType::rsa) {
    RsaNumbers in;
    in.n = r.mpint();
    in.e = r.mpint();
    in.d = r.mpint();
    in.iqmp = r.mpint();
    in.p = r.mpint();
    in.q = r.mpint();
    if (!r.ok()) return malformed();
    return from_pair<State>(rsa_blob(in.e, in.n), rsa_pair(in));
  }
  const EcdsaCurve* curve = curve_of(type);
  if (curve == nullptr || type == KeyType::sk_ecdsa_p256) {
    return fail(Errc::unsupported, "the key's secret is in a FIDO authenticator: it cannot be used here");
  }
  const std::string_view name = r.text(16);
  const ByteView point = r.string(curve->point_bytes);
  const ByteView scalar = r.mpint();
  if (!r.ok() || name != curve->ssh_name) return malformed();
  return from_pair<State>(ecdsa_blob(type, point), ecdsa_pair(type, point, scalar));
}

/// Padding is the bytes 1, 2, 3 …
bool is_padding(ByteView v) {
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (v[i] != ((i + 1) & 0xff)) return false;
  }
  return v.size() < 256;
}

template <class State>
Result<std::unique_ptr<State>> read_openssh(ByteView body) {
  Reader r(body);
  if (base::text(r.bytes(kMagic.size())) != kMagic) return malformed();
  const std::string_view cipher = r.text(64);
  const std::string_view kdf = r.text(64);
  const ByteView kdf_options = r.string(256);
  const std::uint32_t keys = r.u32();
  const ByteView outer_blob = r.string(kMaxPublicKeyBytes);
  const ByteView inner = r.string();
  if (!r.ok()) return malformed();
  if (cipher != "none") return pass_on(encrypted_key_error());
  if (!r.done() || kdf != "none" || !kdf_options.empty() || keys != 1) return malformed();

  Reader in(inner);
  const std::uint32_t check_one = in.u32();
  const std::uint32_t check_two = in.u32();
  const std::string_view name = in.text(64);
  if (!in.ok() || check_one != check_two) return malformed();
  const Result<KeyType> type = key_type_from_name(name);
  if (!type) return fail(Errc::unsupported, "unsupported private key type");
  auto state = read_fields<State>(in, *type);
  if (!state) return state;
  (*state)->comment = std::string(in.text(kMaxCommentBytes));
  if (!in.ok() || !is_padding(in.rest())) return malformed();
  if (!std::ranges::equal((*state)->pub.blob(), outer_blob)) {
    return fail(Errc::invalid, "private key file holds the public key of another");
  }
  return state;
}

template <class State>
Result<std::unique_ptr<State>> from_openssl_rsa(const EVP_PKEY* pkey) {
  constexpr const char* kNames[] = {OSSL_PKEY_PARAM_RSA_N,       OSSL_PKEY_PARAM_RSA_E,
                                    OSSL_PKEY_PARAM_RSA_D,       OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
                                    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2};
  SecretBytes number[6];
  for (int i = 0; i < 6; ++i) {
    const BignumPtr n = number_of(pkey, kNames[i]);
    if (!n) return malformed();
    number[i] = to_magnitude(n.get());
  }
  const RsaNumbers in{number[0].view(), number[1].view(), number[2].view(),
                      number[3].view(), number[4].view(), number[5].view()};
  return from_pair<State>(rsa_blob(in.e, in.n), rsa_pair(in));
}

template <class State>
Result<std::unique_ptr<State>> from_openssl_p256(const EVP_PKEY* pkey) {
  const BignumPtr d = number_of(pkey, OSSL_PKEY_PARAM_PRIV_KEY);
  if (!d) return malformed();
  const SecretBytes scalar = to_magnitude(d.get());
  const Bytes point = ecdsa_point(KeyType::ecdsa_p256, scalar.view());
  if (point.empty()) return malformed();
  return from_pair<State>(ecdsa_blob(KeyType::ecdsa_p256, point),
                          ecdsa_pair(KeyType::ecdsa_p256, point, scalar.view()));
}

template <class State>
Result<std::unique_ptr<State>> from_der(std::string_view label, ByteView der) {
  const Result<DerKey> key = read_der_key(label, der);
  if (!key) return pass_on(key.error());
  if (key->type == KeyType::ed25519) return from_seed<State>(key->seed);
  if (key->type == KeyType::rsa) return from_pair<State>(rsa_blob(key->rsa.e, key->rsa.n), rsa_pair(key->rsa));
  Bytes point(key->point.begin(), key->point.end());
  if (point.empty()) point = ecdsa_point(key->type, key->scalar);
  if (point.empty()) return fail(Errc::invalid, "ECDSA private key out of range");
  return from_pair<State>(ecdsa_blob(key->type, point), ecdsa_pair(key->type, point, key->scalar));
}

}  // namespace

Result<PrivateKey> PrivateKey::parse(ByteView text) {
  if (text.size() > kMaxPrivateKeyBytes) return fail(Errc::invalid, "private key too long");
  Result<ArmoredKey> armored = read_armor(base::text(text));
  if (!armored) return pass(armored);
  Result<std::unique_ptr<State>> state = malformed();
  if (armored->label == "OPENSSH PRIVATE KEY") {
    state = read_openssh<State>(armored->body.view());
  } else {
    state = from_der<State>(armored->label, armored->body.view());
  }
  if (!state) return pass(state);
  return PrivateKey(std::move(*state));
}

Result<PrivateKey> PrivateKey::generate(GeneratedKey kind, base::Random& random) {
  Result<std::unique_ptr<State>> state = fail(Errc::internal, "a key could not be generated");
  if (kind == GeneratedKey::ed25519) {
    SecretBytes seed(kSeedBytes);
    random.fill({seed.data(), seed.size()});
    state = from_seed<State>(seed.view());
  } else {
    constexpr std::size_t kRsaBits = 3072;
    const bool rsa = kind == GeneratedKey::rsa_3072;
    const PkeyPtr pkey(rsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kRsaBits)
                           : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    if (pkey) state = rsa ? from_openssl_rsa<State>(pkey.get()) : from_openssl_p256<State>(pkey.get());
  }
  if (!state) return pass(state);
  return PrivateKey(std::move(*state));
}

}  // namespace sallyport::keys
