// SPDX-License-Identifier: Apache-2.0
// Supervisors who come, leave and lose their right, with fakes of all that is around the supervision.
#include "broker/session/session_supervision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/session/session_fakes_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SupervisionTest : public ::testing::Test, public SessionSupervision::Owner {
 protected:
  SupervisionTest() {
    SessionInfo info;
    info.id = "s1";
    info.user = "alice";
    handle = std::make_shared<SessionHandle>(info);
    handle->went_live();
    for (const char* name : {"alice", "bob", "carol"}) {
      policy::User user;
      user.name = name;
      user.groups = {"leads"};
      resources.put(user);
    }
    demand({{}, {"leads"}, 900});
  }
  void demand(const policy::SupervisorRule& rule) { handle->demand_supervisors({rule}, resources); }
  std::uint64_t join(const std::string& user) {
    const std::uint64_t watch = handle->watcher_joined({"local:" + user, user, false}, resources);
    supervision.look();
    return watch;
  }
  void leave(std::uint64_t watch) {
    handle->watcher_left(watch);
    EXPECT_TRUE(ended.empty());
  }
  void change(const std::string& user, const std::vector<std::string>& groups) {
    policy::User changed = *resources.user(user);
    changed.groups = groups;
    resources.put(changed);
    handle->review_supervision(resources);
  }

  void note_supervision(const std::string& action, const std::string& actor, const std::string& text) override {
    notes.push_back(action + " by " + actor);
    texts.push_back(text);
  }
  void tell_waiting(const std::string& text) override { told.push_back(text); }
  void tell_supervised(const std::string& text) override { told.push_back(text); }
  void supervised() override { ++opened; }
  void supervisor_missing(const std::string& reason, const std::string&) override { ended = reason; }

  policy::Snapshot resources;
  std::shared_ptr<SessionHandle> handle;
  HandClock clock;
  HandAlarm alarm;
  std::vector<std::string> notes, texts, told;
  unsigned opened = 0;
  std::string ended;
  SessionSupervision supervision{*this, alarm, clock};
};

TEST_F(SupervisionTest, ASessionWaitsForASupervisorAndGoesOn) {
  EXPECT_TRUE(handle->gate_shut()) << "from its beginning";
  supervision.begin(handle);
  EXPECT_EQ(opened, 0U);
  EXPECT_EQ(handle->info().state, SessionState::unsupervised);
  EXPECT_THAT(told, ElementsAre(HasSubstr("needs a supervisor")));
  EXPECT_THAT(told.back(), HasSubstr("one of the group leads"));
  EXPECT_EQ(alarm.delay_us, 900'000'000);
  join("bob");
  EXPECT_EQ(opened, 1U);
  EXPECT_FALSE(handle->gate_shut());
  EXPECT_FALSE(alarm.is_set());
  EXPECT_THAT(told.back(), HasSubstr("local:bob supervises"));
  EXPECT_THAT(notes, ElementsAre("await-supervisor by sallyport", "supervise by local:bob"));
}

TEST_F(SupervisionTest, NobodySupervisesTheirOwn) {
  supervision.begin(handle);
  join("alice");
  EXPECT_TRUE(handle->gate_shut());
  EXPECT_EQ(opened, 0U);
  EXPECT_THAT(notes, ElementsAre("await-supervisor by sallyport"));
}

TEST_F(SupervisionTest, TheGateIsShutBeforeTheLoopHearsThatTheLastOneLeft) {
  supervision.begin(handle);
  const auto bob = join("bob");
  leave(bob);
  EXPECT_TRUE(handle->gate_shut());
  supervision.look();
  EXPECT_THAT(told.back(), HasSubstr("is missing now, so it is paused"));
  EXPECT_TRUE(alarm.is_set());
  EXPECT_THAT(notes, ElementsAre("await-supervisor by sallyport", "supervise by local:bob", "unsupervise by local:bob",
                                 "await-supervisor by sallyport"));
  EXPECT_THAT(texts[2], HasSubstr("since 19")) << "from when";
  alarm.ring();
  EXPECT_EQ(ended, "no supervisor");
}

TEST_F(SupervisionTest, OneOfTwoMayLeave) {
  supervision.begin(handle);
  const auto bob = join("bob");
  const auto carol = join("carol");
  leave(bob);
  EXPECT_FALSE(handle->gate_shut());
  supervision.look();
  EXPECT_FALSE(alarm.is_set());
  leave(carol);
  EXPECT_TRUE(handle->gate_shut());
}

TEST_F(SupervisionTest, ASupervisorWhoLeavesWhileTheSessionOpensOpensNothing) {
  const auto bob = join("bob");
  EXPECT_TRUE(handle->gate_shut()) << "only the loop opens it, when the session is live";
  leave(bob);
  supervision.begin(handle);
  EXPECT_EQ(opened, 0U);
  EXPECT_TRUE(handle->gate_shut());
}

TEST_F(SupervisionTest, WhoComesAndLeavesBeforeTheLoopLooksOpensNothing) {
  supervision.begin(handle);
  leave(handle->watcher_joined({"local:bob", "bob", false}, resources));
  supervision.look();
  EXPECT_EQ(opened, 0U);
  EXPECT_TRUE(handle->gate_shut());
}

TEST_F(SupervisionTest, WhoLosesTheGroupSupervisesNoMore) {
  supervision.begin(handle);
  join("bob");
  change("bob", {"ops"});
  EXPECT_TRUE(handle->gate_shut());
  supervision.look();
  EXPECT_TRUE(alarm.is_set());
  change("bob", {"leads"});
  EXPECT_TRUE(handle->gate_shut()) << "only the loop opens it";
  supervision.look();
  EXPECT_FALSE(handle->gate_shut());
  EXPECT_EQ(opened, 2U);
}

TEST_F(SupervisionTest, EachRuleNeedsSomebodyAndNoRuleIsForgotten) {
  demand({{"carol"}, {}, 60});
  supervision.begin(handle);
  EXPECT_EQ(alarm.delay_us, 60'000'000) << "the shortest";
  join("bob");
  EXPECT_TRUE(handle->gate_shut());
  EXPECT_TRUE(alarm.is_set()) << "the time runs on";
  join("carol");
  EXPECT_FALSE(handle->gate_shut());
  handle->demand_supervisors({}, resources);
  EXPECT_EQ(handle->supervision().rules().size(), 2U);
  demand({{"dave"}, {}, 60});
  EXPECT_TRUE(handle->gate_shut()) << "what is demanded later counts, too";
}

TEST_F(SupervisionTest, AnAdministratorsResumeDoesNotOpenIt) {
  supervision.begin(handle);
  handle->attach([](const ControlAct&, const std::function<void(base::Status)>& done) { done({}); },
                 [](bool, const auto&) {});
  base::Status answer;
  handle->control({ControlAction::resume, "admin", ""}, [&answer](base::Status status) { answer = std::move(status); });
  EXPECT_FALSE(answer);
  EXPECT_THAT(answer.message(), HasSubstr("waits for a supervisor"));
  EXPECT_TRUE(handle->gate_shut());
}

TEST_F(SupervisionTest, TheEndIsNotedForWhoeverSupervises) {
  supervision.begin(handle);
  join("bob");
  supervision.stop();
  EXPECT_EQ(notes.back(), "unsupervise by local:bob");
  EXPECT_FALSE(alarm.is_set());
}

TEST(Unsupervised, ASessionWithoutRulesIsReadyAtOnce) {
  SessionHandle handle({});
  EXPECT_FALSE(handle.gate_shut());
  handle.watcher_left(handle.watcher_joined({"local:bob", "bob", false}, {}));
  EXPECT_FALSE(handle.gate_shut());
}

}  // namespace
}  // namespace sallyport::broker
