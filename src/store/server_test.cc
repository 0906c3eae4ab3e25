// SPDX-License-Identifier: Apache-2.0
// The store over a PostgreSQL that several nodes share and that goes away: transactions that run again, connections
// that are made again, notices.
#include <gmock/gmock.h>

#include <thread>

#include "store/databases_fixture_test.h"
#include "store/notices.h"

namespace sallyport::store {
namespace {

using base::Errc;

/// What only a server can show.
class ServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open(const std::string& node) {
    auto opened = Store::open(database_.options(node));
    EXPECT_TRUE(opened) << opened.message();
    return std::move(*opened);
  }
  PostgresServer& server() { return PostgresServer::shared(); }

  TestDatabase database_{Kind::postgresql};
};

TEST_F(ServerTest, NodesThatChangeTheSameTakeTurns) {
  std::vector<std::thread> nodes;
  for (const char* node : {"a", "b", "c"}) {
    nodes.emplace_back([this, node] {
      const auto store = open(node);
      for (int i = 0; i < 15; ++i) {
        EXPECT_TRUE(store->transaction([&]() -> base::Status {
          const auto before = store->get_setting("sum");
          return store->put_setting("sum", before ? *before + "x" : "x");
        }));
        EXPECT_TRUE(store->put_resource("user", "shared", node + std::to_string(i), i));
      }
    });
  }
  for (std::thread& node : nodes) node.join();
  const auto store = open("a");
  EXPECT_EQ(store->get_setting("sum")->size(), 45U) << "no change was lost";
  EXPECT_EQ(*store->resources_revision(), 45);
  EXPECT_EQ(store->get_resource("user", "shared")->version, 45);
}

TEST_F(ServerTest, AConnectionThatIsCutBeforeTheCommitCostsNothing) {
  const auto store = open("a");
  int runs = 0;
  std::vector<Store::Outcome> told;
  ASSERT_TRUE(store->transaction([&]() -> base::Status {
    ++runs;
    store->when_ended([&](Store::Outcome outcome) { told.push_back(outcome); });
    if (auto put = store->put_setting("a", "1"); !put) return put;
    if (runs == 1) {
      server().ask(server().url(""),
                   "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                   "'sallyport'");
    }
    return store->put_setting("b", "2");
  }));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(told, (std::vector{Store::Outcome::undone, Store::Outcome::committed}));
  EXPECT_EQ(*store->get_setting("b"), "2");
}

TEST_F(ServerTest, AServerThatComesBackIsUsedAgain) {
  const auto store = open("a");
  const auto reader = std::move(Store::open_reader(database_.options("a")).value());
  ASSERT_TRUE(store->put_setting("a", "1"));
  server().stop();
  for (int i = 0; i < 2; ++i) {
    const base::Status refused = store->put_setting("a", "2");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::closed);
    EXPECT_THAT(refused.message(), ::testing::HasSubstr("does not answer"));
    EXPECT_EQ(reader->get_setting("a").error().code, Errc::closed);
  }
  server().start();
  base::Status back = base::fail(Errc::closed, "");
  for (int i = 0; i < 500 && !back; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    back = store->put_setting("a", "3");
  }
  EXPECT_TRUE(back) << back.message();
  EXPECT_EQ(*reader->get_setting("a"), "3");
  // The node's name is its own again, too.
  EXPECT_EQ(Store::open(database_.options("a")).error().code, Errc::busy);
}

TEST_F(ServerTest, APasswordIsInNoMessage) {
  for (const char* url : {"postgresql://u:SECRET@127.0.0.1:1/d", "postgresql://u:SECRET@/d?host=/nowhere"}) {
    const auto opened = Store::open({url, "/nowhere"});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::closed);
    EXPECT_THAT(opened.message(), ::testing::HasSubstr("cannot be reached"));
    EXPECT_THAT(opened.message(), ::testing::Not(::testing::HasSubstr("SECRET")));
  }
}

TEST_F(ServerTest, AChangeIsHeardByOtherNodesOnceItIsCommitted) {
  using std::chrono::milliseconds;
  const auto store = open("a");
  const auto notices = Notices::create(database_.options("b"));
  ASSERT_TRUE(notices);
  EXPECT_TRUE(notices->wait(milliseconds(1))) << "at first, who knows";
  EXPECT_FALSE(notices->wait(milliseconds(1)));
  ASSERT_TRUE(store->transaction([&]() -> base::Status {
    EXPECT_TRUE(store->put_resource("user", "alice", "{}", 1));
    EXPECT_FALSE(notices->wait(milliseconds(50)));
    return {};
  }));
  EXPECT_TRUE(notices->wait(milliseconds(10'000)));
  ASSERT_TRUE(store->put_setting("a", "1"));
  EXPECT_FALSE(notices->wait(milliseconds(50))) << "no resource";
  ASSERT_TRUE(store->delete_resource("user", "alice", 2));
  EXPECT_TRUE(notices->wait(milliseconds(10'000)));
  EXPECT_FALSE(Notices::create({"sqlite", "/nowhere"}));
}

}  // namespace
}  // namespace sallyport::store
