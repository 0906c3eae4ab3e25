// SPDX-License-Identifier: Apache-2.0
// The end of a session as the client sees it.
#include "front/ssh/front_fixture_test.h"

namespace sallyport::front::ssh {
namespace {

TEST_F(Front, TerminateShowsItsTextAndEndsAtOnce) {
  start_live();
  shell(nullptr);
  ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 2; }));
  ipc::BrokerToFront m;
  m.mutable_terminate()->set_text("over and out");
  stage.broker.tell_front(m);
  const auto began = stage.clock.monotonic_us();
  ASSERT_TRUE(stage.until([&] { return stage.client->disconnected; }));
  ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  EXPECT_LT(stage.clock.monotonic_us() - began, 1'000'000);
  EXPECT_EQ(got().err, "over and out\n");
  EXPECT_TRUE(got().closed);
  EXPECT_EQ(stage.broker.front_ended, "terminated");
}

}  // namespace
}  // namespace sallyport::front::ssh
