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

struct LastWords : Front {
  static constexpr std::size_t kBytes = 2 << 20;  // the client's window: more than sockets take
  enum class Said { exit, exit_and_close, nothing };

  /// A program's output that the client does not read yet, what the target said of its end, and the session's end.
  void end(Said said, const char* text) {
    start_live();
    shell(nullptr);
    ASSERT_TRUE(stage.until([&] { return stage.broker.up.size() == 2; }));
    stage.client->reading = false;
    event::Event event;
    event.mutable_channel_opened()->set_window(100'000);
    stage.broker.event_to_front(event);
    event.mutable_request_answer()->set_ok(true);
    stage.broker.event_to_front(event);
    event.mutable_data()->set_bytes(std::string(32 * 1024, 'x'));
    for (std::size_t sent = 0; sent < kBytes; sent += 32 * 1024) stage.broker.event_to_front(event);
    stage.settle();
    if (said != Said::nothing) {
      event.mutable_exit()->set_status(0);
      stage.broker.event_to_front(event);
    }
    if (said == Said::exit_and_close) {
      event.mutable_close()->set_main_total(kBytes);
      stage.broker.event_to_front(event);
    }
    ipc::BrokerToFront m;
    m.mutable_terminate()->set_text(text);
    stage.broker.tell_front(m);
    stage.settle(700'000);
    stage.client->reading = true;
    ASSERT_TRUE(stage.until([&] { return stage.broker.front_gone; }));
  }
};

TEST_F(LastWords, AreHeardAndTheStatusStays) {
  end(Said::exit_and_close, "");
  EXPECT_EQ(got().bytes, kBytes);
  EXPECT_EQ(got().exit_status, 0);
  EXPECT_TRUE(got().closed);
  EXPECT_EQ(stage.broker.front_ended, "terminated");
}

TEST_F(LastWords, AreHeardThoughSomebodyEndsTheSession) {
  end(Said::exit_and_close, "over");
  EXPECT_EQ(got().bytes, kBytes);
  EXPECT_EQ(got().err, "");
  EXPECT_EQ(got().exit_status, 0);
  EXPECT_TRUE(got().closed);
}

TEST_F(LastWords, AreHeardWithoutTheTargetsClose) {
  end(Said::exit, "");
  EXPECT_EQ(got().bytes, kBytes);
  EXPECT_EQ(got().exit_status, 0);
  EXPECT_TRUE(got().closed);
}

TEST_F(LastWords, AreHeardOfATargetThatHungUpInMidSentence) {
  end(Said::nothing, "");
  EXPECT_EQ(got().bytes, kBytes);
  EXPECT_EQ(got().exit_status, 255);
  EXPECT_TRUE(got().closed);
}

}  // namespace
}  // namespace sallyport::front::ssh
