// SPDX-License-Identifier: Apache-2.0
// Which target is believed: pinned keys, pinned authorities, and the signature over the key exchange.
#include "broker/ssh/host_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "broker/ssh/kex_example_test.h"
#include "keys/certificate.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr base::Micros kNow = 1'772'366'400'000'000;
constexpr std::uint64_t kNowSeconds = kNow / 1'000'000;
constexpr const char* kCertificateName = "ssh-ed25519-cert-v01@openssh.com";

class HostCheckTest : public ::testing::Test {
 protected:
  HostCheckTest() { target.host = "db1.example.org"; }
  static keys::PrivateKey make(keys::GeneratedKey kind = keys::GeneratedKey::ed25519) {
    base::SystemRandom random;
    return std::move(keys::PrivateKey::generate(kind, random).value());
  }
  base::Result<ProvenHost> check(const ipc::HostProof& proof) const {
    return check_host(target, proof, std::string(kExampleClient), kNow);
  }
  /// The proof with a host certificate of the authority, changed in one place.
  ipc::HostProof certified(const std::function<void(keys::CertificateFields&)>& change = {}) {
    keys::CertificateFields fields;
    fields.type = keys::CertificateType::host;
    fields.key_id = "db1";
    fields.principals = {"db1.example.org"};
    fields.valid_after = kNowSeconds - 60;
    fields.valid_before = kNowSeconds + 60;
    if (change) change(fields);
    const base::Bytes blob = keys::issue_certificate(fields, key.public_key(), authority, random).value();
    return example_proof(key, blob, kCertificateName, "ssh-ed25519");
  }
  void expect_denied(const ipc::HostProof& proof, const std::string& why) const {
    const auto proven = check(proof);
    ASSERT_FALSE(proven);
    EXPECT_EQ(proven.error().code, base::Errc::denied) << proven.message();
    EXPECT_THAT(proven.message(), HasSubstr(why));
  }

  base::SystemRandom random;
  const keys::PrivateKey key = make(), other = make(), authority = make();
  policy::Target target;
};

TEST_F(HostCheckTest, APinnedKeyIsBelieved) {
  target.host_keys = {other.public_key().line(""), key.public_key().line("")};
  const auto proof = example_proof(key);
  const auto proven = check(proof);
  ASSERT_TRUE(proven) << proven.message();
  EXPECT_EQ(proven->exchange_hash, example_hash(proof.inputs(), key.public_key().blob()));
  EXPECT_EQ(proven->host_key, key.public_key().blob());
  EXPECT_EQ(proven->fingerprint, key.public_key().fingerprint());
  EXPECT_EQ(proven->software, kExampleServer);
  EXPECT_THAT(proven->legacy, IsEmpty());
}

TEST_F(HostCheckTest, AnotherKeyIsNotAndTheMessageNamesIt) {
  target.host_keys = {other.public_key().line("")};
  expect_denied(example_proof(key), key.public_key().fingerprint());
  expect_denied(example_proof(key), "find out whether the host was reinstalled");
}

TEST_F(HostCheckTest, WithoutAPinNothingIsBelieved) {
  expect_denied(example_proof(key), key.public_key().fingerprint());
  expect_denied(example_proof(key), "no host key of this target is on record");
}

TEST_F(HostCheckTest, WhoseKeyItIsMustHaveSigned) {
  target.host_keys = {key.public_key().line("")};
  auto proof = example_proof(other);
  proof.mutable_inputs()->set_host_key(base::to_text(key.public_key().blob()));
  const auto proven = check(proof);
  ASSERT_FALSE(proven);
  EXPECT_EQ(proven.error().code, base::Errc::invalid) << proven.message();
}

TEST_F(HostCheckTest, TheSignatureIsOverThisExchange) {
  target.host_keys = {key.public_key().line("")};
  const auto changed = [&](const std::function<void(ipc::KexInputs&)>& change) {
    auto proof = example_proof(key);
    change(*proof.mutable_inputs());
    return check(proof).has_value();
  };
  EXPECT_TRUE(changed([](ipc::KexInputs&) {}));
  EXPECT_FALSE(changed([](ipc::KexInputs& in) { in.set_shared_secret(std::string(32, 'L')); }));
  EXPECT_FALSE(changed([](ipc::KexInputs& in) { in.set_server_public(std::string(32, 'T')); }));
  EXPECT_FALSE(changed([](ipc::KexInputs& in) { in.set_client_kexinit("\x14" + std::string(64, 'd')); }));
  EXPECT_FALSE(changed([](ipc::KexInputs& in) { in.set_server_version("SSH-2.0-Other"); }));
  EXPECT_FALSE(changed([](ipc::KexInputs& in) { in.set_method("no-such-method"); }));
  EXPECT_FALSE(changed([](ipc::KexInputs& in) { in.set_host_key_algorithm("rsa-sha2-512"); }));
}

TEST_F(HostCheckTest, TheClientsVersionIsTheBrokersOwn) {
  target.host_keys = {key.public_key().line("")};
  auto proof = example_proof(key);
  proof.mutable_inputs()->set_client_version("SSH-2.0-What_The_Worker_Says");
  EXPECT_TRUE(check(proof));
  EXPECT_FALSE(check_host(target, proof, "SSH-2.0-What_The_Worker_Says", kNow));
}

TEST_F(HostCheckTest, ACertificateOfAPinnedAuthorityIsBelieved) {
  target.host_ca = {other.public_key().line(""), authority.public_key().line("")};
  const auto proven = check(certified());
  ASSERT_TRUE(proven) << proven.message();
  EXPECT_THAT(proven->fingerprint, HasSubstr(key.public_key().fingerprint()));
  EXPECT_THAT(proven->fingerprint, HasSubstr(authority.public_key().fingerprint()));
  EXPECT_TRUE(check(certified([](auto& fields) { fields.principals = {"*.example.org"}; })));
}

TEST_F(HostCheckTest, ACertificateMustFit) {
  target.host_ca = {authority.public_key().line("")};
  expect_denied(certified([](auto& fields) { fields.principals = {"db2.example.org"}; }), "does not name");
  expect_denied(certified([](auto& fields) { fields.valid_before = kNowSeconds; }), "has expired");
  expect_denied(certified([](auto& fields) { fields.valid_after = kNowSeconds + 1; }), "not valid yet");
  expect_denied(certified([](auto& fields) { fields.type = keys::CertificateType::user; }), "user certificate");
}

TEST_F(HostCheckTest, ACertificateOfAnotherAuthorityIsNotBelieved) {
  target.host_ca = {other.public_key().line("")};
  expect_denied(certified(), authority.public_key().fingerprint());
  target.host_ca.clear();
  target.host_keys = {key.public_key().line(""), authority.public_key().line("")};
  expect_denied(certified(), "not trusted");
}

TEST_F(HostCheckTest, AnAuthorityIsNoHostKey) {
  target.host_ca = {key.public_key().line("")};
  expect_denied(example_proof(key), "not on record");
}

TEST_F(HostCheckTest, TheHolderOfACertificateMustHaveSigned) {
  target.host_ca = {authority.public_key().line("")};
  auto proof = certified();
  proof.set_signature(example_proof(other).signature());
  const auto proven = check(proof);
  ASSERT_FALSE(proven);
  EXPECT_EQ(proven.error().code, base::Errc::invalid) << proven.message();
}

TEST_F(HostCheckTest, WhatIsNoKeyIsInvalidWhoeverSigned) {
  target.host_keys = {key.public_key().line("")};
  for (const char* blob : {"no key", "ssh-ed25519"}) {
    const auto proven = check(example_proof(key, base::view(blob), "ssh-ed25519", "ssh-ed25519"));
    ASSERT_FALSE(proven);
    EXPECT_NE(proven.error().code, base::Errc::denied) << proven.message();
  }
}

TEST_F(HostCheckTest, OldAlgorithmsAreForTargetsThatNameThem) {
  const keys::PrivateKey rsa = make(keys::GeneratedKey::rsa_3072);
  target.host_keys = {rsa.public_key().line("")};
  const auto old = example_proof(rsa, rsa.public_key().blob(), "ssh-rsa", keys::kSshRsa);
  EXPECT_FALSE(check(old));
  EXPECT_TRUE(check(example_proof(rsa, rsa.public_key().blob(), "rsa-sha2-512", "rsa-sha2-512")));
  target.legacy = {"ssh-rsa", "hmac-sha1"};
  const auto proven = check(old);
  ASSERT_TRUE(proven) << proven.message();
  EXPECT_THAT(proven->legacy, ElementsAre("ssh-rsa")) << "what the exchange came to";
}

TEST_F(HostCheckTest, AScanBelievesWhoeverSigned) {
  const auto proven = prove_host_key(example_proof(key), std::string(kExampleClient));
  ASSERT_TRUE(proven) << proven.message();
  EXPECT_EQ(proven->key, key.public_key());
  auto forged = example_proof(other);
  forged.mutable_inputs()->set_host_key(base::to_text(key.public_key().blob()));
  EXPECT_FALSE(prove_host_key(forged, std::string(kExampleClient)));
  EXPECT_FALSE(prove_host_key(certified(), std::string(kExampleClient))) << "a certificate is nothing to pin";
}

TEST_F(HostCheckTest, OnlyWhatCanBeCheckedIsAskedFor) {
  target.host_keys = {key.public_key().line("")};
  EXPECT_THAT(host_key_algorithms(target), ElementsAre("ssh-ed25519"));
  target.host_ca = {authority.public_key().line("")};
  EXPECT_EQ(host_key_algorithms(target).front(), kCertificateName);
  EXPECT_EQ(host_key_algorithms(target).back(), "ssh-ed25519");
  target.host_keys.clear();
  EXPECT_THAT(host_key_algorithms(target), Not(::testing::Contains("ssh-ed25519")));
  target.host_ca.clear();
  EXPECT_THAT(host_key_algorithms(target), ElementsAre("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                                       "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"));
}

}  // namespace
}  // namespace sallyport::broker
