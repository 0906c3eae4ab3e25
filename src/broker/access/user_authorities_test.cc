// SPDX-License-Identifier: Apache-2.0
// Certificates against authorities: each reason to refuse one, and what an admitted one permits.
#include "broker/access/user_authorities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "broker/access/certificate_login.h"
#include "broker/access/login_validity.h"
#include "keys/private_key.h"

namespace sallyport::broker {
namespace {

using policy::Permission;
using Principals = policy::UserCa::Principals;
using ::testing::HasSubstr;

constexpr std::uint64_t kNow = 1'800'000'000;  // seconds
constexpr base::Micros kSecondUs = 1'000'000;
constexpr base::Micros kNowUs = static_cast<base::Micros>(kNow) * kSecondUs;

class UserAuthoritiesTest : public ::testing::Test {
 protected:
  UserAuthoritiesTest() {
    declare([](policy::UserCa&) {});
  }
  keys::PrivateKey fresh() { return keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random_).value(); }
  /// The one authority, changed like this.
  void declare(const std::function<void(policy::UserCa&)>& change, const std::string& name = "corp") {
    policy::UserCa rules;
    rules.name = name;
    rules.public_keys = {ca_.public_key().line("")};
    change(rules);
    declared_[name] = rules;
    authorities_ = UserAuthorities::of(declared_).value();
  }
  keys::Certificate issue(const std::function<void(keys::CertificateFields&)>& change = [](auto&) {}) {
    keys::CertificateFields fields;
    fields.serial = 42;
    fields.key_id = "alice at 9";
    fields.principals = {"alice"};
    fields.valid_after = kNow - 60;
    fields.valid_before = kNow + 3600;
    change(fields);
    return keys::Certificate::parse(keys::issue_certificate(fields, key_.public_key(), ca_, random_).value()).value();
  }
  std::string refusal(const keys::Certificate& certificate, const std::string& user = "alice",
                      const std::string& source = "10.1.2.3", base::Micros now_us = kNowUs) {
    const auto admitted = authorities_.judge({certificate, user, source, now_us});
    if (admitted) {
      EXPECT_EQ(admitted->authority, "corp");
    }
    return admitted ? "" : admitted.message();
  }

  base::SystemRandom random_;
  const keys::PrivateKey ca_ = fresh(), key_ = fresh();
  UserAuthorities::Declared declared_;
  UserAuthorities authorities_;
};

TEST_F(UserAuthoritiesTest, AdmitsTheUserWhomItNamesAndNobodyElse) {
  EXPECT_EQ(refusal(issue()), "");
  EXPECT_THAT(refusal(issue(), "bob"), HasSubstr("does not name this principal"));
  EXPECT_THAT(refusal(issue(), ""), HasSubstr("does not name this principal"));
  EXPECT_EQ(authorities_.name_of(ca_.public_key()), "corp");
  EXPECT_EQ(authorities_.name_of(key_.public_key()), "");
  EXPECT_FALSE(UserAuthorities().judge({issue(), "alice", "10.1.2.3", kNowUs}));
}

TEST_F(UserAuthoritiesTest, AnotherAuthorityIsNotTrusted) {
  declare([&](policy::UserCa& ca) { ca.public_keys = {fresh().public_key().line("")}; });
  EXPECT_THAT(refusal(issue()), HasSubstr("not trusted"));
}

TEST_F(UserAuthoritiesTest, PrincipalsThatAreMapped) {
  declare([](policy::UserCa& ca) { ca.principals = Principals{{"team", {"alice", "bob"}}, {"alice", {"carol"}}}; });
  EXPECT_THAT(refusal(issue()), HasSubstr("does not name this principal"));
  EXPECT_EQ(refusal(issue(), "carol"), "");
  const auto team = issue([](auto& f) { f.principals = {"nobody", "team"}; });
  EXPECT_EQ(refusal(team, "alice"), "");
  EXPECT_EQ(refusal(team, "bob"), "");
  EXPECT_NE(refusal(team, "team"), "");
}

TEST_F(UserAuthoritiesTest, ItsTimeIsTheBrokers) {
  const auto at = [&](std::uint64_t second) {
    return refusal(issue(), "alice", "10.1.2.3", static_cast<base::Micros>(second) * kSecondUs);
  };
  EXPECT_THAT(at(kNow - 61), HasSubstr("not valid yet"));
  EXPECT_EQ(at(kNow - 60), "");
  EXPECT_EQ(at(kNow + 3599), "");
  EXPECT_THAT(at(kNow + 3600), HasSubstr("has expired"));
}

TEST_F(UserAuthoritiesTest, ALongLifeIsRefused) {
  declare([](policy::UserCa& ca) { ca.max_lifetime_seconds = 3600; });
  EXPECT_EQ(refusal(issue()), "") << "authorities backdate";
  EXPECT_EQ(refusal(issue([](auto& f) { f.valid_after = kNow - 300; })), "");
  EXPECT_THAT(refusal(issue([](auto& f) { f.valid_after = kNow - 301; })), HasSubstr("longer than the 3600 seconds"));
  EXPECT_THAT(refusal(issue([](auto& f) { f.valid_before = keys::kForever; })), HasSubstr("longer than"));
  EXPECT_THAT(refusal(issue([](auto& f) {
                f.valid_after = 0;
                f.valid_before = keys::kForever;
              })),
              HasSubstr("longer than"));
}

TEST_F(UserAuthoritiesTest, HostCertificatesAreNone) {
  EXPECT_THAT(refusal(issue([](auto& f) { f.type = keys::CertificateType::host; })), HasSubstr("host certificate"));
}

TEST_F(UserAuthoritiesTest, SourcesOfTheCertificateAndOfTheAuthorityBothHold) {
  const auto bound = issue([](auto& f) { f.source_addresses = {"10.1.0.0/16"}; });
  EXPECT_EQ(refusal(bound), "");
  EXPECT_THAT(refusal(bound, "alice", "10.2.0.1"), HasSubstr("not valid from this source"));
  EXPECT_NE(refusal(bound, "alice", ""), "");
  declare([](policy::UserCa& ca) { ca.sources = {"10.1.2.0/24"}; });
  EXPECT_EQ(refusal(bound), "");
  EXPECT_THAT(refusal(bound, "alice", "10.1.3.1"), HasSubstr("user-ca corp is not for this source"));
  EXPECT_NE(refusal(issue(), "alice", ""), "");
}

TEST_F(UserAuthoritiesTest, WhatIsRevokedCountsNoMore) {
  using policy::SerialRange;
  const auto revoke = [&](const policy::RevokedCertificates& revoked) {
    declare([&](policy::UserCa& ca) { ca.revoked = revoked; });
    return refusal(issue());
  };
  EXPECT_EQ(revoke({{SerialRange{1, 41}, SerialRange{43, 50}}, {"alice at 8"}, {fresh().public_key().fingerprint()}}),
            "");
  EXPECT_THAT(revoke({{SerialRange{40, 42}}, {}, {}}), HasSubstr("revoked by user-ca corp"));
  EXPECT_THAT(revoke({{}, {"alice at 9"}, {}}), HasSubstr("revoked by user-ca corp"));
  EXPECT_THAT(revoke({{}, {}, {key_.public_key().fingerprint()}}), HasSubstr("certified key is revoked"));
  EXPECT_THAT(revoke({{}, {}, {ca_.public_key().fingerprint()}}), HasSubstr("authority is revoked"));
}

TEST_F(UserAuthoritiesTest, AnotherAuthoritysRevocationsHoldWhereTheyApply) {
  declare(
      [&](policy::UserCa& ca) {
        ca.public_keys = {fresh().public_key().line("")};
        ca.revoked.serials = {{42, 42}};
      },
      "elsewhere");
  EXPECT_EQ(refusal(issue()), "") << "serials are each authority's own";
  declare([&](policy::UserCa& ca) { ca.revoked.keys = {key_.public_key().fingerprint()}; }, "elsewhere");
  EXPECT_NE(refusal(issue()), "") << "a key is a key";
  declare([](policy::UserCa& ca) { ca.revoked.key_ids = {"alice at 9"}; }, "elsewhere");
  EXPECT_THAT(refusal(issue()), HasSubstr("revoked by user-ca elsewhere")) << "it trusts the same key";
}

TEST_F(UserAuthoritiesTest, OfTwoThatTrustAKeyOneSuffices) {
  declare([](policy::UserCa& ca) { ca.principals = Principals{{"x", {"y"}}}; }, "a-first");
  EXPECT_EQ(refusal(issue()), "");
}

TEST_F(UserAuthoritiesTest, ExtensionsThatAreMissingTakeAway) {
  const auto limits = [&](const std::vector<keys::CertificateOption>& extensions) {
    return limits_of(issue([&](auto& f) { f.extensions = extensions; }));
  };
  const auto none = limits({});
  EXPECT_FALSE(none.terminal);
  EXPECT_THAT(none.at_most.words(), ::testing::ElementsAre("shell", "exec", "sftp", "mosh"));
  const auto all = limits({{"permit-pty", ""},
                           {"permit-port-forwarding", ""},
                           {"permit-agent-forwarding", ""},
                           {"permit-X11-forwarding", ""},
                           {"permit-user-rc", ""},
                           {"unknown@example.org", "x"}});
  EXPECT_EQ(all, policy::ProofLimits{});
  EXPECT_FALSE(limits({{"permit-port-forwarding", "with a value"}}).at_most.has(Permission::forward_local));
}

TEST_F(UserAuthoritiesTest, AForcedCommandLeavesThatCommand) {
  const auto forced = [&](const std::string& command) {
    return limits_of(issue([&](auto& f) {
      f.force_command = command;
      f.extensions = {{"permit-pty", ""}, {"permit-port-forwarding", ""}};
    }));
  };
  EXPECT_EQ(forced("backup").only_command, "backup");
  EXPECT_THAT(forced("backup").at_most.words(), ::testing::ElementsAre("exec", "forward-local", "forward-remote"));
  EXPECT_THAT(forced("internal-sftp").at_most.words(),
              ::testing::ElementsAre("sftp", "forward-local", "forward-remote"));
}

TEST_F(UserAuthoritiesTest, AForcedCommandIsNoneForSallyportItself) {
  EXPECT_EQ(forbids_command(issue(), "approve 01x"), "");
  const auto forced = issue([](auto& f) { f.force_command = "requests"; });
  EXPECT_NE(forbids_command(forced, "approve 01x"), "");
  EXPECT_NE(forbids_command(forced, ""), "");
  EXPECT_EQ(forbids_command(forced, "requests"), "");
}

TEST_F(UserAuthoritiesTest, ALoginEndsWithItsCertificate) {
  PolicyState state;
  state.authorities = authorities_;
  policy::User alice;
  alice.name = "alice";
  state.resources.put(alice);
  state.incarnations["alice"] = {};
  Identity identity;
  identity.user = "alice";
  EXPECT_TRUE(check_login(state, identity, kNowUs));
  identity.certificate = std::make_shared<CertificateLogin>(CertificateLogin{issue(), "corp", "10.1.2.3"});
  EXPECT_TRUE(check_login(state, identity, kNowUs));
  EXPECT_THAT(check_login(state, identity, kNowUs + 3600 * kSecondUs).message(), HasSubstr("has expired"));
  config::Limits limits;
  limits.choice_seconds = 100;
  EXPECT_EQ(time_for_choice_us(identity, limits, kNowUs), 100 * kSecondUs);
  EXPECT_EQ(time_for_choice_us(identity, limits, kNowUs + 3590 * kSecondUs), 10 * kSecondUs);
  EXPECT_EQ(time_for_choice_us(identity, limits, kNowUs + 4000 * kSecondUs), 0);
  policy::Grant grant;
  bound_by_login(grant, identity, kNowUs);
  EXPECT_EQ(grant.limits.duration_seconds, 3603);
  grant.limits.duration_seconds = 60;
  bound_by_login(grant, identity, kNowUs);
  EXPECT_EQ(grant.limits.duration_seconds, 60);
  state.authorities = {};
  EXPECT_THAT(check_login(state, identity, kNowUs).message(), HasSubstr("your certificate does not count any more"));
  state.incarnations["alice"].life = 7;
  EXPECT_THAT(check_login(state, identity, kNowUs).message(), HasSubstr("log in anew"));
}

TEST_F(UserAuthoritiesTest, OneThatNeverEndsHasNoEnd) {
  EXPECT_EQ(ends_at_us(issue([](auto& f) { f.valid_before = keys::kForever; })), 0);
  EXPECT_EQ(ends_at_us(issue([](auto& f) { f.valid_before = UINT64_MAX - 1; })), 0);
  EXPECT_EQ(ends_at_us(issue()), kNowUs + 3600 * kSecondUs);
}

}  // namespace
}  // namespace sallyport::broker
