// SPDX-License-Identifier: Apache-2.0
// The admin socket over a real API: many requests at once on a connection, and clients that misbehave or do not read.
#include "broker/admin_socket/server.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "broker/admin_socket/requests.h"
#include "broker/api/operations.h"
#include "broker/api/services_test.h"
#include "ipc/admin.pb.h"
#include "ipc/seqpacket.h"

namespace sallyport::broker::admin_socket {
namespace {

class TestClient {
 public:
  explicit TestClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  void send(const ipc::AdminRequest& request) { raw(request.SerializeAsString()); }
  // False when the socket is full: the server has not taken what was sent before.
  bool try_raw(const std::string& bytes) {
    for (int tries = 0; tries < 20; ++tries) {
      const auto sent = ipc::send(fd_.get(), base::view(bytes));
      if (!sent || *sent == ipc::Transfer::closed) return false;
      if (*sent == ipc::Transfer::done) return true;
      pollfd p{fd_.get(), POLLOUT, 0};
      ::poll(&p, 1, 100);
    }
    return false;
  }
  void raw(const std::string& bytes) {
    for (;;) {
      const auto sent = ipc::send(fd_.get(), base::view(bytes));
      ASSERT_TRUE(sent);
      if (*sent != ipc::Transfer::would_block) return;
      pollfd p{fd_.get(), POLLOUT, 0};
      ASSERT_EQ(::poll(&p, 1, 10'000), 1) << "the server takes nothing";
    }
  }
  // Nothing: the server closed the connection, or did not answer in ten seconds.
  std::optional<ipc::AdminReply> receive() {
    base::Bytes buffer(ipc::kMaxMessageBytes);
    for (;;) {
      auto got = ipc::receive(fd_.get(), buffer);
      if (!got || got->transfer == ipc::Transfer::closed) return std::nullopt;
      if (got->transfer == ipc::Transfer::done) {
        ipc::AdminReply reply;
        EXPECT_TRUE(reply.ParseFromArray(buffer.data(), static_cast<int>(got->bytes)));
        return reply;
      }
      pollfd p{fd_.get(), POLLIN, 0};
      if (::poll(&p, 1, 10'000) <= 0) return std::nullopt;
    }
  }
  // Nothing comes any more.
  bool closed() {
    while (receive()) {
    }
    return hung_up();
  }
  bool hung_up() {
    pollfd p{fd_.get(), 0, 0};
    return ::poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0;
  }
  struct Answer {
    std::vector<std::string> items;
    std::string done;
    std::string failure = "";  // its code
    std::string message = "";
  };
  Answer ask(const ipc::AdminRequest& request) {
    send(request);
    return hear();
  }
  Answer hear() {
    Answer out;
    while (auto reply = receive()) {
      if (reply->has_item()) out.items.push_back(reply->item().json());
      if (reply->has_done()) return out.done = reply->done().json(), out;
      if (reply->has_failure()) {
        out.failure = reply->failure().code();
        out.message = reply->failure().message();
        return out;
      }
    }
    out.failure = "closed";
    return out;
  }

 private:
  base::Fd fd_;
};

class ServerTest : public api::ServicesTest {
 protected:
  void start() override {
    auto made = Server::create(*services, *api);
    ASSERT_TRUE(made) << made.message();
    server = std::move(*made);
  }
  void stop() override { server.reset(); }

  TestClient client() { return TestClient(config.admin_socket()); }
  static ipc::AdminRequest item(const std::string& json, std::uint64_t id = 0) {
    ipc::AdminRequest request;
    request.mutable_apply_item()->set_json(json);
    request.set_id(id);
    return request;
  }
  static ipc::AdminRequest commit(std::uint64_t id = 0) {
    ipc::AdminRequest request;
    request.mutable_apply_commit();
    request.set_id(id);
    return request;
  }
  static ipc::AdminRequest get(const std::string& kind, std::uint64_t id = 0) {
    ipc::AdminRequest request;
    request.mutable_get()->set_kind(kind);
    request.set_id(id);
    return request;
  }
  static ipc::AdminRequest watch(const std::string& session, std::uint64_t id = 0) {
    ipc::AdminRequest request;
    request.mutable_session_watch()->set_id(session);
    request.set_id(id);
    return request;
  }
  static ipc::AdminRequest cancel(std::uint64_t id) {
    ipc::AdminRequest request;
    request.mutable_cancel()->set_id(id);
    return request;
  }
  static ipc::AdminRequest read_audit(std::uint64_t id) {
    ipc::AdminRequest request;
    request.mutable_audit_read()->set_all(true);
    request.set_id(id);
    return request;
  }
  void note(int count, std::size_t bytes) {
    const std::string text(bytes, 'x');
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(log->append(audit::Event{"test.event", "t", "", {{"text", text}}}));
    }
  }

  std::unique_ptr<Server> server;
};

// The lite runtime names no fields: what every number of the oneof asks for is seen by giving it nothing but its tag.
TEST(AdminRequests, EveryOneReachesAnOperation) {
  std::set<std::size_t> reached;
  for (std::uint32_t number = 1; number < 2000; ++number) {
    std::string bytes;
    for (std::uint32_t rest = number << 3 | 2; rest != 0; rest >>= 7) {
      bytes += static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0));
    }
    bytes += '\0';
    ipc::AdminRequest message;
    ASSERT_TRUE(message.ParseFromString(bytes));
    const auto kind = message.kind_case();
    if (kind == ipc::AdminRequest::KIND_NOT_SET) continue;
    if (kind == ipc::AdminRequest::kCancel || kind == ipc::AdminRequest::kApplyItem) continue;
    if (kind == ipc::AdminRequest::kApplyCommit) {
      reached.insert(api::Request(api::Apply()).index());
      continue;
    }
    const auto request = request_in(message);
    ASSERT_TRUE(request) << "field " << number << " reaches no operation";
    EXPECT_FALSE(api::operation_of(*request).name.empty()) << "field " << number;
    EXPECT_TRUE(reached.insert(request->index()).second) << "field " << number;
  }
  EXPECT_EQ(reached.size(), api::kOperations) << "an operation that the socket does not reach";
}

TEST_F(ServerTest, ASetThatIsTooLargeIsNotAppliedInPart) {
  TestClient c = client();
  for (int i = 0; i < 10'020; ++i) c.send(item(R"({"kind":"group","name":"g)" + std::to_string(i) + R"("})"));
  EXPECT_EQ(c.ask(commit()).failure, "full") << "the answer to the first that was too much";
  const auto to_commit = c.receive();
  ASSERT_TRUE(to_commit && to_commit->has_failure());
  EXPECT_EQ(to_commit->failure().code(), "full");
  EXPECT_TRUE(c.ask(get("group")).items.empty());
  // The next set starts anew.
  c.send(item(R"({"kind":"group","name":"staff"})"));
  EXPECT_EQ(c.ask(commit()).items.size(), 1U);
}

TEST_F(ServerTest, SetsOnOneConnectionAreApart) {
  TestClient c = client();
  c.send(item(R"({"kind":"group","name":"a"})", 1));
  c.send(item(R"({"kind":"group","name":"b","wrong":1})", 2));
  c.send(item(R"({"kind":"group","name":"c"})", 1));
  EXPECT_EQ(c.ask(commit(2)).failure, "invalid");
  EXPECT_EQ(c.ask(commit(1)).items.size(), 2U);
}

TEST_F(ServerTest, ABadClientHurtsOnlyItself) {
  TestClient good = client();
  TestClient garbage = client();
  garbage.raw("\xff\xff\xff");
  EXPECT_TRUE(garbage.closed());
  const auto session = add_session("s1");
  TestClient two = client();
  two.send(watch("s1", 5));
  ASSERT_TRUE(two.receive());
  two.send(watch("s1", 5));  // the id of a request that is under way
  EXPECT_TRUE(two.closed());
  good.raw(std::string("\xfa\x07\x00", 3));  // field 127: what a later version might ask
  const auto unknown = good.receive();
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->failure().code(), "unsupported");
  EXPECT_EQ(good.ask(get("user")).failure, "");
}

TEST_F(ServerTest, ManyRequestsAtOnceAreAnsweredEachUnderItsId) {
  note(300, 100);
  for (int i = 0; i < 3; ++i) add_session("s" + std::to_string(i));
  TestClient c = client();
  c.send(watch("s0", 1'000));
  std::map<std::uint64_t, std::size_t> wanted;
  std::map<std::uint64_t, std::size_t> items;
  for (std::uint64_t id = 1; id <= 28; ++id) {
    ipc::AdminRequest request;
    if (id % 2 == 0) request.mutable_session_list();
    if (id % 2 == 1) request.mutable_audit_read()->set_limit(static_cast<std::uint32_t>(100 + id));
    request.set_id(id);
    wanted[id] = id % 2 == 0 ? 3 : 100 + id;
    c.send(request);
  }
  std::set<std::uint64_t> done;
  bool watched = false;
  while (done.size() < wanted.size()) {
    const auto reply = c.receive();
    ASSERT_TRUE(reply) << done.size() << " of " << wanted.size() << " came";
    if (reply->id() == 1'000) {
      watched = watched || reply->has_watch_event();
      continue;
    }
    ASSERT_FALSE(reply->has_failure()) << reply->id() << ": " << reply->failure().message();
    ASSERT_TRUE(wanted.contains(reply->id())) << reply->id();
    ASSERT_FALSE(done.contains(reply->id())) << "after its end";
    if (reply->has_item()) ++items[reply->id()];
    if (reply->has_done()) done.insert(reply->id());
  }
  EXPECT_EQ(items, wanted);
  EXPECT_TRUE(watched);
  // The ids are free again, and the watch goes on.
  c.send(get("user", 2));
  std::set<std::uint64_t> more;
  sessions.find("s0")->feed().add({0, 1}, false, base::Bytes(10, 'x'));
  while (!more.contains(2) || !more.contains(1'000)) {
    const auto reply = c.receive();
    ASSERT_TRUE(reply);
    if (reply->has_done() || !reply->watch_event().event().empty()) more.insert(reply->id());
  }
}

TEST_F(ServerTest, WhatOneConnectionHasUnderWayIsBounded) {
  add_session("s1");
  TestClient c = client();
  std::size_t refused = 0;
  for (std::uint64_t id = 1; id <= 40; ++id) c.send(watch("s1", id));
  std::set<std::uint64_t> heard;
  while (heard.size() < 40) {
    const auto reply = c.receive();
    ASSERT_TRUE(reply);
    heard.insert(reply->id());
    if (!reply->has_failure()) continue;
    EXPECT_EQ(reply->failure().code(), "busy");
    ++refused;
  }
  EXPECT_EQ(refused, 8U);
  // A cancelled one makes room.
  c.send(cancel(7));
  for (;;) {
    const auto reply = c.receive();
    ASSERT_TRUE(reply);
    if (reply->id() != 7) continue;
    if (!reply->has_failure()) continue;
    EXPECT_EQ(reply->failure().code(), "closed");
    break;
  }
  c.send(cancel(7));    // it is over: nothing happens
  c.send(cancel(900));  // there never was one
  c.send(get("user", 50));
  for (;;) {
    const auto reply = c.receive();
    ASSERT_TRUE(reply);
    if (reply->id() != 50) continue;
    EXPECT_TRUE(reply->has_done()) << reply->failure().message();
    break;
  }
}

// Reads nothing, with all that it may have under way, and goes on asking.
TEST_F(ServerTest, ASlowReaderCostsOnlyItself) {
  note(600, 8'000);  // 5 MB of events
  const auto session = add_session("s1");
  TestClient warm = client();
  ASSERT_EQ(warm.ask(read_audit(1)).items.size(), 600U);  // what the process needs once
  const auto in_use = [] { return static_cast<std::int64_t>(::mallinfo2().uordblks); };
  const std::int64_t before = in_use();

  std::vector<TestClient> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(client());
    for (std::uint64_t id = 1; id <= 16; ++id) slow.back().send(read_audit(id));
    for (std::uint64_t id = 17; id <= 30; ++id) slow.back().send(watch("s1", id));
  }
  const base::Bytes event(30'000, 'x');
  for (int i = 0; i < 100; ++i) session->feed().add({0, i}, false, event);
  // Others are served meanwhile, each at its own pace.
  for (int i = 0; i < 20; ++i) {
    TestClient other = client();
    EXPECT_EQ(other.ask(get("user")).failure, "");
    ASSERT_GE(other.ask(read_audit(1)).items.size(), 600U);
  }
  // 64 walks over 5 MB each are under way, and 56 watches: what waits is a page for each of the walks at most.
  const std::int64_t grown = in_use() - before;
  RecordProperty("grown_bytes", static_cast<int>(grown));
  EXPECT_LT(grown, std::int64_t{64} * 1'000'000);

  // One that goes on asking is not even read any more: the sender waits, the gateway does not.
  std::uint64_t taken = 0;
  while (taken < 100'000 && slow[0].try_raw(get("user", 1'000 + taken).SerializeAsString())) ++taken;
  EXPECT_LT(taken, 100'000U);
  EXPECT_FALSE(slow[0].hung_up()) << "it is slow, not wrong";
  EXPECT_LT(in_use() - before, std::int64_t{64} * 1'000'000);

  // And it gets everything in the end.
  std::map<std::uint64_t, std::size_t> items;
  std::size_t done = 0;
  session->feed().close();
  while (done < 16) {
    const auto reply = slow[1].receive();
    ASSERT_TRUE(reply);
    if (reply->has_item()) ++items[reply->id()];
    if (reply->has_done() && reply->id() <= 16) ++done;
  }
  for (std::uint64_t id = 1; id <= 16; ++id) EXPECT_GE(items[id], 600U) << id;
}

}  // namespace
}  // namespace sallyport::broker::admin_socket
