// SPDX-License-Identifier: Apache-2.0
// Requests over a real store and audit log.
#include "broker/access/access_requests.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "base/id.h"
#include "net/executor.h"
#include "vault/vault.h"

namespace sallyport::broker {
namespace {

constexpr base::Micros kSecond = 1'000'000;

class TestClock final : public base::Clock {
 public:
  base::Micros now_us() const override { return now; }
  base::Micros monotonic_us() const override { return now; }
  std::atomic<base::Micros> now{1'700'000'000 * kSecond};
};

class AccessRequestsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/sallyport-requests-XXXXXX";
    dir_ = ::mkdtemp(name.data());
    open();
    ASSERT_TRUE(store_->put_resource("user", "alice", R"({"kind":"user","name":"alice"})", 1));
    ASSERT_TRUE(store_->put_resource("user", "bob", R"({"kind":"user","name":"bob","groups":["leads"]})", 1));
    ASSERT_TRUE(store_->put_resource("user", "carol", R"({"kind":"user","name":"carol","groups":["leads"]})", 1));
    ASSERT_TRUE(policy_.reload(*store_));
  }
  void TearDown() override {
    close();
    std::filesystem::remove_all(dir_);
  }
  void open() {
    store_ = std::move(*store::Store::open({"sqlite", dir_}));
    vault_ = std::move(
        *vault::Vault::open(*store_, vault::MasterKeySource::from_file(dir_ + "/master.key"), clock_, random_));
    log_ = std::move(*audit::Log::open(*store_, clock_, random_, {vault_->node_public_key(), [this](base::ByteView m) {
                                                                    return vault_->node_sign(m);
                                                                  }}));
    thread_ = std::make_unique<net::Executor>("store");
    trail_ = std::make_unique<AuditTrail>(*log_, *store_, *thread_);
    requests_ = std::make_unique<AccessRequests>(*store_, *trail_, policy_, clock_, random_);
  }
  void close() {
    thread_.reset();
    requests_.reset();
    trail_.reset();
    log_.reset();
    vault_.reset();
    store_.reset();
  }

  template <class T>
  static T wait(const std::function<void(std::function<void(T)>)>& call) {
    std::promise<T> out;
    call([&](T value) { out.set_value(std::move(value)); });
    return out.get_future().get();
  }
  using Made = base::Result<policy::AccessRequest>;
  Made create(const std::string& user = "alice") {
    RequestDraft draft;
    draft.requester = user;
    draft.requester_life = 7;
    draft.account = "root";
    draft.targets = {"web1", "web2"};
    draft.reason = "disk full";
    draft.valid_seconds = 3600;
    draft.rules = {{{"bob"}, {"leads"}, 1, 3600}};
    draft.decide_within_us = 900 * kSecond;
    draft.actor = user;
    return wait<Made>([&](auto done) { requests_->create(draft, done); });
  }
  Made vote(const std::string& name, const std::string& voter, bool approves = true) {
    return wait<Made>([&](auto done) { requests_->vote(name, voter, approves, "", voter, done); });
  }
  Made end(const std::string& name, const std::string& user) {
    return wait<Made>([&](auto done) { requests_->close(name, user, user, done); });
  }
  std::optional<policy::AccessRequest> claim(const std::string& target = "web1", std::int64_t life = 7) {
    using Claimed = base::Result<std::optional<policy::AccessRequest>>;
    const AccessRequests::Claim wanted{"alice", life, "root", target, {{{"bob"}, {"leads"}, 1, 3600}}, "s1"};
    Claimed out = wait<Claimed>([&](auto done) { requests_->claim(wanted, done); });
    EXPECT_TRUE(out) << out.message();
    return out ? std::move(*out) : std::nullopt;
  }
  std::vector<std::string> events() {
    std::vector<std::string> out;
    const auto rows = store_->list_audit({});
    for (const auto& row : *rows) out.push_back(row.type);
    return out;
  }

  std::string dir_;
  TestClock clock_;
  base::SystemRandom random_;
  PolicyHolder policy_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<net::Executor> thread_;
  std::unique_ptr<AuditTrail> trail_;
  std::unique_ptr<AccessRequests> requests_;
};

TEST_F(AccessRequestsTest, IsMadeApprovedUsedAndEndedEachWithItsEvent) {
  const auto made = create();
  ASSERT_TRUE(made) << made.message();
  EXPECT_FALSE(claim()) << "nobody has approved it";
  EXPECT_FALSE(vote(made->id, "alice"));
  const auto approved = vote(request_code(made->id), "bob");
  ASSERT_TRUE(approved) << approved.message();
  EXPECT_EQ(approved->state, policy::RequestState::approved);
  const auto claimed = claim("web2");
  ASSERT_TRUE(claimed);
  EXPECT_EQ(claimed->id, made->id);
  EXPECT_EQ(claimed->sessions_opened, 1);
  EXPECT_FALSE(claim("web3"));
  EXPECT_FALSE(claim("web1", 8)) << "a new user of the same name";
  ASSERT_TRUE(end(made->id, "carol"));
  EXPECT_FALSE(claim());
  EXPECT_EQ(events(), (std::vector<std::string>{"request.create", "request.approve", "request.use", "request.end"}))
      << "and none for what was refused";
}

TEST_F(AccessRequestsTest, SurvivesARestartAsItWas) {
  const auto waiting = create();
  const auto approved = create();
  ASSERT_TRUE(vote(approved->id, "bob"));
  close();
  open();
  const auto again = AccessRequests::find(*store_, approved->id);
  ASSERT_TRUE(again) << again.message();
  EXPECT_EQ(again->votes.size(), 1U);
  EXPECT_EQ(again->rules, approved->rules);
  EXPECT_TRUE(claim());
  EXPECT_TRUE(vote(waiting->id, "carol"));
}

TEST_F(AccessRequestsTest, ApproveAndDenyAtOnceAreDecidedOnce) {
  for (int round = 0; round < 30; ++round) {
    const auto made = create();
    ASSERT_TRUE(made) << made.message();
    std::promise<Made> yes, no;
    std::thread one(
        [&] { requests_->vote(made->id, "bob", true, "", "bob", [&](Made m) { yes.set_value(std::move(m)); }); });
    std::thread two(
        [&] { requests_->vote(made->id, "carol", false, "", "carol", [&](Made m) { no.set_value(std::move(m)); }); });
    one.join();
    two.join();
    const bool approved = static_cast<bool>(yes.get_future().get());
    const bool denied = static_cast<bool>(no.get_future().get());
    EXPECT_NE(approved, denied);
    const auto kept = AccessRequests::find(*store_, made->id);
    EXPECT_EQ(kept->state, approved ? policy::RequestState::approved : policy::RequestState::denied);
    EXPECT_EQ(kept->votes.size(), 1U);
    if (approved) {
      ASSERT_TRUE(end(made->id, "alice"));
    }
  }
}

TEST_F(AccessRequestsTest, OneUserHasSoManyThatWaitAndMakesSoManyAnHour) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kMostWaitingRequests; ++i) ids.push_back(create()->id);
  EXPECT_EQ(create().error().code, base::Errc::full);
  EXPECT_TRUE(create("carol")) << "others are free";
  ASSERT_TRUE(end(ids.back(), "alice"));
  EXPECT_TRUE(create());
  clock_.now += 900 * kSecond;
  EXPECT_TRUE(create()) << "what nobody decided waits no more";
}

TEST_F(AccessRequestsTest, OneUserMakesTwoHundredAnHour) {
  const auto first = create();
  ASSERT_TRUE(end(first->id, "alice"));
  const auto row = store_->get_request(first->id);
  ASSERT_TRUE(row);
  for (int i = 1; i < 199; ++i) {
    store::RequestRow more = *row;
    more.id = base::make_id(clock_.now_us(), random_);
    ASSERT_TRUE(store_->insert_request(more));
  }
  const auto last = create();
  ASSERT_TRUE(last) << last.message();
  ASSERT_TRUE(end(last->id, "alice"));
  EXPECT_EQ(create().error().code, base::Errc::full);
  EXPECT_TRUE(create("carol")) << "others are free";
  clock_.now += 3600 * kSecond - 1;
  EXPECT_FALSE(create());
  clock_.now += 1;
  EXPECT_TRUE(create());
}

TEST_F(AccessRequestsTest, WhatAnotherNodeEndedIsToldOnceToWhoeverClaimedIt) {
  using Ids = std::vector<std::string>;
  const auto used = create(), unused = create(), other = create();
  for (const auto& one : {used, unused, other}) ASSERT_TRUE(vote(one->id, "bob"));
  const auto claimed = claim();
  ASSERT_TRUE(claimed);
  EXPECT_EQ(*requests_->ended_elsewhere({}), Ids());
  const auto revision = store_->resources_revision();
  AccessRequests elsewhere(*store_, *trail_, policy_, clock_, random_);
  for (const auto& one : {used, unused, other}) {
    ASSERT_TRUE(wait<Made>([&](auto done) { elsewhere.close(one->id, "bob", "bob", done); }));
  }
  EXPECT_GT(*store_->resources_revision(), *revision) << "other nodes hear of it";
  EXPECT_FALSE(requests_->was_ended(claimed->id));
  EXPECT_EQ(*requests_->ended_elsewhere({}), Ids{claimed->id}) << "a session may be opening under it";
  EXPECT_TRUE(requests_->was_ended(claimed->id));
  EXPECT_FALSE(requests_->owes_look());
  const std::string live = claimed->id == other->id ? used->id : other->id;
  EXPECT_EQ(*requests_->ended_elsewhere({claimed->id, live}), Ids{live});
  EXPECT_EQ(*requests_->ended_elsewhere({claimed->id, live}), Ids());
  const std::string gone = "01hzy0000000000000abcdefgh";
  EXPECT_EQ(*requests_->ended_elsewhere({gone}), Ids{gone}) << "what is not there grants nothing";
}

TEST_F(AccessRequestsTest, TheLastPlaceIsTakenOnce) {
  RequestDraft draft;
  draft.requester = "alice";
  draft.requester_life = 7;
  draft.account = "root";
  draft.targets = {"web1"};
  draft.valid_seconds = 3600;
  draft.max_sessions = 1;
  draft.rules = {{{"bob"}, {"leads"}, 1, 3600}};
  draft.decide_within_us = 900 * kSecond;
  const auto made = wait<Made>([&](auto done) { requests_->create(draft, done); });
  ASSERT_TRUE(vote(made->id, "bob"));
  using Claimed = base::Result<std::optional<policy::AccessRequest>>;
  std::vector<std::promise<Claimed>> answers(50);
  for (auto& answer : answers) {
    requests_->claim({"alice", 7, "root", "web1", draft.rules, "s"},
                     [&](Claimed c) { answer.set_value(std::move(c)); });
  }
  int won = 0;
  for (auto& answer : answers) won += answer.get_future().get()->has_value() ? 1 : 0;
  EXPECT_EQ(won, 1);
}

TEST_F(AccessRequestsTest, WatchersAreToldOfTheirRequestAlone) {
  const auto mine = create(), other = create();
  std::atomic<int> told = 0;
  {
    const AccessRequests::Watch watch(*requests_, mine->id, [&] { ++told; });
    ASSERT_TRUE(vote(other->id, "bob"));
    EXPECT_EQ(told, 0);
    ASSERT_TRUE(vote(mine->id, "bob"));
    EXPECT_EQ(told, 1);
  }
  ASSERT_TRUE(end(mine->id, "alice"));
  EXPECT_EQ(told, 1);
}

TEST_F(AccessRequestsTest, AReasonCountsAtOnceAndIsNoApproval) {
  RequestDraft draft;
  draft.requester = "alice";
  draft.requester_life = 7;
  draft.account = "root";
  draft.targets = {"web1"};
  draft.valid_seconds = 3600;
  draft.actor = "alice";
  const auto silent = wait<Made>([&](auto done) { requests_->create(draft, done); });
  EXPECT_EQ(silent.error().code, base::Errc::invalid) << "it says nothing";
  draft.reason = "disk full";
  const auto made = wait<Made>([&](auto done) { requests_->create(draft, done); });
  ASSERT_TRUE(made) << made.message();
  EXPECT_EQ(made->state, policy::RequestState::approved);
  EXPECT_FALSE(claim()) << "where approval is demanded";
  const auto plain = [&] {
    using Claimed = base::Result<std::optional<policy::AccessRequest>>;
    return wait<Claimed>([&](auto done) { requests_->claim({"alice", 7, "root", "web1", {}, "s1"}, done); });
  };
  const auto claimed = plain();
  ASSERT_TRUE(claimed && *claimed);
  EXPECT_EQ((*claimed)->reason, "disk full");
  EXPECT_TRUE((*claimed)->stated);
  EXPECT_FALSE(vote(made->id, "bob")) << "nobody decides it";
  clock_.now += 3600 * kSecond;
  EXPECT_FALSE(plain()->has_value()) << "its time is over";
  EXPECT_EQ(events(), (std::vector<std::string>{"request.state", "request.use"}));
}

TEST_F(AccessRequestsTest, TheBoundOfAnApprovalIsKept) {
  RequestDraft draft;
  draft.requester = "alice";
  draft.requester_life = 7;
  draft.account = "root";
  draft.targets = {"web1"};
  draft.valid_seconds = 3600;
  draft.bound = {{std::string(64, 'a'), std::string(64, 'b')}, std::string(64, 'c')};
  draft.rules = {{{"bob"}, {"leads"}, 1, 3600}};
  draft.decide_within_us = 900 * kSecond;
  const auto made = wait<Made>([&](auto done) { requests_->create(draft, done); });
  ASSERT_TRUE(made) << made.message();
  ASSERT_TRUE(vote(made->id, "bob"));
  EXPECT_EQ(claim()->bound, draft.bound);
  auto row = *store_->get_request(made->id);
  row.id = base::make_id(clock_.now_us(), random_);
  row.commands = "aa";
  ASSERT_TRUE(store_->insert_request(row));
  EXPECT_EQ(AccessRequests::find(*store_, row.id).error().code, base::Errc::corrupt);
  draft.bound = {{"not a hash"}, ""};
  EXPECT_FALSE(wait<Made>([&](auto done) { requests_->create(draft, done); }));
}

TEST_F(AccessRequestsTest, EachChangeIsAnnouncedAndAnExpiryOnce) {
  std::vector<std::string> told;
  std::mutex mutex;
  requests_->announce_to([&](const char* type, const policy::AccessRequest& request) {
    const std::lock_guard lock(mutex);
    told.push_back(type + std::string(" ") + policy::to_string(request.state));
  });
  const auto made = create(), late = create();
  ASSERT_TRUE(vote(made->id, "bob"));
  ASSERT_TRUE(end(made->id, "alice"));
  const auto expire = [&] {
    std::promise<void> done;
    thread_->post([&] {
      EXPECT_TRUE(requests_->expire());
      done.set_value();
    });
    done.get_future().wait();
    // What was committed behind it is done once another request is.
    EXPECT_FALSE(vote(late->id, "carol")) << "too late";
  };
  clock_.now += 899 * kSecond;
  std::promise<void> none;
  thread_->post([&] {
    EXPECT_TRUE(requests_->expire());
    none.set_value();
  });
  none.get_future().wait();
  EXPECT_EQ(AccessRequests::find(*store_, late->id)->state, policy::RequestState::waiting);
  clock_.now += kSecond;
  expire();
  expire();
  EXPECT_EQ(AccessRequests::find(*store_, late->id)->state, policy::RequestState::expired);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(told,
            (std::vector<std::string>{"request.create waiting", "request.create waiting", "request.approve approved",
                                      "request.end ended", "request.expire expired"}));
}

TEST_F(AccessRequestsTest, RulesThatAreNotUnderstoodGrantNothing) {
  const auto made = create();
  ASSERT_TRUE(vote(made->id, "bob"));
  const auto row = *store_->get_request(made->id);
  for (const char* rules :
       {"", "0 3600 g:leads\n", "1 3600\n", "1 3600 x:leads\n", "one 3600 g:leads\n", "1 3600 g:\n"}) {
    store::RequestRow bad = row;
    bad.id = base::make_id(clock_.now_us(), random_);
    bad.rules = rules;
    ASSERT_TRUE(store_->insert_request(bad));
    EXPECT_EQ(AccessRequests::find(*store_, bad.id).error().code, base::Errc::corrupt) << rules;
  }
}

}  // namespace
}  // namespace sallyport::broker
