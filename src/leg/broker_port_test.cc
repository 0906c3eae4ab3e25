// SPDX-License-Identifier: Apache-2.0
// What is kept while the broker takes no events, and the hand-made encoding of Data events against the generated one.
#include "leg/broker_port.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "event/event.pb.h"
#include "ipc/message_kind.h"
#include "ipc/seqpacket.h"
#include "ipc/ssh_front.pb.h"

namespace sallyport::leg {
namespace {

TEST(BrokerPort, KeepsEventsWhileTheBrokerTakesNoneAndControlsPassThem) {
  const base::SystemClock clock;
  auto pair = ipc::make_socket_pair();
  ASSERT_TRUE(pair);
  Loop loop(clock);
  Link link(loop, pair->worker.get(), [](base::ByteView, std::span<base::Fd>) {});
  BrokerPort port(link);
  const auto received = [&] {
    std::string kinds;
    base::Bytes buffer(ipc::kMaxMessageBytes);
    for (auto r = ipc::receive(pair->broker.get(), buffer); r && r->transfer == ipc::Transfer::done;
         r = ipc::receive(pair->broker.get(), buffer)) {
      kinds += buffer[0] == static_cast<std::uint8_t>(ipc::MessageKind::control) ? 'c'
               : buffer[0] == static_cast<std::uint8_t>(ipc::MessageKind::event) ? 'e'
                                                                                 : 'p';
    }
    return kinds;
  };
  port.hold_events(true);
  port.send_data(0, StreamId::main, base::view("first"));
  event::Event long_one;
  long_one.mutable_request()->mutable_exec()->set_command(std::string(140'000, 'x'));
  port.send_event(long_one);
  ipc::FrontToBroker control;
  control.mutable_reauthenticate();
  port.send_control(control);
  EXPECT_EQ(received(), "c");
  EXPECT_GT(port.kept_bytes(), 140'000u);
  EXPECT_FALSE(port.congested()) << "the peer is still read";
  port.hold_events(false);
  EXPECT_EQ(port.kept_bytes(), 0u);
  port.send_data(0, StreamId::main, base::view("last"));
  EXPECT_EQ(received(), "eppee");
}

TEST(BrokerPort, DataEventsParseAsWhatTheyAre) {
  const base::SystemClock clock;
  auto pair = ipc::make_socket_pair();
  ASSERT_TRUE(pair);
  Loop loop(clock);
  Link link(loop, pair->worker.get(), [](base::ByteView, std::span<base::Fd>) {});
  BrokerPort port(link);
  const std::string big(ipc::kMaxDataBytes + 1, 'x');
  port.send_data(0, StreamId::main, base::view("k"));
  port.send_data(300, StreamId::stderr_data, base::view(big));
  std::vector<event::Event> got;
  base::Bytes buffer(ipc::kMaxMessageBytes);
  for (auto r = ipc::receive(pair->broker.get(), buffer); r && r->transfer == ipc::Transfer::done;
       r = ipc::receive(pair->broker.get(), buffer)) {
    EXPECT_EQ(buffer[0], static_cast<std::uint8_t>(ipc::MessageKind::event));
    event::Event e;
    ASSERT_TRUE(e.ParseFromArray(buffer.data() + 1, static_cast<int>(r->bytes) - 1));
    EXPECT_EQ(e.SerializeAsString(), std::string(buffer.begin() + 1, buffer.begin() + static_cast<long>(r->bytes)));
    got.push_back(e);
  }
  ASSERT_EQ(got.size(), 3u);
  EXPECT_EQ(got[0].data().bytes(), "k");
  EXPECT_EQ(got[0].data().stream(), event::STREAM_MAIN);
  EXPECT_EQ(got[1].data().channel(), 300u);
  EXPECT_EQ(got[1].data().stream(), event::STREAM_STDERR);
  EXPECT_EQ(got[1].data().bytes() + got[2].data().bytes(), big);
}

}  // namespace
}  // namespace sallyport::leg
