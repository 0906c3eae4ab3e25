// SPDX-License-Identifier: Apache-2.0
// Just enough DER for private keys: definite lengths, one-byte tags, minimal positive integers.
#include "keys/der_key.h"

#include <algorithm>
#include <array>

namespace sallyport::keys {

using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;

namespace {

enum Tag : std::uint8_t {
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kObjectId = 0x06,
  kSequence = 0x30,
  kExplicit0 = 0xa0,
  kExplicit1 = 0xa1,
};

constexpr std::uint8_t kRsaOid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
constexpr std::uint8_t kEcOid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
constexpr std::uint8_t kEd25519Oid[] = {0x2b, 0x65, 0x70};
constexpr std::uint8_t kP256Oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
constexpr std::uint8_t kP384Oid[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
constexpr std::uint8_t kP521Oid[] = {0x2b, 0x81, 0x04, 0x00, 0x23};
constexpr std::size_t kSeedBytes = 32;

tl::unexpected<base::Error> malformed() {
  return fail(Errc::invalid, "malformed private key");
}

/// Reads elements in order; errors are sticky, as in Reader.
class Der {
 public:
  explicit Der(ByteView in) : in_(in) {}

  bool next_is(Tag tag) const { return ok_ && !in_.empty() && in_[0] == tag; }

  /// The content of the next element, which must have this tag.
  ByteView take(Tag tag) {
    if (!next_is(tag) || in_.size() < 2) return set_error();
    std::size_t header = 2;
    std::size_t length = in_[1];
    if (length >= 0x80) {  // the long form: so many bytes of length follow; two are enough for any key
      const std::size_t count = length & 0x7f;
      if (count == 0 || count > 2 || in_.size() < header + count) return set_error();
      length = 0;
      for (std::size_t i = 0; i < count; ++i) length = length << 8 | in_[header + i];
      header += count;
    }
    if (length > in_.size() - header) return set_error();
    const ByteView content = in_.subspan(header, length);
    in_ = in_.subspan(header + length);
    return content;
  }

  /// A positive or zero INTEGER as its magnitude.
  ByteView integer() {
    const ByteView v = take(kInteger);
    if (!ok_ || v.empty() || (v[0] & 0x80) != 0) return set_error();
    return v[0] == 0 ? v.subspan(1) : v;
  }

  bool ok() const { return ok_; }
  bool done() const { return ok_ && in_.empty(); }

 private:
  ByteView set_error() {
    ok_ = false;
    in_ = {};
    return {};
  }

  ByteView in_;
  bool ok_ = true;
};

bool is_number(ByteView magnitude, std::uint8_t value) {
  return value == 0 ? magnitude.empty() : magnitude.size() == 1 && magnitude[0] == value;
}

Result<DerKey> read_rsa(ByteView der) {
  Der outer(der);
  Der d(outer.take(kSequence));
  const ByteView version = d.integer();
  DerKey key;
  key.rsa.n = d.integer();
  key.rsa.e = d.integer();
  key.rsa.d = d.integer();
  key.rsa.p = d.integer();
  key.rsa.q = d.integer();
  d.integer();  // the exponents are computed afresh
  d.integer();
  key.rsa.iqmp = d.integer();
  if (!outer.done() || !d.done()) return malformed();
  if (!is_number(version, 0)) return fail(Errc::unsupported, "RSA keys of more than two primes are not supported");
  return key;
}

Result<KeyType> curve_type(ByteView oid) {
  if (std::ranges::equal(oid, kP256Oid)) return KeyType::ecdsa_p256;
  if (std::ranges::equal(oid, kP384Oid)) return KeyType::ecdsa_p384;
  if (std::ranges::equal(oid, kP521Oid)) return KeyType::ecdsa_p521;
  return fail(Errc::unsupported, "unsupported curve: nistp256, nistp384 and nistp521 are known");
}

/// RFC 5915 §3. `outer_curve` is what PKCS#8 named already, or empty.
Result<DerKey> read_ec(ByteView der, ByteView outer_curve) {
  Der outer(der);
  Der d(outer.take(kSequence));
  const ByteView version = d.integer();
  DerKey key;
  key.scalar = d.take(kOctetString);
  ByteView curve = outer_curve;
  if (d.next_is(kExplicit0)) {
    Der parameters(d.take(kExplicit0));
    const ByteView inner_curve = parameters.take(kObjectId);
    if (!parameters.done()) return fail(Errc::unsupported, "a curve must be named, not described");
    if (!outer_curve.empty() && !std::ranges::equal(inner_curve, outer_curve)) return malformed();
    curve = inner_curve;
  }
  if (d.next_is(kExplicit1)) {
    Der wrapped(d.take(kExplicit1));
    const ByteView bits = wrapped.take(kBitString);
    if (!wrapped.done() || bits.size() < 2 || bits[0] != 0) return malformed();
    key.point = bits.subspan(1);
  }
  if (!outer.done() || !d.done() || !is_number(version, 1)) return malformed();
  const Result<KeyType> type = curve_type(curve);
  if (!type) return tl::unexpected<base::Error>(type.error());
  key.type = *type;
  return key;
}

/// RFC 8410 §7: an octet string within the octet string.
Result<DerKey> read_ed25519(ByteView der) {
  Der d(der);
  DerKey key;
  key.type = KeyType::ed25519;
  key.seed = d.take(kOctetString);
  if (!d.done() || key.seed.size() != kSeedBytes) return malformed();
  return key;
}

/// RFC 5958 §2. Attributes and a public key may follow the private one; they say nothing that is not computed here.
Result<DerKey> read_pkcs8(ByteView der) {
  Der outer(der);
  Der d(outer.take(kSequence));
  const ByteView version = d.integer();
  Der algorithm(d.take(kSequence));
  const ByteView oid = algorithm.take(kObjectId);
  const ByteView inner = d.take(kOctetString);
  if (!outer.done() || !d.ok() || !algorithm.ok() || !(is_number(version, 0) || is_number(version, 1)))
    return malformed();
  if (std::ranges::equal(oid, kRsaOid)) return read_rsa(inner);
  if (std::ranges::equal(oid, kEd25519Oid)) return read_ed25519(inner);
  if (!std::ranges::equal(oid, kEcOid)) {
    return fail(Errc::unsupported, "unsupported private key type: ed25519, ecdsa and rsa are known");
  }
  const ByteView curve = algorithm.take(kObjectId);
  if (!algorithm.done()) return fail(Errc::unsupported, "a curve must be named, not described");
  return read_ec(inner, curve);
}

}  // namespace

Result<DerKey> read_der_key(std::string_view label, ByteView der) {
  if (label == "PRIVATE KEY") return read_pkcs8(der);
  if (label == "RSA PRIVATE KEY") return read_rsa(der);
  if (label == "EC PRIVATE KEY") return read_ec(der, {});
  return fail(Errc::unsupported, "unsupported private key type: ed25519, ecdsa and rsa are known");
}

}  // namespace sallyport::keys
