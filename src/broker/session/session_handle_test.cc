// SPDX-License-Identifier: Apache-2.0
// Acts that cross on their way to a session's loop.
#include "broker/session/session_handle.h"

#include <gtest/gtest.h>

#include <deque>

namespace sallyport::broker {
namespace {

SessionInfo a_session() {
  SessionInfo info;
  info.id = "s1";
  return info;
}

// A loop that is behind: it has heard of the acts and carried none out.
class SlowLoop : public testing::Test {
 protected:
  SlowLoop() {
    handle.attach([this](ControlAct act, std::function<void(base::Status)>) { heard.push_back(act.action); },
                  [](bool, std::string) {});
    handle.went_live();
  }
  void carry_out(ControlAction action) { handle.carry_out(action, ++now); }
  base::Status act(ControlAction action) {
    base::Status out;
    handle.control({action, "admin", ""}, [&out](base::Status status) { out = std::move(status); });
    return out;
  }

  SessionHandle handle{a_session()};
  std::deque<ControlAction> heard;
  base::Micros now = 0;
};

TEST_F(SlowLoop, APauseBehindAResumeStaysInForce) {
  EXPECT_TRUE(act(ControlAction::pause));
  carry_out(ControlAction::pause);
  EXPECT_TRUE(act(ControlAction::resume));
  EXPECT_TRUE(act(ControlAction::pause));
  carry_out(ControlAction::resume);
  EXPECT_TRUE(handle.gate_shut()) << "the loop carries out the resume, and the pause is newer";
  carry_out(ControlAction::pause);
  EXPECT_TRUE(handle.gate_shut());
  EXPECT_EQ(handle.info().state, SessionState::paused);
  EXPECT_TRUE(act(ControlAction::resume));
  carry_out(ControlAction::resume);
  EXPECT_FALSE(handle.gate_shut());
  EXPECT_EQ(handle.info().state, SessionState::live);
}

TEST_F(SlowLoop, ASuspendIsNotUndoneByAnEarlierPassword) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_FALSE(handle.take_proof(++now));
  EXPECT_TRUE(handle.gate_shut());
  EXPECT_EQ(handle.info().state, SessionState::suspended);
}

TEST_F(SlowLoop, NothingOpensWhatIsTerminated) {
  EXPECT_TRUE(act(ControlAction::pause));
  carry_out(ControlAction::pause);
  EXPECT_TRUE(act(ControlAction::resume));
  EXPECT_TRUE(act(ControlAction::terminate));
  carry_out(ControlAction::resume);
  EXPECT_TRUE(handle.gate_shut());
  EXPECT_TRUE(handle.terminating());
  EXPECT_FALSE(act(ControlAction::resume));
}

TEST(SessionHandle, WhatIsPausedWhileItOpensCanBeResumed) {
  SessionHandle handle{a_session()};
  handle.attach([](const ControlAct&, const std::function<void(base::Status)>&) {}, [](bool, const std::string&) {});
  handle.control({ControlAction::pause, "admin", ""}, [](const base::Status&) {});
  EXPECT_EQ(handle.info().state, SessionState::paused);
  handle.carry_out(ControlAction::pause, 1);
  handle.control({ControlAction::resume, "admin", ""}, [](const base::Status&) { FAIL() << "it makes sense"; });
  handle.carry_out(ControlAction::resume, 2);
  EXPECT_EQ(handle.info().state, SessionState::opening);
  handle.went_live();
  EXPECT_EQ(handle.info().state, SessionState::live);
}

}  // namespace
}  // namespace sallyport::broker
