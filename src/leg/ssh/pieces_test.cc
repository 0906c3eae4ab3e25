// SPDX-License-Identifier: Apache-2.0
// The queues, and the hand-made encoding of Data events against the generated one.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "event/event.pb.h"
#include "ipc/back.pb.h"
#include "ipc/front.pb.h"
#include "ipc/message_kind.h"
#include "ipc/seqpacket.h"
#include "leg/ssh/answer_queue.h"
#include "leg/ssh/broker_port.h"
#include "leg/ssh/byte_queue.h"
#include "leg/ssh/kex_evidence.h"

namespace sallyport::leg::ssh {
namespace {

TEST(ByteQueue, KeepsOrderAndTags) {
  ByteQueue q;
  q.push(0, base::view("abc"));
  q.push(0, base::view("def"));
  q.push(1, base::view("err"));
  q.push(0, base::view("tail"));
  EXPECT_EQ(q.size(), 13u);
  std::string out;
  while (!q.empty()) {
    const std::size_t n = std::min<std::size_t>(2, q.front().size());
    out += static_cast<char>('0' + q.tag());
    out += base::text(q.front().first(n));
    q.consume(n);
  }
  EXPECT_EQ(out, "0ab0cd0ef1er1r0ta0il");
  EXPECT_EQ(q.size(), 0u);
}

TEST(ByteQueue, SurvivesManyRuns) {
  ByteQueue q;
  std::string expected, out;
  for (int i = 0; i < 1000; ++i) {
    const std::string part(static_cast<std::size_t>(i % 97) * 500, static_cast<char>('a' + i % 26));
    q.push(static_cast<std::uint8_t>(i % 2), base::view(part));
    expected += part;
    while (q.size() > 100'000) {
      out += base::text(q.front());
      q.consume(q.front().size());
    }
  }
  for (; !q.empty(); q.consume(q.front().size())) out += base::text(q.front());
  EXPECT_EQ(out, expected);
}

TEST(AnswerQueue, AnswersInTheOrderOfRequests) {
  using State = AnswerQueue::State;
  AnswerQueue q;
  q.push(State::awaited);
  q.push(State::no);
  q.push(State::awaited);
  EXPECT_FALSE(q.take()) << "the first is the far leg's to give";
  EXPECT_EQ(q.answered(true), State::awaited);
  EXPECT_TRUE(q.take()->ok);
  EXPECT_FALSE(q.take()->ok);
  EXPECT_FALSE(q.take());
  EXPECT_EQ(q.answered(false, base::view("x")), State::awaited);
  const auto last = q.take();
  EXPECT_FALSE(last->ok);
  EXPECT_EQ(base::text(last->data), "x");
  EXPECT_FALSE(q.answered(true)) << "nothing is awaited any more";
}

TEST(AnswerQueue, SwallowsWhatThePeerWasToldBefore) {
  using State = AnswerQueue::State;
  AnswerQueue q;
  q.push(State::yes);
  q.push(State::swallowed);
  q.push(State::awaited);
  EXPECT_TRUE(q.take()->ok);
  EXPECT_EQ(q.answered(false), State::swallowed);
  EXPECT_FALSE(q.take());
  q.answer_all(true);
  EXPECT_TRUE(q.take()->ok);
}

TEST(KexEvidence, TheLargestFitsAMessage) {
  codec::ssh::KexEvidence e;
  e.method = keys::KexMethod::dh_group18_sha512;
  e.host_key_algorithm = std::string(64, 'a');
  e.client_version = e.server_version = std::string(253, 'v');
  e.client_kexinit.resize(codec::ssh::kMaxKexInitBytes);
  e.server_kexinit.resize(4096);
  e.host_key.resize(codec::ssh::kMaxHostKeyBytes);
  e.client_public.resize(1216);
  e.server_public.resize(1120);
  e.shared_secret = base::SecretBytes(std::size_t{1024});
  ipc::BackToBroker message;
  to_message(e, *message.mutable_host_proof()->mutable_inputs());
  message.mutable_host_proof()->set_signature(std::string(codec::ssh::kMaxHostSignatureBytes, 's'));
  EXPECT_LE(message.ByteSizeLong(), 60u * 1024) << "what the broker takes";
}

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
  const std::string big(ipc::max_data_bytes + 1, 'x');
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
}  // namespace sallyport::leg::ssh
