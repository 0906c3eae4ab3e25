// SPDX-License-Identifier: Apache-2.0
// Blocks that go on, and those that wait.
#include "broker/session/block_acks.h"

#include <gtest/gtest.h>

#include "broker/session/session_fakes_test.h"
#include "event/event.pb.h"

namespace sallyport::broker {
namespace {

class BlockAcksTest : public ::testing::Test {
 protected:
  BlockAcksTest() {
    handle.attach([](const ControlAct&, const std::function<void(base::Status)>&) {}, [](bool, const std::string&) {});
  }
  static event::StreamBlock block(std::uint64_t number, bool up) {
    event::StreamBlock out;
    out.set_number(number);
    out.set_up(up);
    return out;
  }
  void pause() {
    handle.control({ControlAction::pause, "admin", ""}, [](const base::Status&) {});
    handle.carry_out(ControlAction::pause, 1);
  }
  void resume() { handle.carry_out(ControlAction::resume, 1); }

  FakeBack back;
  SessionHandle handle{SessionInfo{}};
};

TEST_F(BlockAcksTest, WhatIsInTheRecordGoesOn) {
  BlockAcks acks(back, handle, false);
  EXPECT_FALSE(acks.must_sync(block(1, true)));
  EXPECT_EQ(back.acknowledged, 1U);
  EXPECT_FALSE(acks.must_sync(block(2, false)));
  EXPECT_EQ(back.acknowledged, 2U);
}

TEST_F(BlockAcksTest, UnderStrictOneForTheTargetWaitsForTheDiskAndThoseBehindItInTurn) {
  BlockAcks acks(back, handle, true);
  EXPECT_FALSE(acks.must_sync(block(1, false)));
  EXPECT_TRUE(acks.must_sync(block(2, true)));
  EXPECT_TRUE(acks.must_sync(block(3, false)));
  EXPECT_EQ(back.acknowledged, 1U);
  acks.synced(2);
  EXPECT_EQ(back.acknowledged, 2U);
  acks.synced(3);
  EXPECT_EQ(back.acknowledged, 3U);
  EXPECT_FALSE(acks.must_sync(block(4, false)));
}

TEST_F(BlockAcksTest, AShutGateKeepsThemAndGivesTheLastOneWhenItOpens) {
  BlockAcks acks(back, handle, false);
  pause();
  ASSERT_TRUE(handle.gate_shut());
  EXPECT_FALSE(acks.must_sync(block(1, true)));
  EXPECT_FALSE(acks.must_sync(block(2, true)));
  acks.go_on();
  EXPECT_EQ(back.acknowledged, 0U);
  resume();
  acks.go_on();
  EXPECT_EQ(back.acknowledged, 2U);
}

TEST_F(BlockAcksTest, AfterABreachNoneGoesOn) {
  BlockAcks acks(back, handle, true);
  EXPECT_TRUE(acks.must_sync(block(1, true)));
  acks.stop();
  acks.synced(1);
  acks.go_on();
  EXPECT_EQ(back.acknowledged, 0U);
}

}  // namespace
}  // namespace sallyport::broker
