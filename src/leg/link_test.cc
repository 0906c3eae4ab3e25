// SPDX-License-Identifier: Apache-2.0
// A worker's connection against a broker that is slow, silent, gone or wrong.
#include "leg/link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "leg/zygote.h"

namespace sallyport::leg {
namespace {

using ipc::Transfer;

struct LinkTest : ::testing::Test {
  base::SystemClock clock;
  Loop loop{clock};
  ipc::SocketPair pair = std::move(ipc::make_socket_pair(32768).value());
  base::Bytes buffer = base::Bytes(ipc::kMaxMessageBytes);
  std::vector<std::string> received;
  Link link{loop, pair.worker.get(), [this](base::ByteView m, std::span<base::Fd> fds) {
              received.emplace_back(base::text(m));
              if (!fds.empty()) kept = std::move(fds[0]);
              if (received.back() == "stop") loop.stop(1);
              if (received.back() == "pause") link.pause_receiving();
            }};
  base::Fd kept;

  void broker_sends(std::string_view text) {
    ASSERT_EQ(ipc::send(pair.broker.get(), base::view(text)).value(), Transfer::done);
  }
};

TEST_F(LinkTest, DeliversWholeMessagesInOrder) {
  for (const char* m : {"one", "two", "stop", "never read"}) broker_sends(m);
  EXPECT_EQ(loop.run(), 1);
  EXPECT_EQ(received, (std::vector<std::string>{"one", "two", "stop"}));
}

TEST_F(LinkTest, HandsOverDescriptorsAndClosesTheRest) {
  const int fds[] = {0, 1};
  ASSERT_EQ(ipc::send_with_fds(pair.broker.get(), base::view("stop"), fds).value(), Transfer::done);
  const int next = ::dup(0);
  ::close(next);
  EXPECT_EQ(loop.run(), 1);
  EXPECT_TRUE(kept);
  const int after = ::dup(0);
  ::close(after);
  EXPECT_EQ(after, next + 1);  // one was kept, the other closed
}

TEST_F(LinkTest, QueuesWhatTheBrokerDoesNotTakeAndKeepsTheOrder) {
  int sent = 0;
  while (!link.congested()) link.send(base::view("message " + std::to_string(sent++) + std::string(4000, 'x')));
  for (int i = 0; i < 50; ++i) link.send(base::view("message " + std::to_string(sent++) + std::string(4000, 'x')));
  bool clear = false;
  link.on_clear([&] {
    clear = true;
    loop.stop(0);
  });
  int taken = 0;
  const auto take = [&] {
    for (;;) {
      auto r = ipc::receive(pair.broker.get(), buffer);
      if (!r || r->transfer != Transfer::done) return;
      EXPECT_TRUE(base::text({buffer.data(), r->bytes}).starts_with("message " + std::to_string(taken) + "x"));
      ++taken;
    }
  };
  loop.watch(pair.broker.get(), POLLIN, [&](short) { take(); });
  EXPECT_EQ(loop.run(), 0);
  take();
  EXPECT_TRUE(clear);
  EXPECT_FALSE(link.congested());
  EXPECT_EQ(taken, sent);
}

TEST_F(LinkTest, GoingOnDespiteCongestionIsTheEnd) {
  const std::string message(60000, 'x');
  for (int i = 0; i < 200 && !loop.stopping(); ++i) link.send(base::view(message));
  EXPECT_TRUE(loop.stopping());
  EXPECT_EQ(loop.run(), kExitProtocol);
}

TEST_F(LinkTest, EndsWithItsBroker) {
  broker_sends("last words");
  pair.broker.reset();
  EXPECT_EQ(loop.run(), kExitBrokerGone);
  EXPECT_EQ(received, std::vector<std::string>{"last words"});
  link.send(base::view("into the void"));
}

TEST_F(LinkTest, PausedItStillNoticesTheEnd) {
  broker_sends("pause");
  broker_sends("held");
  loop.after(1000, [&] { pair.broker.reset(); });
  EXPECT_EQ(loop.run(), kExitBrokerGone);
  EXPECT_EQ(received, std::vector<std::string>{"pause"});
}

TEST_F(LinkTest, ResumesWhereItPaused) {
  broker_sends("pause");
  broker_sends("stop");
  loop.after(1000, [&] {
    EXPECT_EQ(received.size(), 1u);
    link.resume_receiving();
  });
  EXPECT_EQ(loop.run(), 1);
  EXPECT_EQ(received.size(), 2u);
}

TEST_F(LinkTest, SaysSoAfterTheFirstOfEachWakeUp) {
  link.on_first([this] { received.emplace_back("first"); });
  for (const char* m : {"one", "two"}) broker_sends(m);
  loop.after(1000, [this] {
    broker_sends("three");
    broker_sends("stop");
  });
  EXPECT_EQ(loop.run(), 1);
  EXPECT_EQ(received, (std::vector<std::string>{"one", "first", "two", "three", "first", "stop"}));
}

TEST_F(LinkTest, AnEmptyMessageIsTheEnd) {
  ASSERT_EQ(::send(pair.broker.get(), "", 0, 0), 0);
  EXPECT_EQ(loop.run(), kExitBrokerGone);
}

}  // namespace
}  // namespace sallyport::leg
