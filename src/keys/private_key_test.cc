// SPDX-License-Identifier: Apache-2.0
// Private keys: generation, both ways through the OpenSSH format, and files that must be refused.
#include "keys/private_key.h"

#include <gtest/gtest.h>

#include "keys/pem_armor.h"
#include "keys/wire.h"

namespace sallyport::keys {
namespace {

using base::Bytes;
using base::Errc;

/// Counts up: the same key each time.
class CountingRandom final : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& b : out) b = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

Bytes serialized(const PrivateKey& key) {
  return base::to_bytes(key.serialize().value().view());
}

class EachKind : public testing::TestWithParam<GeneratedKey> {};

TEST_P(EachKind, SurvivesItsFile) {
  base::SystemRandom random;
  PrivateKey key = PrivateKey::generate(GetParam(), random).value();
  key.set_comment("deploy@web1");
  const Bytes file = serialized(key);
  const PrivateKey again = PrivateKey::parse(file).value();
  EXPECT_EQ(again.public_key(), key.public_key());
  EXPECT_EQ(again.comment(), "deploy@web1");
  EXPECT_EQ(serialized(again), file);
  const Bytes data{1, 2, 3};
  EXPECT_TRUE(key.public_key().verify(signature_algorithms_for(key.type()).front(), again.sign(data).value(), data));
}

TEST_P(EachKind, RefusesEachDamagedByte) {
  base::SystemRandom random;
  const PrivateKey key = PrivateKey::generate(GetParam(), random).value();
  const ArmoredKey armored = std::move(*read_armor(base::text(serialized(key))));
  const Bytes body = base::to_bytes(armored.body.view());
  const std::size_t step = body.size() > 1000 ? 13 : 1;
  for (std::size_t i = 0; i < body.size(); i += step) {
    Bytes bad = body;
    bad[i] ^= 0x40;
    const auto parsed = PrivateKey::parse(write_armor(armored.label, bad).view());
    // What a flip may leave intact is the RSA helper numbers; the pair itself never changes.
    if (parsed) {
      EXPECT_EQ(parsed->public_key(), key.public_key()) << "byte " << i;
    }
    if (GetParam() != GeneratedKey::rsa_3072) {
      EXPECT_FALSE(parsed) << "byte " << i;
    }
  }
  for (std::size_t n = 0; n < body.size(); n += step) {
    EXPECT_FALSE(PrivateKey::parse(write_armor(armored.label, base::ByteView(body).first(n)).view())) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, EachKind,
                         testing::Values(GeneratedKey::ed25519, GeneratedKey::ecdsa_p256, GeneratedKey::rsa_3072));

TEST(Ed25519, ComesFromTheRandomnessGiven) {
  CountingRandom one;
  CountingRandom two;
  const PrivateKey key = PrivateKey::generate(GeneratedKey::ed25519, one).value();
  EXPECT_EQ(key.public_key(), PrivateKey::generate(GeneratedKey::ed25519, two).value().public_key());
  EXPECT_FALSE(key.public_key() == PrivateKey::generate(GeneratedKey::ed25519, two).value().public_key());
  // RFC 8032 does not list this seed; the point was computed by an independent implementation.
  EXPECT_EQ(base::to_hex(base::ByteView(key.public_key().blob()).last(32)),
            "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
}

std::string pem(std::string_view label, std::string_view der_hex) {
  return base::to_text(write_armor(label, base::from_hex(der_hex).value()).view());
}

std::string point_of(std::string_view file) {
  const auto key = PrivateKey::parse(base::view(file));
  if (!key) return key.error().message;
  Reader r(key->public_key().blob());
  base::ByteView last;
  while (r.remaining() != 0) last = r.string();
  return base::to_hex(last);
}

TEST(Pkcs8, ReadsTheExamplesOfRfc8410) {
  constexpr const char* kPoint = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
  EXPECT_EQ(point_of("-----BEGIN PRIVATE KEY-----\n"
                     "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                     "-----END PRIVATE KEY-----\n"),
            kPoint);
  EXPECT_EQ(point_of("-----BEGIN PRIVATE KEY-----\n"
                     "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                     "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
                     "Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                     "-----END PRIVATE KEY-----\n"),
            kPoint);
}

/// SEC 1 without a public key, on P-256.
std::string sec1(std::string_view scalar_hex) {
  return pem("EC PRIVATE KEY",
             "3031020101"
             "0420" +
                 std::string(scalar_hex) + "a00a06082a8648ce3d030107");
}

TEST(Sec1, NeedsNoPublicKey) {
  // The point that belongs to one is the curve's generator (SEC 2 §2.4.2).
  EXPECT_EQ(
      point_of(sec1(std::string(62, '0') + "01")),
      "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b31"
      "5ececbb6406837bf51f5");
  EXPECT_FALSE(PrivateKey::parse(base::view(sec1(std::string(64, '0'))))) << "zero is no key";
  EXPECT_FALSE(PrivateKey::parse(base::view(sec1("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))))
      << "nor is the order of the curve";
}

TEST(Der, IsStrict) {
  const std::string good = "302e020100300506032b657004220420" + std::string(64, '1');
  EXPECT_TRUE(PrivateKey::parse(base::view(pem("PRIVATE KEY", good))));
  for (const std::string& bad : {
           good + "00",                                                         // something behind it
           "3080020100300506032b657004220420" + std::string(64, '1') + "0000",  // indefinite length
           "302e020102300506032b657004220420" + std::string(64, '1'),           // an unknown version
           "302e020100300506032b657104220420" + std::string(64, '1'),           // Ed448
           "302d020100300506032b65700421041f" + std::string(62, '1'),           // a short seed
           std::string("3083ffffff"),
           std::string("30820001"),
           std::string("30"),
           "30820100" + good,
       }) {
    EXPECT_FALSE(PrivateKey::parse(base::view(pem("PRIVATE KEY", bad)))) << bad;
  }
}

TEST(PrivateKey, SaysHowToDecrypt) {
  const auto error = [](std::string_view text) { return PrivateKey::parse(base::view(text)).error(); };
  const auto legacy = error(
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE "
      "KEY-----\n");
  EXPECT_EQ(legacy.code, Errc::denied);
  EXPECT_NE(legacy.message.find("ssh-keygen -p"), std::string::npos);
  EXPECT_EQ(error("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n").code,
            Errc::denied);
}

TEST(PrivateKey, RefusesWhatIsNone) {
  for (const char* text : {"", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----",
                           "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                           "-----BEGIN OPENSSH PRIVATE KEY-----\n!!!\n-----END OPENSSH PRIVATE KEY-----\n",
                           "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
                           "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"}) {
    EXPECT_EQ(PrivateKey::parse(base::view(text)).error().code, Errc::invalid) << text;
  }
  EXPECT_FALSE(PrivateKey::parse(Bytes(kMaxPrivateKeyBytes + 1, 'x')));
}

TEST(PrivateKey, MayStandAmongOtherText) {
  CountingRandom random;
  const PrivateKey key = PrivateKey::generate(GeneratedKey::ed25519, random).value();
  Bytes file =
      base::to_bytes(std::string_view("a note\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  const Bytes block = serialized(key);
  file.insert(file.end(), block.begin(), block.end());
  EXPECT_EQ(PrivateKey::parse(file).value().public_key(), key.public_key());
}

// Over SHA-1: for old targets that are named, and for nothing else.
TEST(PrivateKey, SshRsaOnlyWhereItIsAskedFor) {
  base::SystemRandom random;
  const auto rsa = PrivateKey::generate(GeneratedKey::rsa_3072, random);
  ASSERT_TRUE(rsa) << rsa.message();
  const Bytes data(20, 7);
  const auto signature = rsa->sign_ssh_rsa(data);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(rsa->public_key().verify_ssh_rsa(*signature, data));
  EXPECT_FALSE(rsa->public_key().verify_ssh_rsa(*signature, Bytes(20, 8)));
  EXPECT_FALSE(rsa->public_key().verify_ssh_rsa(*rsa->sign("rsa-sha2-256", data), data));
  for (const char* algorithm : {"ssh-rsa", "rsa-sha2-256", "rsa-sha2-512"}) {
    EXPECT_FALSE(rsa->public_key().verify(algorithm, *signature, data)) << algorithm;
  }
  EXPECT_FALSE(rsa->sign("ssh-rsa", data));
  const auto ed25519 = PrivateKey::generate(GeneratedKey::ed25519, random);
  EXPECT_FALSE(ed25519->sign_ssh_rsa(data));
  EXPECT_FALSE(ed25519->public_key().verify_ssh_rsa(*signature, data));
}

}  // namespace
}  // namespace sallyport::keys
