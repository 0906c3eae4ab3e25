// SPDX-License-Identifier: Apache-2.0
// A whole session over a real store, audit log and record, with a front and a back that the test plays: from the
// decision to the seal, and the ways that it ends before.
#include "broker/session/session.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "broker/record/node_signer.h"
#include "broker/session/session_fakes_test.h"
#include "broker/ssh/gateway_fixture_test.h"
#include "event/event.pb.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NoPasswords final : public PasswordCheck {
 public:
  void check_again(const std::string&, base::ByteView, std::function<void(const Judged&)>) override {}
  void check_code(const std::string&, base::ByteView, std::function<void(const Judged&)>) override {}
};

/// Its target lets in whom the test says.
class PlayedBack final : public BackSide {
 public:
  struct Heard {
    Owner* owner = nullptr;
    Opening* opening = nullptr;
    std::vector<std::string> events;
    bool started = false, terminated = false;
  };
  PlayedBack(Heard& heard, const BackWiring& wiring) : heard_(heard) {
    heard_.owner = &wiring.owner;
    heard_.opening = &wiring.opening;
  }
  void start() override { heard_.started = true; }
  void set_live() override {}
  std::string failure_text() const override { return "failed"; }
  std::string timeout_text() const override { return "late"; }
  void send_event(base::ByteView event) override { heard_.events.push_back(base::to_text(event)); }
  void send_credit(const ipc::Credit&) override {}
  void send_bulk_start(const ipc::BulkStart&, std::span<const int>) override {}
  void recorded(std::uint64_t) override {}
  void terminate() override { heard_.terminated = true; }
  void hold_reading(bool) override {}
  bool congested() const override { return false; }
  void kill(const std::string&) override { heard_.terminated = true; }
  std::shared_ptr<const base::Fd> pidfd() const override { return nullptr; }
  pid_t pid() const override { return 0; }

 private:
  Heard& heard_;
};

class SessionTest : public GatewayFixture {
 protected:
  void SetUp() override {
    GatewayFixture::SetUp();
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-session-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    config_.recording.dir = path;
    gateway_->signer = std::make_shared<NodeSigner>(VaultForTests::get());
    protocols_.emplace(
        policy::Protocol::ssh,
        Protocol{workers_, UrgentData::set_aside,
                 [](const policy::Grant&, const config::Limits&) { return std::make_unique<FakeRules>(); },
                 [this](const BackWiring& wiring) { return std::make_unique<PlayedBack>(back_, wiring); }});
    put_user("alice", {make_key().public_key().line("")});
    policy::Target target;
    target.name = "web1";
    target.host = "127.0.0.1";
    target.port = listen();
    put(target);
    policy::Account account;
    account.name = "deploy";
    account.targets.names = {"web1"};
    account.login = policy::Login::certificate;
    put(account);
    policy::Policy rule;
    rule.name = "ops";
    rule.subjects.users = {"alice"};
    rule.targets.names = {"web1"};
    rule.accounts = {"deploy"};
    rule.allow.add(policy::Permission::shell);
    put(rule);
  }
  void TearDown() override {
    on_loop([this] { session_.reset(); });
    GatewayFixture::TearDown();
    std::filesystem::remove_all(config_.recording.dir);
  }
  std::uint16_t listen() {
    listener_ = base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }
  void drop_policy() {
    ASSERT_TRUE(store_->delete_resource("policy", "ops", clock_.now));
    ASSERT_TRUE(policy_.reload(*store_));
  }
  void open() {
    SessionFacts facts;
    facts.identity.user = "alice";
    facts.identity.method = "password";
    facts.identity.incarnation = *policy_.current()->incarnation_of("alice");
    facts.destination = {"deploy", "web1", 0};
    facts.source = "192.0.2.1:5000";
    facts.source_host = "192.0.2.1";
    on_loop([&] {
      session_ = std::make_shared<Session>(*gateway_, *thread_, front_, passwords_check_, std::move(facts),
                                           [this] { ++overs_; });
      session_->open();
    });
  }
  /// On the loop, again and again.
  void until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (bool good = false; !good; std::this_thread::yield()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      on_loop([&] { good = condition(); });
    }
  }
  void wait_for_back() {
    until([this] { return back_.started; });
  }
  void log_in() {
    on_loop([this] {
      EXPECT_TRUE(back_.opening->back_may_log_in());
      LoginFacts facts;
      facts.accepted = true;
      back_.opening->back_logged_in(facts);
    });
  }
  void is_over() {
    on_loop([this] {
      session_->front_gone("the user left", "");
      if (back_.owner != nullptr) back_.owner->back_ended("ended", true, "");
    });
    until([this] { return overs_ == 1; });
    wait_for(*store_thread_);
  }
  std::shared_ptr<SessionHandle> handle() const {
    const auto all = sessions_.all();
    return all.empty() ? nullptr : all.front();
  }
  bool passes() {
    event::Event event;
    event.mutable_channel_open()->set_channel(1);
    event.mutable_channel_open()->set_type("session");
    const std::string bytes = event.SerializeAsString();
    const std::size_t before = back_.events.size();
    on_loop([&] { session_->front_event(base::view(bytes)); });
    return back_.events.size() > before;
  }

  struct : WorkerSource {
    void spawn(base::Fd, std::function<void(base::Result<SpawnedWorker>)> done) override {
      done(SpawnedWorker(0, base::Fd(), base::Fd()));
    }
  } workers_;
  base::Fd listener_;
  FakeFront front_;
  NoPasswords passwords_check_;
  PlayedBack::Heard back_;
  std::shared_ptr<Session> session_;
  unsigned overs_ = 0;
};

TEST_F(SessionTest, FromTheDecisionToTheSeal) {
  open();
  wait_for_back();
  ASSERT_NE(handle(), nullptr);
  const std::string id = handle()->info().id;
  EXPECT_EQ(handle()->info().state, SessionState::opening);
  EXPECT_EQ(audited("session.start").size(), 1U) << "before any login";
  log_in();
  EXPECT_EQ(handle()->info().state, SessionState::live);
  EXPECT_TRUE(passes());
  is_over();
  EXPECT_TRUE(back_.terminated);
  EXPECT_EQ(handle(), nullptr);
  EXPECT_EQ(audited("target.login").size(), 1U);
  EXPECT_EQ(audited("session.end").size(), 1U);
  const auto row = store_->get_session(id);
  ASSERT_TRUE(row) << row.message();
  EXPECT_EQ(row->state, "ended");
  EXPECT_EQ(row->integrity, "sealed");
}

TEST_F(SessionTest, WhatNoPolicyGrantsLeavesOnlyItsRefusal) {
  drop_policy();
  open();
  EXPECT_THAT(front_.refused, HasSubstr("you have no access to deploy on web1"));
  is_over();
  EXPECT_FALSE(back_.started);
  EXPECT_EQ(audited("session.denied").size(), 1U);
  EXPECT_EQ(audited("session.start").size(), 0U);
}

TEST_F(SessionTest, AChangeWhileItOpensIsARefusal) {
  open();
  wait_for_back();
  drop_policy();
  on_loop([this] { session_->review(); });
  EXPECT_THAT(front_.refused, HasSubstr("do not let you use deploy@web1"));
  on_loop([this] { EXPECT_FALSE(back_.opening->back_may_log_in()); });
  is_over();
  EXPECT_EQ(audited("session.denied").size(), 1U);
  EXPECT_EQ(audited("session.end").size(), 1U) << "it was begun";
}

TEST_F(SessionTest, AChangeWhileItLivesEndsIt) {
  open();
  wait_for_back();
  log_in();
  drop_policy();
  handle()->review();
  on_loop([] {});
  EXPECT_FALSE(passes());
  EXPECT_THAT(front_.terminated, ElementsAre(HasSubstr("do not let you use deploy@web1")));
  is_over();
  EXPECT_EQ(audited("session.revoked").size(), 1U);
}

TEST_F(SessionTest, AFrontThatGoesWhileItOpensLeavesASealedRecord) {
  open();
  wait_for_back();
  const std::string id = handle()->info().id;
  is_over();
  const auto row = store_->get_session(id);
  ASSERT_TRUE(row) << row.message();
  EXPECT_EQ(row->state, "ended");
  EXPECT_EQ(row->integrity, "sealed");
}

TEST_F(SessionTest, ABackThatBreaksItsRulesEndsItAndIsNamed) {
  open();
  wait_for_back();
  log_in();
  on_loop([this] { back_.owner->back_ended("", false, "said what no back says"); });
  EXPECT_THAT(front_.terminated, ElementsAre(HasSubstr("a fault on the target's side")));
  on_loop([this] { session_->front_gone("ended", ""); });
  until([this] { return overs_ == 1; });
  EXPECT_THAT(audited("worker.fault"), ElementsAre(HasSubstr("said what no back says")));
}

}  // namespace
}  // namespace sallyport::broker
