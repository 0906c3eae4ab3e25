// SPDX-License-Identifier: Apache-2.0
// Public keys and signatures: what is accepted, and above all what is not.
#include "keys/public_key.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "keys/private_key.h"
#include "keys/wire.h"

namespace sallyport::keys {
namespace {

using base::Bytes;
using base::ByteView;
using base::Errc;

const PrivateKey& a_key(GeneratedKey kind) {
  static base::SystemRandom random;
  static const PrivateKey keys[] = {PrivateKey::generate(GeneratedKey::ed25519, random).value(),
                                    PrivateKey::generate(GeneratedKey::ecdsa_p256, random).value(),
                                    PrivateKey::generate(GeneratedKey::rsa_3072, random).value()};
  return keys[static_cast<int>(kind)];
}

const Bytes kData = base::to_bytes(std::string_view("what is signed"));

Bytes signature_blob(std::string_view algorithm, ByteView raw) {
  Bytes out;
  Writer w(out);
  w.string(algorithm);
  w.string(raw);
  return out;
}

Bytes raw_signature(ByteView blob) {
  Reader r(blob);
  r.string();
  return base::to_bytes(r.string());
}

class EachKey : public testing::TestWithParam<GeneratedKey> {};

TEST_P(EachKey, VerifiesItsOwnSignaturesAndNoOthers) {
  const PrivateKey& key = a_key(GetParam());
  for (const std::string_view algorithm : signature_algorithms_for(key.type())) {
    const Bytes good = key.sign(algorithm, kData).value();
    EXPECT_TRUE(key.public_key().verify(algorithm, good, kData)) << algorithm;
    Bytes other_data = kData;
    other_data[0] ^= 1;
    EXPECT_EQ(key.public_key().verify(algorithm, good, other_data).error().code, Errc::denied);
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(key.public_key().verify(algorithm, longer, kData).error().code, Errc::invalid);
  }
}

TEST_P(EachKey, RefusesEveryFlippedBit) {
  const PrivateKey& key = a_key(GetParam());
  const std::string_view algorithm = signature_algorithms_for(key.type()).front();
  const Bytes good = key.sign(algorithm, kData).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= static_cast<std::uint8_t>(1u << (i % 8));
    EXPECT_FALSE(key.public_key().verify(algorithm, bad, kData)) << "byte " << i;
  }
  for (std::size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(key.public_key().verify(algorithm, ByteView(good).first(n), kData)) << "first " << n;
  }
}

TEST_P(EachKey, RefusesForeignAlgorithms) {
  const PrivateKey& key = a_key(GetParam());
  const Bytes good = key.sign(kData).value();
  for (const std::string_view algorithm :
       {"ssh-rsa", "ssh-dss", "", "ecdsa-sha2-nistp521", "rsa-sha2-512-cert-v01@openssh.com"}) {
    EXPECT_EQ(key.public_key().verify(algorithm, good, kData).error().code, Errc::invalid) << algorithm;
    EXPECT_FALSE(key.sign(algorithm, kData));
  }
}

TEST_P(EachKey, RoundTripsAsBlobAndLine) {
  const PublicKey& key = a_key(GetParam()).public_key();
  EXPECT_EQ(PublicKey::parse(key.blob()).value(), key);
  EXPECT_EQ(PublicKey::parse_line(key.line()).value(), key);
  EXPECT_EQ(PublicKey::parse_line(key.line("me@here and there") + "\n").value(), key);
  EXPECT_EQ(key.line("a\nb"), key.line() + " a b") << "a comment cannot begin a line";
  for (std::size_t n = 0; n < key.blob().size(); ++n) EXPECT_FALSE(PublicKey::parse(ByteView(key.blob()).first(n)));
  Bytes longer = key.blob();
  longer.push_back(0);
  EXPECT_FALSE(PublicKey::parse(longer));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EachKey,
                         testing::Values(GeneratedKey::ed25519, GeneratedKey::ecdsa_p256, GeneratedKey::rsa_3072));

TEST(RsaSignature, IsNotTakenUnderTheOtherDigest) {
  const PrivateKey& key = a_key(GeneratedKey::rsa_3072);
  const Bytes sha512 = key.sign("rsa-sha2-512", kData).value();
  EXPECT_EQ(key.public_key().verify("rsa-sha2-256", sha512, kData).error().code, Errc::invalid);
  EXPECT_EQ(key.public_key()
                .verify("rsa-sha2-256", signature_blob("rsa-sha2-256", raw_signature(sha512)), kData)
                .error()
                .code,
            Errc::denied);
}

TEST(RsaSignature, MayLackLeadingZerosButNotExceedTheModulus) {
  const PrivateKey& key = a_key(GeneratedKey::rsa_3072);
  Bytes data = kData;
  Bytes raw;
  for (int tries = 0; tries < 4000; ++tries) {  // one signature in 256 begins with a zero
    data.push_back(static_cast<std::uint8_t>(tries));
    raw = raw_signature(key.sign("rsa-sha2-256", data).value());
    if (raw[0] == 0) break;
  }
  ASSERT_EQ(raw[0], 0);
  const ByteView stripped = ByteView(raw).subspan(1);
  EXPECT_TRUE(key.public_key().verify("rsa-sha2-256", signature_blob("rsa-sha2-256", stripped), data));
  raw.insert(raw.begin(), 0);
  EXPECT_FALSE(key.public_key().verify("rsa-sha2-256", signature_blob("rsa-sha2-256", raw), data));
}

TEST(EcdsaSignature, MustBeCanonical) {
  const PrivateKey& key = a_key(GeneratedKey::ecdsa_p256);
  const std::string_view name = key.public_key().type_name();
  const Bytes raw = raw_signature(key.sign(kData).value());
  Reader r(raw);
  const Bytes one = base::to_bytes(r.mpint());
  const Bytes two = base::to_bytes(r.mpint());
  const auto with = [&](auto write) {
    Bytes inner;
    Writer w(inner);
    write(w);
    return key.public_key().verify(name, signature_blob(name, inner), kData).has_value();
  };
  EXPECT_TRUE(with([&](Writer& w) { w.mpint(one), w.mpint(two); }));
  EXPECT_FALSE(with([&](Writer& w) { w.mpint(one), w.mpint(two), w.u8(0); }));
  EXPECT_FALSE(with([&](Writer& w) { w.mpint({}), w.mpint(two); }));
  EXPECT_FALSE(with([&](Writer& w) { w.mpint(one), w.mpint({}); }));
  EXPECT_FALSE(with([&](Writer& w) {
    Bytes padded(1, 0);
    padded.push_back(0);
    padded.insert(padded.end(), one.begin(), one.end());
    w.string(padded);
    w.mpint(two);
  }));
}

Bytes rsa_key(ByteView e, ByteView n) {
  Bytes out;
  Writer w(out);
  w.string(std::string_view("ssh-rsa"));
  w.mpint(e);
  w.mpint(n);
  return out;
}

TEST(RsaKey, IsBounded) {
  const Bytes e{1, 0, 1};
  const auto parses = [](const Bytes& exponent, const Bytes& n) {
    return PublicKey::parse(rsa_key(exponent, n)).has_value();
  };
  EXPECT_TRUE(parses(e, Bytes(256, 0xff)));
  EXPECT_FALSE(parses(e, Bytes(128, 0xff))) << "1024 bits";
  Bytes short_by_one(256, 0xff);
  short_by_one[0] = 0x7f;
  EXPECT_FALSE(parses(e, short_by_one)) << "2047 bits";
  EXPECT_TRUE(parses(e, Bytes(2048, 0xff)));
  EXPECT_FALSE(parses(e, Bytes(2049, 0xff)));
  Bytes even(256, 0xff);
  even.back() = 0xfe;
  EXPECT_FALSE(parses(e, even));
  EXPECT_FALSE(parses({1}, Bytes(256, 0xff)));
  EXPECT_FALSE(parses({2}, Bytes(256, 0xff)));
  EXPECT_FALSE(parses({}, Bytes(256, 0xff)));
  EXPECT_FALSE(parses(Bytes(9, 0xff), Bytes(256, 0xff)));
}

TEST(Ed25519Key, RefusesWeakPoints) {
  for (const char* point : {"0100000000000000000000000000000000000000000000000000000000000000",
                            "0000000000000000000000000000000000000000000000000000000000000000",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    Bytes blob;
    Writer w(blob);
    w.string(std::string_view("ssh-ed25519"));
    w.string(base::from_hex(point).value());
    EXPECT_FALSE(PublicKey::parse(blob)) << point;
  }
}

TEST(EcdsaKey, RefusesPointsOffTheCurveAndOtherForms) {
  const Bytes good = a_key(GeneratedKey::ecdsa_p256).public_key().blob();
  Bytes off = good;
  off.back() ^= 1;
  EXPECT_EQ(PublicKey::parse(off).error().code, Errc::invalid);
  const auto with_point = [](std::string_view curve, const Bytes& point) {
    Bytes blob;
    Writer w(blob);
    w.string(std::string_view("ecdsa-sha2-nistp256"));
    w.string(curve);
    w.string(point);
    return PublicKey::parse(blob).has_value();
  };
  const Bytes point(good.end() - 65, good.end());
  EXPECT_TRUE(with_point("nistp256", point));
  EXPECT_FALSE(with_point("nistp384", point));
  EXPECT_FALSE(with_point("nistp256", Bytes{0})) << "the point at infinity";
  Bytes compressed(point.begin(), point.begin() + 33);
  compressed[0] = static_cast<std::uint8_t>(2 + (point.back() & 1));
  EXPECT_FALSE(with_point("nistp256", compressed));
  Bytes hybrid = point;
  hybrid[0] = static_cast<std::uint8_t>(6 + (point.back() & 1));
  EXPECT_FALSE(with_point("nistp256", hybrid));
}

TEST(PublicKeyLine, RefusesOptionsAndContradictions) {
  const std::string line = a_key(GeneratedKey::ed25519).public_key().line();
  EXPECT_EQ(PublicKey::parse_line("restrict " + line).error().code, Errc::unsupported);
  EXPECT_FALSE(PublicKey::parse_line("command=\"x\" " + line));
  EXPECT_FALSE(PublicKey::parse_line(line + "\n" + line));
  EXPECT_FALSE(PublicKey::parse_line("ssh-rsa" + line.substr(line.find(' '))));
  EXPECT_FALSE(PublicKey::parse_line("ssh-ed25519"));
  EXPECT_FALSE(PublicKey::parse_line(""));
  EXPECT_FALSE(PublicKey::parse_line("-----BEGIN OPENSSH PRIVATE KEY-----"));
  EXPECT_TRUE(PublicKey::parse_line("  " + line + "\r\n"));
}

/// A security key whose secret the test holds: the same curve, and the authenticator's extra bytes.
struct SecurityKey {
  Bytes blob;
  const PrivateKey& secret;

  SecurityKey(std::string_view name, const PrivateKey& key) : secret(key) {
    Writer w(blob);
    w.string(name);
    Reader plain(key.public_key().blob());
    plain.string();
    w.bytes(plain.rest());
    w.string(std::string_view("ssh:"));
  }
  Bytes sign(std::string_view name, std::uint8_t flags, std::uint32_t counter) const {
    Bytes message(32);
    crypto_hash_sha256(message.data(), reinterpret_cast<const unsigned char*>("ssh:"), 4);
    Writer w(message);
    w.u8(flags);
    w.u32(counter);
    Bytes digest(32);
    crypto_hash_sha256(digest.data(), kData.data(), kData.size());
    w.bytes(digest);
    Bytes out = signature_blob(name, raw_signature(secret.sign(message).value()));
    Writer tail(out);
    tail.u8(flags);
    tail.u32(counter);
    return out;
  }
};

class EachSecurityKey : public testing::TestWithParam<std::pair<const char*, GeneratedKey>> {};

TEST_P(EachSecurityKey, VerifiesATouchAndAsksForMoreWhenTold) {
  const auto& [name, kind] = GetParam();
  const SecurityKey held(name, a_key(kind));
  const PublicKey key = PublicKey::parse(held.blob).value();
  EXPECT_TRUE(key.verify(name, held.sign(name, 0x01, 7), kData));
  EXPECT_EQ(key.verify(name, held.sign(name, 0x00, 7), kData).error().code, Errc::denied) << "not touched";
  EXPECT_EQ(key.verify(name, held.sign(name, 0x04, 7), kData).error().code, Errc::denied) << "verified but not touched";
  EXPECT_EQ(key.verify(name, held.sign(name, 0x01, 7), kData, {true, true}).error().code, Errc::denied);
  EXPECT_TRUE(key.verify(name, held.sign(name, 0x05, 7), kData, {true, true}));
  Bytes counter_changed = held.sign(name, 0x01, 7);
  counter_changed.back() ^= 1;
  EXPECT_FALSE(key.verify(name, counter_changed, kData));
  EXPECT_FALSE(key.verify(name, signature_blob(name, raw_signature(held.sign(name, 1, 7))), kData));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EachSecurityKey,
                         testing::Values(std::pair{"sk-ssh-ed25519@openssh.com", GeneratedKey::ed25519},
                                         std::pair{"sk-ecdsa-sha2-nistp256@openssh.com", GeneratedKey::ecdsa_p256}));

TEST(PublicKey, OthersAreUnsupported) {
  for (const char* name : {"ssh-dss", "ssh-ed448", "ssh-ed25519-cert-v01@openssh.com", "rsa-sha2-512"}) {
    Bytes blob;
    Writer(blob).string(std::string_view(name));
    EXPECT_EQ(PublicKey::parse(blob).error().code, Errc::unsupported) << name;
  }
  EXPECT_FALSE(PublicKey::parse({}));
}

TEST(WarmUp, Works) {
  EXPECT_TRUE(warm_up());
}

}  // namespace
}  // namespace sallyport::keys
