// SPDX-License-Identifier: Apache-2.0
// An inspector at the broker's socket.
#include "inspector/inspector_worker.h"

#include <gtest/gtest.h>

#include <thread>

#include "ipc/message_kind.h"
#include "ipc/seqpacket.h"
#include "ipc/worker_exit.h"

namespace sallyport::inspector {
namespace {

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    auto pair = ipc::make_socket_pair();
    broker = std::move(pair->broker);
    socket = std::move(pair->worker);
    thread = std::thread([this] {
      status = InspectorWorker(socket.get(), clock).run();
      socket.reset();  // as its process would
    });
  }
  ~WorkerTest() override { end(); }
  int end() {
    broker.reset();
    if (thread.joinable()) thread.join();
    return status;
  }
  void send(const ipc::BrokerToInspector& message) {
    std::string bytes(1, static_cast<char>(ipc::MessageKind::control));
    bytes += message.SerializeAsString();
    ASSERT_TRUE(ipc::send(broker.get(), base::view(bytes)));
  }
  /// Empty: it is gone.
  ipc::InspectorToBroker next() {
    base::Bytes buffer(ipc::kMaxMessageBytes);
    for (;;) {
      pollfd wait{broker.get(), POLLIN, 0};
      ipc::InspectorToBroker out;
      if (::poll(&wait, 1, 20'000) != 1) return out;
      auto got = ipc::receive(broker.get(), buffer);
      if (!got || got->transfer == ipc::Transfer::closed) return out;
      if (got->transfer == ipc::Transfer::would_block) continue;
      EXPECT_TRUE(out.ParseFromArray(buffer.data() + 1, static_cast<int>(got->bytes) - 1));
      return out;
    }
  }
  static void add(ipc::BrokerToInspector& message, std::uint64_t sequence, const event::Event& event) {
    auto& one = *message.mutable_events()->add_events();
    one.set_sequence(sequence);
    one.set_event(event.SerializeAsString());
  }
  static event::Event pty() {
    event::Event event;
    event.mutable_request()->mutable_pty()->set_columns(80);
    return event;
  }
  static event::Event output(const std::string& bytes) {
    event::Event event;
    event.mutable_data()->set_bytes(bytes);
    return event;
  }

  base::SystemClock clock;
  base::Fd broker, socket;
  std::thread thread;
  int status = -1;
};

TEST_F(WorkerTest, TellsWhatChangedBeforeItSaysHowFarItRead) {
  ipc::BrokerToInspector message;
  add(message, 5, pty());
  add(message, 9, output("\x1b[?25l"));
  send(message);
  const auto state = next();
  ASSERT_TRUE(state.has_terminal_state());
  EXPECT_EQ(state.terminal_state().as_of(), 9u);
  const auto read = next();
  ASSERT_TRUE(read.has_read());
  EXPECT_EQ(read.read().up_to(), 9u);
  ipc::BrokerToInspector wanted;
  wanted.mutable_keyframes_wanted();
  send(wanted);
  const auto keyframe = next();
  ASSERT_TRUE(keyframe.has_keyframe());
  EXPECT_EQ(keyframe.keyframe().as_of(), 9u);
  ipc::BrokerToInspector gap;
  gap.mutable_gap()->set_up_to(30);
  gap.mutable_gap()->add_terminals();
  send(gap);
  EXPECT_TRUE(next().terminal_state().unknown());
  EXPECT_EQ(next().read().up_to(), 30u);
  EXPECT_EQ(end(), ipc::kExitBrokerGone);
}

TEST_F(WorkerTest, EventsOutOfOrderEndIt) {
  ipc::BrokerToInspector message;
  add(message, 5, pty());
  add(message, 4, pty());
  send(message);
  EXPECT_EQ(next().kind_case(), ipc::InspectorToBroker::KIND_NOT_SET);
  EXPECT_EQ(end(), ipc::kExitProtocol);
}

TEST_F(WorkerTest, AnEventOfALegIsNoMessageForIt) {
  const std::string bytes(1, static_cast<char>(ipc::MessageKind::event));
  ASSERT_TRUE(ipc::send(broker.get(), base::view(bytes)));
  EXPECT_EQ(next().kind_case(), ipc::InspectorToBroker::KIND_NOT_SET);
  EXPECT_EQ(end(), ipc::kExitProtocol);
}

}  // namespace
}  // namespace sallyport::inspector
