// SPDX-License-Identifier: Apache-2.0
// What tests of classes on a session loop share: users in a store, the policy that is loaded from it, the audit log,
// and a loop that runs.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "audit/audit_fixture_test.h"
#include "broker/access/declared.h"
#include "broker/access/policy_state.h"
#include "broker/intake/preauth_audit.h"
#include "broker/node/audit_trail.h"
#include "broker/node/session_thread.h"
#include "broker/node/user_audit.h"
#include "keys/private_key.h"
#include "net/executor.h"

namespace sallyport::broker {

/// Runs the work on the loop, and waits for it.
inline void run_on(SessionThread& thread, const std::function<void()>& work) {
  std::promise<void> done;
  thread.loop().post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

inline void wait_for(net::Executor& executor) {
  std::promise<void> done;
  executor.post([&] { done.set_value(); });
  done.get_future().wait();
}

class BrokerFixture : public audit::AuditFixture {
 protected:
  void SetUp() override {
    AuditFixture::SetUp();
    trail_ = std::make_unique<AuditTrail>(*log_, *store_, *store_thread_);
    preauth_audit_ = std::make_unique<PreauthAudit>(*trail_, clock_);
    user_audit_ = std::make_unique<UserAudit>(*trail_, clock_);
  }
  void TearDown() override {
    thread_->stop();
    store_thread_.reset();
    thread_.reset();
    user_audit_.reset();
    preauth_audit_.reset();
    trail_.reset();
    AuditFixture::TearDown();
  }

  void on_loop(const std::function<void()>& work) { run_on(*thread_, work); }
  keys::PrivateKey make_key() {
    return std::move(keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random_).value());
  }
  /// Puts the resource in force.
  void put(const policy::Resource& resource) {
    ASSERT_TRUE(put_declared(*store_, resource, clock_.now));
    ASSERT_TRUE(policy_.reload(*store_));
  }
  void put_user(const std::string& name, const std::vector<std::string>& keys, bool disabled = false) {
    policy::User user;
    user.name = name;
    user.public_keys = keys;
    user.disabled = disabled;
    put(user);
  }
  /// The events of one type, as they stand in the log.
  std::vector<std::string> audited(const std::string& type) {
    wait_for(*store_thread_);
    std::vector<std::string> out;
    const auto rows = store_->list_audit({});
    for (const auto& row : *rows) {
      if (row.type == type) out.push_back(row.body);
    }
    return out;
  }

  PolicyHolder policy_;
  std::unique_ptr<SessionThread> thread_ = std::make_unique<SessionThread>(0);
  std::unique_ptr<net::Executor> store_thread_ = std::make_unique<net::Executor>("store");
  std::unique_ptr<AuditTrail> trail_;
  std::unique_ptr<PreauthAudit> preauth_audit_;
  std::unique_ptr<UserAudit> user_audit_;
};

}  // namespace sallyport::broker
