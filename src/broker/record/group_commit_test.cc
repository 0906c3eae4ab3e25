// SPDX-License-Identifier: Apache-2.0
#include "broker/record/group_commit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

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
    commits_ = std::make_unique<GroupCommit>(*store_, *thread_);
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

}  // namespace
}  // namespace sallyport::broker
