// SPDX-License-Identifier: Apache-2.0
// How one leg waits for the other.
#include "broker/session/relay_legs.h"

#include <gtest/gtest.h>

#include "broker/session/session_fakes_test.h"

namespace sallyport::broker {
namespace {

class LegsTest : public ::testing::Test {
 protected:
  void hold(Direction from, std::size_t bytes) { held.push({from, 0}, base::Bytes(bytes, 'x')); }

  FakeFront front;
  FakeBack back;
  HeldBudget budget;
  HeldEvents held{budget, "alice"};
  RelayLegs legs{front};
};

TEST_F(LegsTest, TheFrontKeepsItsEventsWhileMuchWaits) {
  hold(Direction::up, 1025UL * 1024);
  legs.press(held);
  EXPECT_TRUE(front.keeps_events);
  held.clear();
  legs.press(held);
  EXPECT_FALSE(front.keeps_events);
}

TEST_F(LegsTest, EachWaitsForTheOtherOne) {
  legs.open(back);
  back.is_congested = true;
  legs.press(held);
  EXPECT_TRUE(front.unread);
  EXPECT_FALSE(back.unread);
  EXPECT_TRUE(legs.congested());
  back.is_congested = false;
  front.is_congested = true;
  legs.press(held);
  EXPECT_FALSE(front.unread);
  EXPECT_TRUE(back.unread);
  EXPECT_TRUE(legs.congested());
  front.is_congested = false;
  hold(Direction::down, 1025UL * 1024);
  legs.press(held);
  EXPECT_TRUE(back.unread) << "what it said waits already";
  EXPECT_FALSE(legs.congested());
}

TEST_F(LegsTest, ALegThatIsGoneIsInNobodysWay) {
  legs.open(back);
  back.is_congested = true;
  legs.back_gone();
  EXPECT_FALSE(legs.congested());
  front.is_congested = true;
  legs.front_gone();
  EXPECT_FALSE(legs.congested());
  legs.send(Direction::down, base::view(std::string_view("late")));
  EXPECT_TRUE(front.events.empty());
}

TEST_F(LegsTest, AfterTheStopNobodyIsHeld) {
  legs.open(back);
  hold(Direction::down, 1025UL * 1024);
  legs.stop();
  legs.press(held);
  EXPECT_FALSE(back.unread);
}

}  // namespace
}  // namespace sallyport::broker
