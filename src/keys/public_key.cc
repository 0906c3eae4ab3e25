// SPDX-License-Identifier: Apache-2.0
// Reading and writing SSH public keys; verification is in verify.cc.
#include "keys/public_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <sodium.h>

#include <algorithm>
#include <cstdlib>

#include "keys/exchange_hash.h"
#include "keys/public_key_state.h"
#include "keys/wire.h"

namespace sallyport::keys {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

struct NamedType {
  std::string_view name;
  KeyType type;
};

constexpr NamedType kTypes[] = {
    {"ssh-ed25519", KeyType::ed25519},
    {"ecdsa-sha2-nistp256", KeyType::ecdsa_p256},
    {"ecdsa-sha2-nistp384", KeyType::ecdsa_p384},
    {"ecdsa-sha2-nistp521", KeyType::ecdsa_p521},
    {"ssh-rsa", KeyType::rsa},
    {"sk-ssh-ed25519@openssh.com", KeyType::sk_ed25519},
    {"sk-ecdsa-sha2-nistp256@openssh.com", KeyType::sk_ecdsa_p256},
};

constexpr EcdsaCurve kCurves[] = {
    {KeyType::ecdsa_p256, "nistp256", "P-256", 65, 256},
    {KeyType::ecdsa_p384, "nistp384", "P-384", 97, 384},
    {KeyType::ecdsa_p521, "nistp521", "P-521", 133, 521},
    {KeyType::sk_ecdsa_p256, "nistp256", "P-256", 65, 256},
};

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 16384;
constexpr std::size_t kMaxRsaExponentBytes = 8;  // a longer one only makes verifying expensive
constexpr std::size_t kMaxApplicationBytes = 256;
constexpr std::size_t kMaxLineBytes = 8192;

PkeyPtr pkey_from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyCtxPtr ctx(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* pkey = nullptr;
  if (!params || !ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(ctx.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) ERR_clear_error();
  return PkeyPtr(pkey);
}

PkeyPtr rsa_public_key(ByteView e, ByteView n) {
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  const BignumPtr bn_e = to_bignum(e);
  const BignumPtr bn_n = to_bignum(n);
  if (!builder || !bn_e || !bn_n || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, bn_n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, bn_e.get()) != 1) {
    return nullptr;
  }
  return pkey_from_params("RSA", builder.get());
}

int bits_of(ByteView magnitude) {
  if (magnitude.empty()) return 0;
  int bits = static_cast<int>(magnitude.size() - 1) * 8;
  for (unsigned top = magnitude[0]; top != 0; top >>= 1) ++bits;
  return bits;
}

bool is_odd(ByteView magnitude) {
  return !magnitude.empty() && (magnitude.back() & 1) != 0;
}

std::string_view trim(std::string_view s) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = s.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(kBlank) - first + 1);
}

/// Cuts the first word off s.
std::string_view take_word(std::string_view& s) {
  const std::size_t end = std::min(s.find_first_of(" \t"), s.size());
  const std::string_view word = s.substr(0, end);
  s = trim(s.substr(end));
  return word;
}

/// Reads what follows the type name of an Ed25519 key: RFC 8709 §4.
template <class State>
Status read_ed25519(Reader& r, State& state) {
  const ByteView point = r.string(32);
  if (!r.ok() || point.size() != 32) return fail(Errc::invalid, "malformed Ed25519 key");
  // A point of small order verifies signatures that nobody made; libsodium calls such points, and non-canonical ones,
  // invalid.
  if (crypto_core_ed25519_is_valid_point(point.data()) != 1) return fail(Errc::invalid, "unsafe Ed25519 key");
  std::copy(point.begin(), point.end(), state.ed25519.begin());
  state.bits = 256;
  return {};
}

/// RFC 5656 §3.1.
template <class State>
Status read_ecdsa(Reader& r, const EcdsaCurve& curve, State& state) {
  const std::string_view name = r.text(16);
  const ByteView point = r.string(curve.point_bytes);
  if (!r.ok() || name != curve.ssh_name) return fail(Errc::invalid, "malformed ECDSA key");
  state.pkey = ecdsa_public_key(curve, point);
  if (!state.pkey) return fail(Errc::invalid, "ECDSA key is not an uncompressed point of its curve");
  state.bits = curve.bits;
  return {};
}

/// RFC 4253 §6.6.
template <class State>
Status read_rsa(Reader& r, State& state) {
  const ByteView e = r.mpint(kMaxRsaExponentBytes);
  const ByteView n = r.mpint(kMaxRsaBits / 8);
  if (!r.ok()) return fail(Errc::invalid, "malformed RSA key");
  state.bits = bits_of(n);
  if (state.bits < kMinRsaBits) return fail(Errc::invalid, "RSA key is shorter than 2048 bits");
  const bool one = e.size() == 1 && e[0] == 1;
  if (!is_odd(n) || !is_odd(e) || one) return fail(Errc::invalid, "RSA key with an even modulus or a bad exponent");
  state.pkey = rsa_public_key(e, n);
  if (!state.pkey) return fail(Errc::invalid, "RSA key refused by the library");
  return {};
}

}  // namespace

const EcdsaCurve* curve_of(KeyType type) {
  for (const EcdsaCurve& c : kCurves) {
    if (c.type == type) return &c;
  }
  return nullptr;
}

PkeyPtr ecdsa_public_key(const EcdsaCurve& curve, ByteView point) {
  constexpr std::uint8_t kUncompressed = 4;
  if (point.size() != curve.point_bytes || point[0] != kUncompressed) return nullptr;
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1) {
    return nullptr;
  }
  return pkey_from_params("EC", builder.get());  // checks that the point is on the curve, whose cofactor is one
}

std::string_view key_type_name(KeyType type) {
  for (const NamedType& t : kTypes) {
    if (t.type == type) return t.name;
  }
  std::abort();
}

Result<KeyType> key_type_from_name(std::string_view name) {
  for (const NamedType& t : kTypes) {
    if (t.name == name) return t.type;
  }
  return fail(Errc::not_found, "not a key type that is accepted here");
}

PublicKey::~PublicKey() = default;

Result<PublicKey> PublicKey::parse(ByteView blob) {
  if (blob.size() > kMaxPublicKeyBytes) return fail(Errc::invalid, "public key too long");
  Reader r(blob);
  const std::string_view name = r.text(64);
  if (!r.ok()) return fail(Errc::invalid, "malformed public key");
  const Result<KeyType> type = key_type_from_name(name);
  if (!type) return fail(Errc::unsupported, "unsupported public key type");

  auto state = std::make_shared<State>();
  state->type = *type;
  const EcdsaCurve* curve = curve_of(*type);
  const Status read = *type == KeyType::rsa ? read_rsa(r, *state)
                      : curve != nullptr    ? read_ecdsa(r, *curve, *state)
                                            : read_ed25519(r, *state);
  if (!read) return tl::unexpected<base::Error>(read.error());
  if (*type == KeyType::sk_ed25519 || *type == KeyType::sk_ecdsa_p256) {
    state->application = base::to_bytes(r.string(kMaxApplicationBytes));
  }
  if (!r.done()) return fail(Errc::invalid, "malformed public key");
  state->blob = base::to_bytes(blob);
  return PublicKey(std::move(state));
}

Result<PublicKey> PublicKey::parse_line(std::string_view line) {
  line = trim(line);
  if (line.size() > kMaxLineBytes) return fail(Errc::invalid, "public key line too long");
  if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return fail(Errc::invalid, "more than one line: give one public key");
  }
  if (line.starts_with("-----BEGIN")) {
    return fail(Errc::invalid, "this is a PEM file; give the line of a .pub file: TYPE BASE64 [COMMENT]");
  }
  const std::string_view name = take_word(line);
  if (!key_type_from_name(name)) {
    return fail(Errc::unsupported,
                "the line must begin with a key type, such as ssh-ed25519; options in front, certificates and DSA "
                "keys are not accepted");
  }
  const Result<Bytes> blob = base::from_base64(take_word(line));
  if (!blob) return fail(Errc::invalid, "public key is not base64");
  if (blob_name(*blob) != name) return fail(Errc::invalid, "public key contradicts its type name");
  return parse(*blob);
}

KeyType PublicKey::type() const {
  return state_->type;
}
int PublicKey::bits() const {
  return state_->bits;
}
const Bytes& PublicKey::blob() const {
  return state_->blob;
}
std::string PublicKey::fingerprint() const {
  return fingerprint_of(blob());
}

std::string PublicKey::line(std::string_view comment) const {
  std::string out(type_name());
  out += ' ';
  out += base::to_base64(blob());
  if (comment.empty()) return out;
  out += ' ';
  for (const char c : comment) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return out;
}

std::string fingerprint_of(ByteView blob) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, blob.data(), blob.size());
  std::string b64 = base::to_base64(digest);
  while (b64.ends_with('=')) b64.pop_back();
  return "SHA256:" + b64;
}

std::string_view blob_name(ByteView blob) {
  Reader r(blob);
  return r.text(64);
}

}  // namespace sallyport::keys
