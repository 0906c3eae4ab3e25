// SPDX-License-Identifier: Apache-2.0
// Each kind of finding, its reason, and that a policy called useless is: without it every decision is the same.
#include "policy/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LintTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put(R"({"kind":"user","name":"alice","groups":["ops"]})");
    put(R"({"kind":"user","name":"bob","groups":["dba"]})");
    put(R"({"kind":"user","name":"carol","groups":["gone"],"disabled":true})");
    put(R"({"kind":"target","name":"web1","protocol":"ssh","address":"h","labels":{"env":"prod","os":"linux"}})");
    put(R"({"kind":"target","name":"db1","protocol":"ssh","address":"h","labels":{"env":"stage"}})");
    put(R"({"kind":"account","name":"deploy","targets":{"env":"prod"},"login":"key"})");
    put(R"({"kind":"account","name":"root","targets":["*"],"login":"key"})");
  }
  void put(const std::string& json) {
    auto r = parse_resource(json);
    ASSERT_TRUE(r) << r.message();
    snapshot_.put(std::move(*r));
  }
  void rule(const std::string& name, const std::string& subjects, const std::string& targets,
            const std::string& accounts, const std::string& rest) {
    put(R"({"kind":"policy","name":")" + name + R"(","subjects":)" + subjects + R"(,"targets":)" + targets +
        R"(,"accounts":)" + accounts + "," + rest + "}");
  }
  std::vector<Finding> found() { return lint(snapshot_, 1'000'000); }
  Snapshot snapshot_;
};

constexpr const char* kOps = R"({"groups":["ops"]})";
constexpr const char* kAll = R"({"users":["*"]})";
constexpr const char* kProd = R"({"env":"prod"})";
constexpr const char* kDeploy = R"(["deploy"])";
constexpr const char* kAny = R"(["*"])";
constexpr const char* kShell = R"("allow":["shell"])";
constexpr const char* kDeny = R"("effect":"deny")";

TEST_F(LintTest, NothingIsWrongWithAPlainPolicy) {
  rule("p", kOps, kProd, kDeploy, kShell);
  rule("freeze", kAll, kProd, kAny, R"("effect":"deny","when":{"days":["sun"]})");
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(LintTest, Unreachable) {
  const auto only = [&](const char* reason) {
    const auto all = found();
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].kind, Finding::Kind::unreachable);
    EXPECT_THAT(all[0].reason, HasSubstr(reason));
  };
  rule("p", R"({"groups":["gone"]})", kProd, kDeploy, kShell);
  only("none of its subjects");
  rule("p", R"({"users":["carol"]})", kProd, kDeploy, kShell);
  only("none of its subjects");
  rule("p", kOps, R"({"env":"prod","os":"bsd"})", kDeploy, kShell);
  only("choose no target");
  rule("p", kOps, R"(["db1"])", kDeploy, kShell);
  only("none of its accounts");
  rule("p", kOps, kProd, kDeploy, R"("allow":["shell"],"when":{"valid_until":"1970-01-01T00:00:01Z"})");
  only("it held until 1970-01-01T00:00:01Z");
}

TEST_F(LintTest, ShadowedByADenial) {
  rule("a-freeze", kAll, R"(["*"])", kAny, kDeny);
  rule("p", kOps, kProd, kDeploy, R"("allow":["shell"],"require":{"reason":true})");
  auto all = found();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0],
            (Finding{Finding::Kind::shadowed, "p", "a-freeze", "policy a-freeze refuses everything that it is about"}));
  rule("a-freeze", kAll, kProd, kAny, R"("deny":["shell","exec"])");
  rule("p", kOps, kProd, kDeploy, kShell);
  all = found();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_THAT(all[0].reason, HasSubstr("takes away all that it allows"));
}

TEST_F(LintTest, ShadowedByAWiderAllowance) {
  rule("wide", R"({"groups":["ops","dba"]})", R"({"env":["prod","stage"]})", R"(["deploy","root"])",
       R"("allow":["shell","exec"])");
  rule("narrow", R"({"users":["alice"]})", R"({"env":"prod","os":"linux"})", kDeploy, kShell);
  auto all = found();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].policy, "narrow");
  EXPECT_EQ(all[0].other, "wide");
  rule("narrow", R"({"users":["alice"]})", kProd, kDeploy, R"("allow":["shell"],"limits":{"idle":"5m"})");
  EXPECT_THAT(found(), IsEmpty()) << "its limit holds beside the wider allowance";
  rule("narrow", R"({"users":["alice"]})", kProd, kDeploy, R"("allow":["sftp"])");
  EXPECT_THAT(found(), IsEmpty());
  rule("wide", kOps, kProd, R"(["deploy"])", R"("allow":["shell"],"when":{"days":["mon"]})");
  rule("narrow", kOps, kProd, kDeploy, kShell);
  all = found();
  ASSERT_THAT(all, SizeIs(1)) << "what holds on Mondays only is covered, and not the other way round";
  EXPECT_EQ(all[0].policy, "wide");
}

TEST_F(LintTest, OfTwoTwinsOneIsUseless) {
  rule("a", kOps, kProd, kDeploy, kShell);
  rule("b", kOps, kProd, kDeploy, kShell);
  const auto all = found();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].policy, "b");
  EXPECT_EQ(all[0].other, "a");
}

TEST_F(LintTest, OverBroad) {
  rule("p", kAll, R"(["*"])", kDeploy, kShell);
  auto all = found();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].kind, Finding::Kind::over_broad);
  EXPECT_EQ(all[0].reason, "it allows every user and every target");
  rule("p", kOps, kProd, kDeploy, R"("allow":["shell"],"when":{"from":["0.0.0.0/0"]})");
  EXPECT_THAT(found().at(0).reason, HasSubstr("every address"));
  rule("p", kAll, R"(["*"])", kAny, kDeny);
  EXPECT_THAT(found(), IsEmpty()) << "a denial may be broad";
}

TEST_F(LintTest, UnknownNames) {
  rule("p", R"({"users":["alice","eve"]})", R"(["web1","web9"])", R"(["deploy","nobody"])", kShell);
  const auto all = found();
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].kind, Finding::Kind::unknown_name);
  EXPECT_EQ(all[0].reason, "nobody declared user eve, target web9, account nobody");
}

}  // namespace
}  // namespace sallyport::policy
