// SPDX-License-Identifier: Apache-2.0
// Keys that are offered: whose they are, from where, and what their signatures must show.
#include "broker/ssh/key_offer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/ssh/authenticator_fixture_test.h"
#include "keys/wire.h"

namespace sallyport::broker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

/// The public half of a security key.
keys::PublicKey security_key(const keys::PublicKey& plain) {
  base::Bytes blob;
  keys::Writer w(blob);
  w.string(std::string_view("sk-ssh-ed25519@openssh.com"));
  keys::Reader r(plain.blob());
  r.string();
  w.bytes(r.rest());
  w.string(std::string_view("ssh:"));
  return keys::PublicKey::parse(blob).value();
}

class KeyOfferTest : public AuthenticatorTest {
 protected:
  void put_service(const std::vector<std::string>& sources) {
    policy::User user;
    user.name = "ci";
    user.public_keys = {other_key_.public_key().line("")};
    user.type = policy::UserType::service;
    user.sources = sources;
    put(user);
  }
  JudgedOffer offer(const std::string& user, base::ByteView blob, const std::string& source,
                    const std::string& algorithm) {
    return judge_offer(*policy_.current(), {user, source, algorithm, blob, clock_.now});
  }
  std::string refusal(const std::string& user, const keys::PublicKey& key, const std::string& source = "192.0.2.1") {
    const auto got = offer(user, key.blob(), source, "ssh-ed25519");
    return got.offer ? "(taken)" : got.why;
  }
  void trust_ca(const std::function<void(policy::UserCa&)>& change = [](policy::UserCa&) {}) {
    policy::UserCa ca;
    ca.name = "corp";
    ca.public_keys = {ca_key_.public_key().line("")};
    change(ca);
    put(ca);
  }
  /// Of other_key_.
  base::Bytes certificate(const std::function<void(keys::CertificateFields&)>& change = [](auto&) {}) {
    keys::CertificateFields fields;
    fields.serial = 42;
    fields.key_id = "from a test";
    fields.principals = {"alice"};
    const auto now = static_cast<std::uint64_t>(clock_.now / 1'000'000);
    fields.valid_after = now;
    fields.valid_before = now + 3600;
    change(fields);
    return keys::issue_certificate(fields, other_key_.public_key(), ca_key_, random_).value();
  }
  /// A login by certificate, signed with this key.
  ipc::AuthRequest proof_by(const base::Bytes& blob, const keys::PrivateKey& key, const std::string& user) {
    ipc::AuthRequest query = request_of(user, "publickey");
    query.mutable_public_key()->set_algorithm(kCertificate);
    query.mutable_public_key()->set_blob(base::to_text(blob));
    return signed_by(key, query, kSessionId, user);
  }

  static constexpr const char* kCertificate = "ssh-ed25519-cert-v01@openssh.com";
  const keys::PrivateKey ca_key_ = make_key();
};

TEST_F(KeyOfferTest, AUsersKeyIsTaken) {
  const auto judged = offer("alice", alice_key_.public_key().blob(), "", "ssh-ed25519");
  const auto& got = judged.offer;
  ASSERT_TRUE(got) << judged.why;
  EXPECT_EQ(got->key, alice_key_.public_key());
  EXPECT_EQ(got->credential, "publickey " + alice_key_.public_key().fingerprint());
  EXPECT_EQ(got->incarnation, *policy_.current()->incarnation_of("alice"));
  EXPECT_EQ(refusal("alice", other_key_.public_key()), "key not accepted");
  EXPECT_EQ(refusal("bob", bob_key_.public_key()), "key not accepted") << "disabled";
  EXPECT_EQ(refusal("nobody", alice_key_.public_key()), "key not accepted");
}

TEST_F(KeyOfferTest, AServiceAccountComesFromItsNetworks) {
  put_service({"192.0.2.0/24"});
  EXPECT_EQ(refusal("ci", other_key_.public_key()), "(taken)");
  EXPECT_THAT(refusal("ci", other_key_.public_key(), "198.51.100.7"), HasSubstr("is not used from 198.51.100.7"));
  EXPECT_THAT(refusal("ci", other_key_.public_key(), ""), HasSubstr("an address that is not known"));
  EXPECT_EQ(refusal("ci", alice_key_.public_key(), "198.51.100.7"), "key not accepted");
}

// Whoever takes up an invitation shows a key that is nobody's yet, and no certificate.
TEST_F(KeyOfferTest, ANewKeyIsAKey) {
  trust_ca();
  const auto judged = [&](base::ByteView blob, const char* algorithm) {
    const auto got = judge_new_key({"invite", "192.0.2.1", algorithm, blob, clock_.now});
    return got.offer ? got.offer->credential : got.why;
  };
  const keys::PublicKey& key = other_key_.public_key();
  EXPECT_EQ(judged(key.blob(), "ssh-ed25519"), "publickey " + key.fingerprint());
  EXPECT_THAT(judged(key.blob(), "ssh-rsa"), HasSubstr("not one of this key's"));
  EXPECT_THAT(judged(certificate(), kCertificate), Not(HasSubstr("publickey")));
  EXPECT_FALSE(judge_new_key({"invite", "192.0.2.1", "ssh-ed25519", security_key(key).blob(), clock_.now}).offer);
  EXPECT_THAT(judged(base::view(std::string_view("nothing")), "ssh-ed25519"), Not(HasSubstr("publickey")));
}

TEST_F(KeyOfferTest, NobodyVouchesForAnOutsider) {
  trust_ca();
  policy::User jane;
  jane.name = "jane";
  jane.outsider = policy::Outsider{"an-invitation",
                                   "alice",
                                   policy_.current()->incarnation_of("alice")->life,
                                   "root",
                                   {"web1"},
                                   clock_.now,
                                   clock_.now + 3'600'000'000};
  put(jane);
  ASSERT_TRUE(policy_.current()->incarnation_of("jane"));
  const auto blob = certificate([](keys::CertificateFields& fields) { fields.principals = {"jane", "alice"}; });
  EXPECT_TRUE(offer("alice", blob, "192.0.2.1", kCertificate).offer);
  const auto got = offer("jane", blob, "192.0.2.1", kCertificate);
  EXPECT_FALSE(got.offer);
  EXPECT_THAT(got.why, HasSubstr("not by a certificate"));
}

TEST_F(KeyOfferTest, OptionsOfASecurityKeySayWhatItsSignaturesShow) {
  const keys::PublicKey key = security_key(other_key_.public_key());
  const auto touch = [&](const std::string& options) {
    put_user("alice", {options + key.line("")});
    return offer("alice", key.blob(), "192.0.2.1", "sk-ssh-ed25519@openssh.com").offer.value().touch;
  };
  EXPECT_EQ(touch(""), (keys::TouchRule{true, false}));
  EXPECT_EQ(touch("no-touch-required "), (keys::TouchRule{false, false}));
  EXPECT_EQ(touch("verify-required "), (keys::TouchRule{true, true}));
  EXPECT_THAT(refusal("alice", key), HasSubstr("not one of this key's"));
}

TEST_F(KeyOfferTest, AServiceAccountIsAnsweredLikeOthersAndTheAuditLogSaysWhy) {
  put_service({"198.51.100.0/24"});
  EXPECT_TRUE(ask(signed_by(other_key_, query_of("ci", other_key_.public_key()), kSessionId, "ci")));
  EXPECT_TRUE(refused());
  EXPECT_THAT(last_reason(), HasSubstr("sources does not name it"));
  const std::string outside = last().SerializeAsString();
  connect();
  EXPECT_TRUE(ask(signed_by(other_key_, query_of("alice", other_key_.public_key()), kSessionId, "alice")));
  EXPECT_EQ(last().SerializeAsString(), outside);
  connect();
  EXPECT_TRUE(ask(password_of("ci", "whatever")));
  judged_wrong();
  EXPECT_TRUE(refused());
  EXPECT_THAT(last_reason(), HasSubstr("a service account has no password"));
}

TEST_F(KeyOfferTest, AServiceAccountIsAskedForNoCode) {
  put_service({"192.0.2.0/24"});
  ASSERT_TRUE(store_->put_factor({"ci", "totp", 1}));
  ASSERT_TRUE(policy_.reload(*store_));
  EXPECT_TRUE(ask(signed_by(other_key_, query_of("ci@a@b", other_key_.public_key()), kSessionId, "ci@a@b")));
  ASSERT_TRUE(identity_);
  EXPECT_THAT(identity_->factors, SizeIs(0)) << "so a policy that demands a factor refuses it";
}

TEST_F(KeyOfferTest, ACertificateOfATrustedAuthorityIsTaken) {
  trust_ca();
  const auto judged = offer("alice", certificate(), "192.0.2.1", kCertificate);
  ASSERT_TRUE(judged.offer) << judged.why;
  EXPECT_EQ(judged.offer->key, other_key_.public_key());
  EXPECT_EQ(judged.offer->signature_algorithm, "ssh-ed25519");
  EXPECT_EQ(judged.offer->credential, "certificate " + other_key_.public_key().fingerprint());
  EXPECT_EQ(judged.offer->certificate->authority, "corp");
  EXPECT_EQ(offer("alice", certificate(), "192.0.2.1", "ssh-ed25519").why,
            "the signature algorithm is not one of this key's");
  EXPECT_THAT(offer("bob", certificate([](auto& f) { f.principals = {"bob"}; }), "192.0.2.1", kCertificate).why,
              HasSubstr("may not log in"))
      << "disabled";
  EXPECT_FALSE(
      offer("nobody", certificate([](auto& f) { f.principals = {"nobody"}; }), "192.0.2.1", kCertificate).offer);
}

TEST_F(KeyOfferTest, ACertificateThatIsNotTrustedSaysNothingInTheAuditLog) {
  const auto stranger = offer("alice", certificate(), "192.0.2.1", kCertificate);
  EXPECT_FALSE(stranger.offer);
  EXPECT_THAT(stranger.about, SizeIs(0));
  trust_ca([](policy::UserCa& ca) { ca.revoked.serials = {{42, 42}}; });
  const auto revoked = offer("alice", certificate(), "192.0.2.1", kCertificate);
  EXPECT_FALSE(revoked.offer);
  EXPECT_THAT(revoked.about, SizeIs(4)) << "key id, serial, authority and its key";
  base::Bytes broken = certificate();
  broken.back() ^= 1;
  EXPECT_FALSE(offer("alice", broken, "192.0.2.1", kCertificate).offer);
}

TEST_F(KeyOfferTest, ALoginByCertificateIsSignedAndAudited) {
  trust_ca();
  EXPECT_TRUE(ask(proof_by(certificate(), alice_key_, "alice")));
  EXPECT_TRUE(refused()) << "signed with another key than the certified one";
  EXPECT_TRUE(ask(proof_by(certificate(), other_key_, "alice")));
  ASSERT_TRUE(identity_);
  ASSERT_TRUE(identity_->certificate);
  EXPECT_EQ(identity_->certificate->source_host, "192.0.2.1");
  const auto success = audited("auth.success");
  ASSERT_THAT(success, SizeIs(1));
  for (const char* part : {"certificate SHA256:", "from a test", "\"serial\":\"42\"", "\"ca\":\"corp\""}) {
    EXPECT_THAT(success.front(), HasSubstr(part));
  }
}

TEST_F(KeyOfferTest, ACertificateThatIsRevokedWhileTheCodeIsDueCountsNoMore) {
  trust_ca();
  ASSERT_TRUE(store_->put_factor({"alice", "totp", 1}));
  ASSERT_TRUE(policy_.reload(*store_));
  EXPECT_TRUE(ask(proof_by(certificate(), other_key_, "alice")));
  EXPECT_TRUE(last().failure().partial());
  EXPECT_TRUE(ask(prompts_of("alice")));
  EXPECT_TRUE(answer({"123456"}));
  trust_ca([](policy::UserCa& ca) { ca.revoked.key_ids = {"from a test"}; });
  const auto question = std::move(codes_.open.front());
  codes_.open.pop_front();
  question.done({CodeJudge::Judged::Verdict::right, "totp"});
  on_loop([] {});
  EXPECT_TRUE(refused());
  EXPECT_THAT(last_reason(), HasSubstr("does not count any more"));
}

TEST_F(KeyOfferTest, AServiceAccountsCertificateIsForItsNetworksToo) {
  put_service({"192.0.2.0/24"});
  trust_ca();
  const auto blob = certificate([](auto& f) { f.principals = {"ci"}; });
  EXPECT_TRUE(offer("ci", blob, "192.0.2.1", kCertificate).offer);
  EXPECT_THAT(offer("ci", blob, "198.51.100.1", kCertificate).why, HasSubstr("is not used from"));
}

TEST_F(KeyOfferTest, APersonWhoBecomesAServiceAccountIsAnother) {
  policy::User before, after;
  before.public_keys = after.public_keys = {"a"};
  after.type = policy::UserType::service;
  EXPECT_EQ(renewal_of(before, after), store::Renewal::life);
  EXPECT_EQ(renewal_of(after, before), store::Renewal::life);
  after.type = policy::UserType::person;
  after.sources = {"10.0.0.0/8"};
  EXPECT_EQ(renewal_of(before, after), store::Renewal::none) << "the lease looks at sources";
}

}  // namespace
}  // namespace sallyport::broker
