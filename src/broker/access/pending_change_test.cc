// SPDX-License-Identifier: Apache-2.0
// Who may decide which change, and that its steps come back as they were.
#include "broker/access/pending_change.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

using base::Errc;

store::ChangeRow change(bool emergency = false) {
  store::ChangeRow out;
  out.id = "c1";
  out.state = emergency ? "applied" : "waiting";
  out.author = "alice";
  out.created_us = 100;
  out.decide_by_us = 200;
  out.emergency = emergency;
  return out;
}

Errc code(const base::Status& status) {
  EXPECT_FALSE(status);
  return status ? Errc::internal : status.error().code;
}

TEST(PendingChange, StepsComeBackAsTheyWere) {
  using What = ChangeStep::What;
  const std::vector<ChangeStep> steps{{What::put, "policy", "p", R"({"name":"p"})", 3},
                                      {What::remove, "user", "eve", "", 1},
                                      {What::add_key, "user", "bob", "ssh-ed25519 AAAA x", 2},
                                      {What::password, "user", "bob", "", 2},
                                      {What::secret, "account", "root", "", 1},
                                      {What::remove_totp, "user", "bob", "", 2}};
  const auto back = steps_in(text_of(steps));
  ASSERT_TRUE(back) << back.message();
  EXPECT_EQ(*back, steps);
  EXPECT_TRUE(has_secret(steps[3]) && has_secret(steps[4]) && !has_secret(steps[2]));
}

TEST(PendingChange, WhatIsNotUnderstoodIsNoChange) {
  for (const char* text : {"", "[]", "{}", "[{}]", R"([{"what":"grant","kind":"user","name":"a","text":"","seen":1}])",
                           R"([{"what":"put","kind":"user","name":"a","text":"","seen":"1"}])",
                           R"([{"what":"put","kind":"user","name":"a","text":"","seen":1,"more":1}])",
                           R"([{"what":"put","kind":"user","name":"a","seen":1}])"}) {
    const auto steps = steps_in(text);
    ASSERT_FALSE(steps) << text;
    EXPECT_EQ(steps.error().code, Errc::corrupt) << text;
  }
}

TEST(PendingChange, NobodyDecidesTheirOwn) {
  EXPECT_EQ(code(may_decide(change(), "alice", 150)), Errc::denied);
  EXPECT_TRUE(may_decide(change(), "bob", 150));
  EXPECT_TRUE(may_decide(change(), policy::kRoot, 150));
  auto of_root = change();
  of_root.author = policy::kRoot;
  EXPECT_EQ(code(may_decide(of_root, policy::kRoot, 150)), Errc::denied);
}

TEST(PendingChange, OnlyItsAuthorTakesItBack) {
  EXPECT_TRUE(may_cancel(change(), "alice", 150));
  EXPECT_EQ(code(may_cancel(change(), "bob", 150)), Errc::denied);
  EXPECT_EQ(code(may_cancel(change(), policy::kRoot, 150)), Errc::denied);
}

TEST(PendingChange, ItsTimeEndsAtTheMicrosecond) {
  EXPECT_TRUE(may_decide(change(), "bob", 199));
  EXPECT_EQ(code(may_decide(change(), "bob", 200)), Errc::invalid);
  EXPECT_EQ(*state_at(change(), 200), ChangeState::expired);
  EXPECT_EQ(code(may_decide(change(), "bob", 99)), Errc::invalid) << "the clock was set back before it was made";
  EXPECT_EQ(code(may_cancel(change(), "alice", 200)), Errc::invalid);
}

TEST(PendingChange, WhatIsDecidedStaysSo) {
  for (const char* state : {"applied", "denied", "cancelled", "stale", "expired"}) {
    auto decided = change();
    decided.state = state;
    EXPECT_EQ(code(may_decide(decided, "bob", 150)), Errc::invalid) << state;
    EXPECT_STREQ(to_string(*state_at(decided, 150)), state);
  }
  auto odd = change();
  odd.state = "granted";
  EXPECT_EQ(code(may_decide(odd, "bob", 150)), Errc::corrupt);
}

TEST(PendingChange, AnEmergencyIsReviewedOnceAndByAnother) {
  EXPECT_EQ(code(may_review(change(), "bob")), Errc::invalid) << "no emergency";
  EXPECT_EQ(code(may_review(change(true), "alice")), Errc::denied);
  EXPECT_TRUE(may_review(change(true), "bob"));
  auto reviewed = change(true);
  reviewed.reviewed_by = "bob";
  EXPECT_EQ(code(may_review(reviewed, "carol")), Errc::invalid);
}

TEST(PendingChange, WhoIsAnAdministrator) {
  policy::Snapshot resources;
  const auto put = [&](const char* json) { resources.put(*policy::parse_resource(json)); };
  put(R"({"kind":"user","name":"alice","roles":["administrator"]})");
  put(R"({"kind":"user","name":"bob","groups":["heads"]})");
  put(R"({"kind":"user","name":"dan","roles":["administrator"],"disabled":true})");
  put(R"({"kind":"user","name":"eve","roles":["auditor","approver"]})");
  put(R"({"kind":"role","name":"heads","role":"administrator","subjects":{"groups":["heads"]}})");
  EXPECT_TRUE(is_administrator(resources, "alice"));
  EXPECT_TRUE(is_administrator(resources, "bob"));
  EXPECT_FALSE(is_administrator(resources, "dan"));
  EXPECT_FALSE(is_administrator(resources, "eve"));
  EXPECT_FALSE(is_administrator(resources, "nobody"));
  EXPECT_TRUE(is_administrator(resources, policy::kRoot));
}

}  // namespace
}  // namespace sallyport::broker
