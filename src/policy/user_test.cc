// SPDX-License-Identifier: Apache-2.0
// Service accounts and security keys in resources, and what decisions make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/decide.h"
#include "policy/sources.h"

namespace sallyport::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kPlain = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAELtSUpBkLLVWBDdjlyGWpWCqJmDmqVnBnFzcE";
constexpr const char* kSecurityKey =
    "sk-ssh-ed25519@openssh.com "
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIKHEChAELtSUpBkLLVWBDdjlyGWpWCqJmDmqVnBnFzcEAAAABHNzaDo=";

User get(const std::string& rest) {
  auto r = parse_resource(R"({"kind":"user","name":"ci")" + rest + "}");
  EXPECT_TRUE(r) << (r ? "" : r.message());
  return r ? std::get<User>(*r) : User{};
}

std::string error(const std::string& rest) {
  const auto r = parse_resource(R"({"kind":"user","name":"ci")" + rest + "}");
  return r ? "(accepted)" : r.message();
}

std::string keyed(const std::string& line) {
  return R"(,"public_keys":[")" + line + R"("])";
}

TEST(ServiceAccount, NamesItsSourcesAndMayBoundItsSessions) {
  const User u = get(R"(,"type":"service","sources":["10.20.0.0/16","fd00::/8"],"sessions":5)");
  EXPECT_TRUE(u.is_service());
  EXPECT_THAT(u.sources, ElementsAre("10.20.0.0/16", "fd00::/8"));
  EXPECT_EQ(u.sessions, 5);
  EXPECT_EQ(parse_resource(to_json(u)).value(), Resource(u));
  EXPECT_FALSE(get("").is_service());
  EXPECT_EQ(get(R"(,"type":"person")"), get(""));
}

TEST(ServiceAccount, WithoutSourcesOrWithWrongOnesItIsRefused) {
  EXPECT_THAT(error(R"(,"type":"service")"), HasSubstr("key 'sources': is missing"));
  EXPECT_THAT(error(R"(,"type":"service","sources":[])"), HasSubstr("must name a block of addresses"));
  EXPECT_THAT(error(R"(,"type":"service","sources":["10.0.0.1/8"])"), HasSubstr("'10.0.0.1/8'"));
  EXPECT_THAT(error(R"(,"type":"service","sources":["host"])"), HasSubstr("'host'"));
  EXPECT_THAT(error(R"(,"type":"service","sources":["10.0.0.0/8"],"sessions":0)"), HasSubstr("key 'sessions'"));
  EXPECT_THAT(error(R"(,"type":"robot")"), HasSubstr("must be person or service"));
  EXPECT_THAT(error(R"(,"sources":["10.0.0.0/8"])"), HasSubstr("is for users with type: service"));
  EXPECT_THAT(error(R"(,"sessions":3)"), HasSubstr("is for users with type: service"));
}

TEST(ServiceAccount, AnAddressThatCannotBeReadIsNowhere) {
  const User u = get(R"(,"type":"service","sources":["10.0.0.0/8","2001:db8::1"])");
  EXPECT_TRUE(may_come_from(u, "10.1.2.3"));
  EXPECT_TRUE(may_come_from(u, "::ffff:10.1.2.3"));
  EXPECT_TRUE(may_come_from(u, "2001:db8::1"));
  EXPECT_FALSE(may_come_from(u, "2001:db8::2"));
  EXPECT_FALSE(may_come_from(u, "11.0.0.1"));
  EXPECT_FALSE(may_come_from(u, ""));
  EXPECT_FALSE(may_come_from(u, "10.1.2.3:22"));
  EXPECT_TRUE(may_come_from(get(""), "anywhere")) << "a person";
}

class ServiceDecision : public ::testing::Test {
 protected:
  void put(const std::string& json) {
    auto r = parse_resource(json);
    ASSERT_TRUE(r) << r.message();
    snapshot_.put(std::move(*r));
  }
  void SetUp() override {
    put(R"({"kind":"user","name":"ci","type":"service","sources":["192.0.2.0/24"],"sessions":3})");
    put(R"({"kind":"target","name":"web1","protocol":"ssh","address":"h1"})");
    put(R"({"kind":"account","name":"deploy","targets":["*"],"login":"certificate"})");
    allow("");
  }
  void allow(const std::string& limits) {
    put(R"({"kind":"policy","name":"ci","subjects":{"users":["ci"]},"targets":["*"],"accounts":["*"],"allow":["exec"])" +
        limits + "}");
  }
  Decision ask(const std::string& source) { return decide(snapshot_, {"ci", {}, "web1", "deploy", 0, source}); }
  std::int64_t most() { return std::get<Grant>(ask("192.0.2.9")).limits.sessions_per_user; }
  Snapshot snapshot_;
};

TEST_F(ServiceDecision, FromElsewhereItIsDenied) {
  EXPECT_TRUE(std::holds_alternative<Grant>(ask("192.0.2.9")));
  for (const char* source : {"198.51.100.1", "", "nonsense"}) {
    const Decision d = ask(source);
    ASSERT_TRUE(std::holds_alternative<Denial>(d)) << source;
    EXPECT_EQ(std::get<Denial>(d).reason, DenialReason::outside_sources);
    EXPECT_THAT(std::get<Denial>(d).detail, HasSubstr("service account 'ci'"));
    EXPECT_EQ(std::get<Denial>(d).message, "you have no access to deploy on web1 from this address");
  }
}

TEST_F(ServiceDecision, TheLowerNumberOfSessionsHolds) {
  EXPECT_EQ(most(), 3);
  allow(R"(,"limits":{"sessions_per_user":2})");
  EXPECT_EQ(most(), 2);
  allow(R"(,"limits":{"sessions_per_user":7})");
  EXPECT_EQ(most(), 3);
}

TEST(SecurityKeyLine, MayHaveOptionsInFront) {
  for (const char* options : {"", "no-touch-required ", "verify-required ", "verify-required,no-touch-required "}) {
    const std::string line = std::string(options) + kSecurityKey;
    EXPECT_THAT(get(keyed(line)).public_keys, ElementsAre(line));
    EXPECT_EQ(parse_resource(to_json(get(keyed(line)))).value(), Resource(get(keyed(line))));
  }
  EXPECT_THAT(error(keyed(std::string("no-touch-required ") + kPlain)), HasSubstr("for keys of security keys alone"));
  EXPECT_THAT(error(keyed(std::string("no-touch-required,restrict ") + kSecurityKey)), HasSubstr("no other option"));
  EXPECT_THAT(error(keyed(std::string("restrict ") + kSecurityKey)), HasSubstr("item 1: a key line is"));
  EXPECT_THAT(error(keyed("verify-required")), HasSubstr("item 1"));
}

TEST(SecurityKeyLine, OptionsAreForUsersAlone) {
  const auto r =
      parse_resource(R"({"kind":"target","name":"t","protocol":"ssh","address":"h","host_ca":["verify-required )" +
                     std::string(kSecurityKey) + R"("]})");
  EXPECT_FALSE(r);
}

}  // namespace
}  // namespace sallyport::policy
