// SPDX-License-Identifier: Apache-2.0
// A viewer at the broker's socket: what it is handed, what it says, and how far ahead.
#include "viewer/viewer_worker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "event/event.pb.h"
#include "ipc/message_kind.h"
#include "ipc/seqpacket.h"
#include "ipc/viewer.pb.h"
#include "ipc/worker_exit.h"
#include "recording/test_record.h"

namespace sallyport::viewer {
namespace {

using Json = nlohmann::json;

class ViewerTest : public recording::testing::RecordTest {
 protected:
  ViewerTest() {
    auto pair = ipc::make_socket_pair();
    broker = std::move(pair->broker);
    socket = std::move(pair->worker);
    thread = std::thread([this] {
      status = ViewerWorker(socket.get(), clock).run();
      socket.reset();  // as its process would
    });
  }
  ~ViewerTest() override { end(); }
  int end() {
    broker.reset();
    if (thread.joinable()) thread.join();
    return status;
  }

  static std::string output(const std::string& bytes) {
    event::Event event;
    event.mutable_data()->set_bytes(bytes);
    return event.SerializeAsString();
  }
  /// A sealed record of these events, a millisecond apart.
  void write(const std::vector<std::string>& events) {
    auto writer = create();
    base::Micros at = 1'700'000'000'000'000;
    for (const std::string& one : events) {
      EXPECT_TRUE(writer->add(recording::EntryKind::plain, at, base::view(one)));
      at += 1000;
      EXPECT_TRUE(writer->flush());
      run_jobs(*writer);
    }
    close(*writer);
  }

  void send(const ipc::BrokerToViewer& message, std::span<const int> fds = {}) {
    std::string bytes(1, static_cast<char>(ipc::MessageKind::control));
    bytes += message.SerializeAsString();
    ASSERT_TRUE(fds.empty() ? ipc::send(broker.get(), base::view(bytes))
                            : ipc::send_with_fds(broker.get(), base::view(bytes), fds));
  }
  void hand_over(bool with_key = true) {
    const base::Fd file(::open(rec().c_str(), O_RDONLY | O_CLOEXEC));
    ipc::BrokerToViewer message;
    ipc::RecordingHandle& handle = *message.mutable_record();
    if (with_key) {
      const recording::ReadKeys mine = keys(viewer);
      handle.set_session_key(mine.session.data(), mine.session.size());
    }
    const recording::PublicKey node = signer->public_key();
    handle.set_node_public_key(node.data(), node.size());
    handle.set_record_bytes(std::filesystem::file_size(rec()));
    const std::string key_file = load(recording::keys_path(directory, id));
    handle.set_key_file(key_file);
    const std::array<int, 1> fds{file.get()};
    send(message, fds);
  }
  void task(ipc::ViewerTask::What what) {
    ipc::BrokerToViewer message;
    message.mutable_task()->set_what(what);
    message.mutable_task()->set_id(id);
    send(message);
  }
  void more(std::uint32_t bytes) {
    ipc::BrokerToViewer message;
    message.mutable_more()->set_bytes(bytes);
    send(message);
  }
  /// Nothing set: it is gone.
  ipc::ViewerToBroker next() {
    base::Bytes buffer(ipc::kMaxMessageBytes);
    for (;;) {
      pollfd wait{broker.get(), POLLIN, 0};
      ipc::ViewerToBroker out;
      if (::poll(&wait, 1, 20'000) != 1) return out;
      auto got = ipc::receive(broker.get(), buffer);
      if (!got || got->transfer == ipc::Transfer::closed) return out;
      if (got->transfer == ipc::Transfer::would_block) continue;
      EXPECT_TRUE(out.ParseFromArray(buffer.data() + 1, static_cast<int>(got->bytes) - 1));
      return out;
    }
  }
  /// All lines, asked for in such shares.
  std::vector<Json> lines(std::uint32_t share) {
    std::string all;
    std::size_t allowed = 0;
    for (bool last = false; !last;) {
      if (allowed == 0) more(share), allowed += share;
      const ipc::ViewerToBroker said = next();
      if (!said.has_lines()) {
        ADD_FAILURE() << "no lines";
        return {};
      }
      EXPECT_LE(said.lines().bytes().size(), allowed) << "more than it was asked for";
      allowed -= std::min(allowed, said.lines().bytes().size());
      all += said.lines().bytes();
      last = said.lines().last();
    }
    std::vector<Json> out;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = all.find('\n', at);
      out.push_back(Json::parse(all.substr(at, end - at)));
      at = end + 1;
    }
    return out;
  }

  base::SystemClock clock;
  base::Fd broker, socket;
  std::thread thread;
  int status = -1;
};

TEST_F(ViewerTest, SaysTheEventsInOrder) {
  write({output("one"), output("\xff\x1b[31m"), output("\xe2\x80\xae")});
  hand_over();
  task(ipc::ViewerTask::EVENTS);
  const std::vector<Json> said = lines(4096);
  ASSERT_EQ(said.size(), 3U);
  EXPECT_EQ(said[0]["text"], "one");
  EXPECT_EQ(said[1]["base64"], base::to_base64(base::view("\xff\x1b[31m")));
  EXPECT_EQ(said[2]["text"], "\xe2\x80\xae");
  for (std::size_t i = 0; i < said.size(); ++i) {
    EXPECT_EQ(said[i]["sequence"], i);
    EXPECT_EQ(said[i]["time_ms"], i);
    EXPECT_EQ(said[i]["event"], "data");
  }
}

TEST_F(ViewerTest, AVerdictHasAPlaceOfItsOwn) {
  event::Event verdict;
  verdict.mutable_verdict()->set_sequence(7);
  write({output("one"), verdict.SerializeAsString()});
  hand_over();
  task(ipc::ViewerTask::EVENTS);
  const std::vector<Json> said = lines(4096);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[1]["sequence"], 1);
  EXPECT_EQ(said[1]["judged"], 7);
}

TEST_F(ViewerTest, SaysNoMoreThanItIsAskedFor) {
  std::vector<std::string> events;
  for (int i = 0; i < 40; ++i) events.push_back(output(std::string(30'000, static_cast<char>(i))));
  write(events);
  hand_over();
  task(ipc::ViewerTask::EVENTS);
  const std::vector<Json> said = lines(10'000);
  ASSERT_EQ(said.size(), events.size());
  EXPECT_EQ(said[39]["text"], std::string(30'000, static_cast<char>(39)));
}

TEST_F(ViewerTest, WhatIsNoEventIsSaidToBeDamaged) {
  write({output("one"), "no event", output("two")});
  hand_over();
  task(ipc::ViewerTask::EVENTS);
  const std::vector<Json> said = lines(4096);
  ASSERT_EQ(said.size(), 3U);
  EXPECT_EQ(said[1]["event"], "damage");
  EXPECT_EQ(said[2]["text"], "two");
}

TEST_F(ViewerTest, ARecordThatIsNoneFails) {
  write({output("one")});
  const std::string whole = load(rec());
  store(rec(), "x" + whole.substr(1));
  const base::Fd file(::open(rec().c_str(), O_RDONLY | O_CLOEXEC));
  ipc::BrokerToViewer message;
  message.mutable_record()->set_session_key(std::string(32, 'k'));
  const std::array<int, 1> fds{file.get()};
  send(message, fds);
  task(ipc::ViewerTask::EVENTS);
  more(4096);
  const ipc::ViewerToBroker said = next();
  ASSERT_TRUE(said.has_failed());
  EXPECT_NE(said.failed().what(), "");
}

TEST_F(ViewerTest, ASoundRecordIsProvedSound) {
  write({output("one"), output("two")});
  hand_over();
  task(ipc::ViewerTask::PROOF);
  const ipc::ViewerToBroker said = next();
  ASSERT_TRUE(said.has_proof());
  EXPECT_TRUE(said.proof().sound());
  EXPECT_EQ(said.proof().state(), "sealed");
  EXPECT_TRUE(said.proof().signer_trusted());
  EXPECT_TRUE(said.proof().opened());
  EXPECT_EQ(said.proof().entries(), 2U);
}

TEST_F(ViewerTest, WithoutAKeyItProvesAsMuchAsItCan) {
  write({output("one")});
  hand_over(false);
  task(ipc::ViewerTask::PROOF);
  const ipc::ViewerToBroker said = next();
  ASSERT_TRUE(said.has_proof());
  EXPECT_TRUE(said.proof().sound());
  EXPECT_FALSE(said.proof().opened());
}

TEST_F(ViewerTest, AChangedRecordIsNotSound) {
  write({output(std::string(5000, 'a'))});
  std::string bytes = load(rec());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  store(rec(), bytes);
  hand_over();
  task(ipc::ViewerTask::PROOF);
  const ipc::ViewerToBroker said = next();
  ASSERT_TRUE(said.has_proof());
  EXPECT_FALSE(said.proof().sound());
  ASSERT_GT(said.proof().findings_size(), 0);
  EXPECT_TRUE(said.proof().findings(0).fault());
}

TEST_F(ViewerTest, ABrokerThatMakesNoSenseEndsIt) {
  more(10);
  EXPECT_EQ(next().kind_case(), ipc::ViewerToBroker::KIND_NOT_SET);
  thread.join();
  EXPECT_EQ(status, ipc::kExitProtocol);
}

}  // namespace
}  // namespace sallyport::viewer
