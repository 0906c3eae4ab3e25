// SPDX-License-Identifier: Apache-2.0
#include "broker/record/group_commit.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <future>
#include <thread>

#include "audit/log.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/databases_fixture_test.h"

namespace sallyport::broker {
namespace {

class GroupCommitTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-group-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    dir_ = path;
    store_ = std::move(store::Store::open({"sqlite", dir_}).value());
    thread_ = std::make_unique<net::Executor>("store");
    commits_ = std::make_unique<GroupCommit>(*store_, *thread_, GroupCommit::Witness{});
  }
  void TearDown() override {
    thread_.reset();
    store_.reset();
    std::filesystem::remove_all(dir_);
  }

  /// Writes a setting, and notes when it is written and when its transaction has ended.
  GroupCommit::Work put(const std::string& key) {
    return [this, key]() -> base::Status {
      happened_.push_back("write " + key);
      store_->when_ended([this, key](store::Store::Outcome outcome) {
        happened_.push_back((outcome == store::Store::Outcome::committed ? "commit " : "undo ") + key);
      });
      return store_->put_setting(key, "x");
    };
  }
  GroupCommit::Done note(const std::string& key) {
    return [this, key](const base::Status& status) { happened_.push_back((status ? "done " : "failed ") + key); };
  }
  /// The store's thread does nothing until the returned promise is kept.
  std::shared_ptr<std::promise<void>> block() {
    auto go = std::make_shared<std::promise<void>>();
    thread_->post([go] { go->get_future().wait(); });
    return go;
  }
  std::vector<std::string> finish() {
    thread_.reset();
    return happened_;
  }

  std::string dir_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<net::Executor> thread_;
  std::unique_ptr<GroupCommit> commits_;
  std::vector<std::string> happened_;  // on the store's thread
};

using Happened = std::vector<std::string>;

TEST_F(GroupCommitTest, OfOneMomentShareACommitAndNobodyHearsOfItBefore) {
  auto go = block();
  for (const char* key : {"a", "b", "c"}) commits_->add(put(key), note(key));
  go->set_value();
  EXPECT_EQ(finish(), (Happened{"write a", "write b", "write c", "commit a", "commit b", "commit c", "done a", "done b",
                                "done c"}));
}

TEST_F(GroupCommitTest, WhatComesAfterAnotherJobKeepsItsPlace) {
  auto go = block();
  commits_->add(put("a"), note("a"));
  thread_->post([this] { happened_.emplace_back("job"); });
  commits_->add(put("b"), note("b"));
  go->set_value();
  EXPECT_EQ(finish(), (Happened{"write a", "commit a", "done a", "job", "write b", "commit b", "done b"}));
}

TEST_F(GroupCommitTest, OneThatFailsCostsTheOthersNothing) {
  auto go = block();
  commits_->add(put("a"), note("a"));
  commits_->add([]() -> base::Status { return base::fail(base::Errc::invalid, "no"); }, note("bad"));
  commits_->add(put("c"), note("c"));
  go->set_value();
  EXPECT_EQ(finish(), (Happened{"write a", "undo a", "write a", "commit a", "done a", "failed bad", "write c",
                                "commit c", "done c"}));
  EXPECT_TRUE(store_->get_setting("a"));
  EXPECT_TRUE(store_->get_setting("c"));
}

TEST_F(GroupCommitTest, AGroupIsBounded) {
  auto go = block();
  for (std::size_t i = 0; i < GroupCommit::kMostTogether + 1; ++i) commits_->add(put(std::to_string(i)), {});
  go->set_value();
  const Happened happened = finish();
  EXPECT_EQ(happened[GroupCommit::kMostTogether], "commit 0");
  EXPECT_EQ(happened.back(), "commit " + std::to_string(GroupCommit::kMostTogether));
}

/// Events of an audit log on a database server that goes away and comes back.
class OutageTest : public testing::Test {
 protected:
  OutageTest() {
    store_ = std::move(*store::Store::open(database_.options()));
    log_ = std::move(*audit::Log::open(*store_, clock_, random_, {base::Bytes(32, 1), [](base::ByteView) {
                                                                    return base::Result<base::Bytes>(base::Bytes(64));
                                                                  }}));
    commits_ = std::make_unique<GroupCommit>(
        *store_, thread_,
        GroupCommit::Witness{[this] { return log_->doubt(); }, [this](std::uint64_t n) { return log_->settled(n); }},
        40);
  }
  GroupCommit::Work event(const std::string& type) {
    return [this, type]() -> base::Status {
      auto entry = log_->append({type, "a", "", {}});
      if (!entry) return base::pass(entry);
      return {};
    };
  }
  GroupCommit::Done note(const std::string& name) {
    return [this, name](const base::Status& status) {
      const std::lock_guard lock(mutex_);
      outcomes_.push_back(name + (status ? " written" : std::string(" ") + base::to_string(status.error().code)));
    };
  }
  std::vector<std::string> outcomes() {
    std::promise<void> done;
    thread_.post([&] { done.set_value(); });
    done.get_future().wait();
    const std::lock_guard lock(mutex_);
    return outcomes_;
  }
  void wait_until_written() {
    for (int i = 0; i < 1500 && commits_->waiting() > 0; ++i) {
      commits_->retry();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(commits_->waiting(), 0U);
  }
  std::string types() { return database_.raw("SELECT type FROM audit ORDER BY seq"); }

  store::TestDatabase database_{store::Kind::postgresql};
  base::SystemClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> log_;
  std::mutex mutex_;
  std::vector<std::string> outcomes_;
  std::unique_ptr<GroupCommit> commits_;
  net::Executor thread_{"store"};  // ends first
};

TEST_F(OutageTest, WhatHasHappenedWaitsInOrderAndWhatHasNotIsRefused) {
  commits_->add(event("before"), note("before"));
  EXPECT_THAT(outcomes(), testing::ElementsAre("before written"));
  store::PostgresServer::shared().stop();
  for (const char* name : {"1", "2"}) commits_->add(event(name), note(name), Outage::waits);
  commits_->add(event("start"), note("start"), Outage::fails);
  EXPECT_THAT(outcomes(), testing::ElementsAre("before written", "start closed"));
  commits_->add(event("3"), note("3"), Outage::waits);
  outcomes();
  EXPECT_EQ(commits_->waiting(), 3U);
  store::PostgresServer::shared().start();
  wait_until_written();
  commits_->add(event("after"), note("after"));
  EXPECT_THAT(outcomes(), testing::ElementsAre("before written", "start closed", "1 written", "2 written", "3 written",
                                               "after written"));
  EXPECT_EQ(types(), "before\n1\n2\n3\nafter\n");
}

TEST_F(OutageTest, WhatWaitsIsBoundedAndTheRestIsTold) {
  int overflows = 0;
  commits_->on_overflow([&] { ++overflows; });
  store::PostgresServer::shared().stop();
  for (int i = 0; i < 43; ++i) commits_->add(event("x"), note(std::to_string(i)), Outage::waits);
  EXPECT_THAT(outcomes(), testing::ElementsAre("40 full", "41 full", "42 full"));
  EXPECT_EQ(overflows, 3);
  store::PostgresServer::shared().start();
  wait_until_written();
  EXPECT_EQ(log_->append({"x", "a", "", {}})->seq, 41);
}

// The server goes in the middle of a commit, and nobody hears whether it happened: that is looked up, so nothing is
// there twice and nothing is missing.
TEST_F(OutageTest, ACommitWhoseAnswerIsLostIsNeitherRepeatedNorForgotten) {
  auto& server = store::PostgresServer::shared();
  const auto ask = [&](const std::string& sql) { return server.ask(server.url(""), sql); };
  // Committed, and then held for a standby that never comes: its answer is cut off.
  ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  ask("SELECT pg_reload_conf()");
  // A new backend that has the setting shows that the postmaster has passed the reload on. The checkpointer puts it in
  // force, before it serves what it is asked for after that; the first request may have crossed the reload.
  for (int i = 0; i < 1500 && ask("SHOW synchronous_standby_names").find("nobody") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (int i = 0; i < 2; ++i) ask("CHECKPOINT");
  commits_->add(event("stayed"), note("stayed"), Outage::waits);
  for (int i = 0; i < 1500 && ask("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'").empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  EXPECT_THAT(outcomes(), testing::IsEmpty());
  EXPECT_EQ(commits_->waiting(), 1U);
  ask("ALTER SYSTEM RESET synchronous_standby_names");
  ask("SELECT pg_reload_conf()");
  wait_until_written();

  // Cut off before it is committed.
  database_.raw(
      "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS"
      " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END';"
      "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION"
      " cut()");
  commits_->add(event("undone"), note("undone"), Outage::waits);
  EXPECT_THAT(outcomes(), testing::ElementsAre("stayed written"));
  EXPECT_EQ(commits_->waiting(), 1U);
  database_.raw("DROP TRIGGER cut ON audit");
  wait_until_written();
  EXPECT_THAT(outcomes(), testing::ElementsAre("stayed written", "undone written"));
  EXPECT_EQ(types(), "stayed\nundone\n");
}

}  // namespace
}  // namespace sallyport::broker
