// SPDX-License-Identifier: Apache-2.0
// Authorities for users' certificates as resources, and what a decision makes of a certificate's limits.
#include "policy/user_ca.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/decide.h"

namespace sallyport::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kHead = R"({"kind":"user-ca","name":"corp","public_keys":["ssh-ed25519 )"
                          R"(AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAELtSUpBkLLVWBDdjlyGWpWCqJmDmqVnBnFzcE"])";
const std::string kPrint = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";

UserCa get(const std::string& rest) {
  auto r = parse_resource(kHead + rest + "}");
  EXPECT_TRUE(r) << (r ? "" : r.message());
  if (!r) return {};
  EXPECT_EQ(parse_resource(to_json(*r)).value(), *r) << to_json(*r);
  return std::get<UserCa>(*r);
}

std::string error(const std::string& rest) {
  const auto r = parse_resource(kHead + rest + "}");
  return r ? "(accepted)" : r.message();
}

TEST(UserCa, HasShortLivedCertificatesOfUsersOfTheSameName) {
  const UserCa ca = get("");
  EXPECT_EQ(ca.max_lifetime_seconds, 24 * 3600);
  EXPECT_TRUE(leads_to(ca, "alice", "alice"));
  EXPECT_FALSE(leads_to(ca, "alice", "bob"));
  EXPECT_FALSE(leads_to(ca, "Alice", "alice"));
  EXPECT_FALSE(parse_resource(R"({"kind":"user-ca","name":"corp"})"));
  EXPECT_FALSE(parse_resource(R"({"kind":"user-ca","name":"corp","public_keys":[]})"));
}

TEST(UserCa, MapsPrincipalsAndThenNoNameStandsForItself) {
  const UserCa ca = get(R"(,"principals":{"team a@corp":["alice","bob"],"ci":["runner"]},"max_lifetime":"1h",
                            "sources":["10.0.0.0/8"])");
  EXPECT_TRUE(leads_to(ca, "team a@corp", "bob"));
  EXPECT_TRUE(leads_to(ca, "ci", "runner"));
  EXPECT_FALSE(leads_to(ca, "ci", "alice"));
  EXPECT_FALSE(leads_to(ca, "alice", "alice"));
  EXPECT_EQ(ca.max_lifetime_seconds, 3600);
  for (const char* bad : {R"({})", R"([])", R"({"ci":[]})", R"({"ci":"alice"})", R"({"ci":["*"]})", R"({"":["alice"]})",
                          R"({"a\nb":["alice"]})", R"({"ci":["Alice"]})", R"({"ci":[7]})"}) {
    EXPECT_THAT(error(R"(,"principals":)" + std::string(bad)), HasSubstr("key 'principals'")) << bad;
  }
  EXPECT_THAT(error(R"(,"max_lifetime":0)"), HasSubstr("between one second and ten years"));
  EXPECT_THAT(error(R"(,"sources":["10.0.0.1/8"])"), HasSubstr("'10.0.0.1/8'"));
}

TEST(UserCa, RevokesSerialsKeyIdsAndKeys) {
  const UserCa ca =
      get(R"(,"revoked":{"serials":[7,"10-12","18446744073709551615"],"key_ids":["laptop of bob"],"keys":[")" + kPrint +
          R"("]})");
  EXPECT_TRUE(revokes(ca.revoked, 7, ""));
  EXPECT_TRUE(revokes(ca.revoked, 10, ""));
  EXPECT_TRUE(revokes(ca.revoked, 12, ""));
  EXPECT_TRUE(revokes(ca.revoked, UINT64_MAX, ""));
  EXPECT_TRUE(revokes(ca.revoked, 1, "laptop of bob"));
  EXPECT_FALSE(revokes(ca.revoked, 13, "laptop"));
  EXPECT_FALSE(revokes(ca.revoked, 0, ""));
  EXPECT_THAT(ca.revoked.keys, ElementsAre(kPrint));
  for (const char* bad :
       {"0", "-1", "1.5", R"("7-")", R"("-7")", R"("9-8")", R"("0-3")", R"("18446744073709551616")", R"("x")"}) {
    EXPECT_THAT(error(R"(,"revoked":{"serials":[)" + std::string(bad) + "]}"), HasSubstr("serial numbers such as"))
        << bad;
  }
  EXPECT_THAT(error(R"(,"revoked":{})"), HasSubstr("must name what is revoked"));
  EXPECT_THAT(error(R"(,"revoked":{"keys":["SHA256:short"]})"), HasSubstr("fingerprint"));
  EXPECT_THAT(error(R"(,"revoked":{"keys":["MD5:00"]})"), HasSubstr("fingerprint"));
  EXPECT_THAT(error(R"(,"revoked":{"key_ids":[""]})"), HasSubstr("key_ids"));
  EXPECT_THAT(error(R"(,"revoked":{"serials":[1],"ids":["x"]})"), HasSubstr("there is no key 'ids'"));
}

class ProofLimitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* json :
         {R"({"kind":"user","name":"alice"})", R"({"kind":"target","name":"web1","protocol":"ssh","address":"h1"})",
          R"({"kind":"target","name":"old1","protocol":"telnet","address":"h2"})",
          R"({"kind":"account","name":"deploy","targets":["*"],"login":"password"})",
          R"({"kind":"policy","name":"all","subjects":{"users":["alice"]},"targets":["*"],"accounts":["*"],
                                 "allow":["shell","exec","telnet","forwarding"]})"}) {
      snapshot_.put(parse_resource(json).value());
    }
  }
  Decision ask(const std::string& target, Permissions at_most) {
    Request request{"alice", {}, target, "deploy", 0, "192.0.2.1"};
    request.proof.at_most = at_most;
    return decide(snapshot_, request);
  }
  static Permissions without(std::initializer_list<Permission> gone) {
    Permissions out = Permissions::all(), taken;
    for (const Permission one : gone) taken.add(one);
    out.remove(taken);
    return out;
  }
  Snapshot snapshot_;
};

TEST_F(ProofLimitsTest, ACertificateTakesAwayAndGivesNothing) {
  EXPECT_THAT(std::get<Grant>(ask("web1", Permissions::all())).permissions.words(),
              ElementsAre("shell", "exec", "forward-local", "forward-remote", "telnet"));
  const Decision less = ask("web1", without({Permission::forward_local, Permission::shell}));
  EXPECT_THAT(std::get<Grant>(less).permissions.words(), ElementsAre("exec", "forward-remote", "telnet"));
  Permissions only_sftp;
  only_sftp.add(Permission::sftp);
  const Decision none = ask("web1", only_sftp);
  EXPECT_EQ(std::get<Denial>(none).reason, DenialReason::proof_limits) << "no policy allows sftp";
  EXPECT_EQ(std::get<Denial>(none).message, "you have no access to deploy on web1 with this certificate");
}

TEST_F(ProofLimitsTest, WhatTheTargetNeedsMustBePermitted) {
  EXPECT_TRUE(std::holds_alternative<Grant>(ask("old1", Permissions::all())));
  for (const Permission gone : {Permission::telnet, Permission::shell}) {
    EXPECT_EQ(std::get<Denial>(ask("old1", without({gone}))).reason, DenialReason::proof_limits);
  }
}

}  // namespace
}  // namespace sallyport::policy
