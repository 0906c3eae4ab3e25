// SPDX-License-Identifier: Apache-2.0
// What a node does by itself: sessions are asked whether their hours are over, where policies name hours, and the end
// of the audit log is signed.
#include "broker/node/housekeeping.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "broker/record/node_signer.h"
#include "broker/ssh/gateway_fixture_test.h"

namespace sallyport::broker {
namespace {

class HousekeepingTest : public GatewayFixture {
 protected:
  void SetUp() override {
    GatewayFixture::SetUp();
    SessionInfo info;
    info.id = "id1";
    handle_ = std::make_shared<SessionHandle>(info);
    handle_->attach([](const ControlAct&, const std::function<void(base::Status)>&) {}, [](bool, const std::string&) {},
                    [this] {
                      const std::lock_guard lock(mutex_);
                      ++reviews_;
                      changed_.notify_all();
                    });
    ASSERT_TRUE(sessions_.add(handle_));
    housekeeping_.emplace(*services_, *other_thread_, std::make_shared<NodeSigner>(VaultForTests::get()));
    main_thread_ = std::thread([this] { main_loop_.run(); });
  }
  void TearDown() override {
    wait_for(*other_thread_);
    main_loop_.stop();
    main_thread_.join();
    housekeeping_.reset();
    handle_->detach();
    GatewayFixture::TearDown();
  }
  void put_rule(base::Micros valid_until_us) {
    policy::Policy rule;
    rule.name = "ops";
    rule.subjects.users = {"alice"};
    rule.targets.names = {"web1"};
    rule.accounts = {"deploy"};
    rule.allow.add(policy::Permission::shell);
    rule.when.valid_until_us = valid_until_us;
    put(rule);
  }
  void start() {
    main_loop_.post([this] { housekeeping_->start(); });
  }
  unsigned reviews() {
    const std::lock_guard lock(mutex_);
    return reviews_;
  }
  bool reviewed(unsigned times) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return reviews_ >= times; });
  }
  /// So much time goes by on the main loop.
  void wait_on_loop(std::int64_t us) {
    std::promise<void> done;
    net::Timer timer(main_loop_);
    main_loop_.post([&] { timer.after_us(us, [&] { done.set_value(); }); });
    done.get_future().wait();
    std::promise<void> gone;
    main_loop_.post([&] {
      timer.cancel();
      gone.set_value();
    });
    gone.get_future().wait();
  }

  std::shared_ptr<SessionHandle> handle_;
  std::optional<Housekeeping> housekeeping_;
  std::thread main_thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned reviews_ = 0;
};

TEST_F(HousekeepingTest, SessionsAreAskedEachSecondWherePoliciesNameATime) {
  put_rule(clock_.now + 1);
  start();
  EXPECT_TRUE(reviewed(3));
}

TEST_F(HousekeepingTest, NobodyIsAskedForNothingAndTheFirstPolicyWithATimeIsNoticed) {
  put_rule(0);
  start();
  wait_on_loop(1'300'000);  // longer than from one round to the next
  EXPECT_EQ(reviews(), 0U);
  put_rule(clock_.now + 1);
  EXPECT_TRUE(reviewed(1));
}

TEST_F(HousekeepingTest, TheEndOfTheAuditLogIsSignedAtOnce) {
  trail_->write({"a.test", "somebody", "", {}});
  wait_for(*store_thread_);
  start();
  wait_on_loop(1);
  wait_for(*store_thread_);
  const auto heads = store_->list_audit_heads();
  ASSERT_TRUE(heads) << heads.message();
  EXPECT_EQ(heads->size(), 1U);
}

}  // namespace
}  // namespace sallyport::broker
