// SPDX-License-Identifier: Apache-2.0
// Acts that cross on their way to a session's loop.
#include "broker/session_handle.h"

#include <gtest/gtest.h>

#include <deque>

namespace sallyport::broker {
namespace {

SessionInfo live_session() {
  SessionInfo info;
  info.id = "s1";
  info.state = SessionState::live;
  return info;
}

// A loop that is behind: it has heard of the acts and carried none out.
class SlowLoop : public testing::Test {
 protected:
  SlowLoop() {
    handle.attach([this](ControlAct act, std::function<void(base::Status)>) { heard.push_back(act.action); },
                  [](bool, std::string) {});
  }
  base::Status act(ControlAction action) {
    base::Status out;
    handle.control({action, "admin", ""}, [&out](base::Status status) { out = std::move(status); });
    return out;
  }

  SessionHandle handle{live_session()};
  std::deque<ControlAction> heard;
};

TEST_F(SlowLoop, APauseBehindAResumeStaysInForce) {
  EXPECT_TRUE(act(ControlAction::pause));
  handle.shutting_carried_out();
  EXPECT_TRUE(act(ControlAction::resume));
  EXPECT_TRUE(act(ControlAction::pause));
  EXPECT_FALSE(handle.open_gate()) << "the loop carries out the resume, and the pause is newer";
  EXPECT_TRUE(handle.gate_shut());
  handle.shutting_carried_out();
  EXPECT_TRUE(handle.gate_shut());
  EXPECT_EQ(handle.info().state, SessionState::paused);
  EXPECT_TRUE(act(ControlAction::resume));
  EXPECT_TRUE(handle.open_gate());
  EXPECT_FALSE(handle.gate_shut());
  EXPECT_EQ(handle.info().state, SessionState::live);
}

TEST_F(SlowLoop, ASuspendIsNotUndoneByAnEarlierPassword) {
  EXPECT_TRUE(act(ControlAction::suspend));
  EXPECT_FALSE(handle.open_gate());
  EXPECT_EQ(handle.info().state, SessionState::suspended);
}

TEST_F(SlowLoop, NothingOpensWhatIsTerminated) {
  EXPECT_TRUE(act(ControlAction::pause));
  handle.shutting_carried_out();
  EXPECT_TRUE(act(ControlAction::resume));
  EXPECT_TRUE(act(ControlAction::terminate));
  EXPECT_FALSE(handle.open_gate());
  EXPECT_TRUE(handle.gate_shut());
  EXPECT_TRUE(handle.terminating());
}

TEST_F(SlowLoop, WhatIsPausedWhileItOpensCanBeResumed) {
  handle.update([](SessionInfo& info) { info.state = SessionState::opening; });
  EXPECT_TRUE(act(ControlAction::pause));
  EXPECT_EQ(handle.info().state, SessionState::paused);
  EXPECT_TRUE(act(ControlAction::resume));
}

}  // namespace
}  // namespace sallyport::broker
