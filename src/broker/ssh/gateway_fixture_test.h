// SPDX-License-Identifier: Apache-2.0
// A gateway of which nothing runs but a loop and a store: for tests of connections, whose fronts and sessions the test
// plays.
#pragma once

#include <memory>
#include <optional>

#include "broker/node/gateway.h"
#include "broker/node/heard_notices_test.h"
#include "broker/ssh/broker_fixture_test.h"
#include "broker/ssh/vault_fixture_test.h"

namespace sallyport::broker {

class GatewayFixture : public BrokerFixture {
 protected:
  void SetUp() override {
    BrokerFixture::SetUp();
    requests_ = std::make_unique<AccessRequests>(*store_, *trail_, policy_, clock_, random_);
    totp_.emplace(*store_, VaultForTests::get(), clock_, random_);
    services_ = std::make_unique<Services>(Services{config_,
                                                    clock_,
                                                    random_,
                                                    main_loop_,
                                                    *store_thread_,
                                                    *other_thread_,
                                                    guesses_,
                                                    *other_thread_,
                                                    resolver_,
                                                    *store_,
                                                    *other_thread_,
                                                    *store_,
                                                    VaultForTests::get(),
                                                    *trail_,
                                                    *preauth_audit_,
                                                    *user_audit_,
                                                    openings_,
                                                    target_logins_,
                                                    *passwords_,
                                                    policy_,
                                                    *requests_,
                                                    sessions_,
                                                    logins_,
                                                    late_seals_,
                                                    held_,
                                                    screens_,
                                                    *totp_,
                                                    notices_});
    gateway_ = std::make_unique<Gateway>(
        Gateway{*services_, record_state_, nullptr, protocols_, inspectors_, strangers_, users_, descriptors_, 0});
  }
  void TearDown() override {
    other_thread_.reset();
    BrokerFixture::TearDown();
  }

  config::Config config_;
  HeardNotices notices_;
  net::Loop main_loop_;
  std::unique_ptr<net::Executor> other_thread_ = std::make_unique<net::Executor>("other");
  GuessQueue guesses_{*other_thread_, clock_, 1'000'000, [](base::Micros, const std::function<void()>&) {}};
  net::Resolver resolver_{{}, clock_};
  OpeningPace openings_;
  LoginSpacing target_logins_;
  base::Result<identity::Passwords> passwords_ = identity::Passwords::create({1, 8 * 1024 * 1024}, random_);
  Registry sessions_{100};
  Logins logins_;
  LateSeals late_seals_;
  HeldBudget held_, screens_;
  RecordThreadState record_state_;
  ProtocolTable protocols_;
  struct : WorkerSource {
    void spawn(base::Fd, std::function<void(base::Result<SpawnedWorker>)>) override {}
  } inspectors_;
  Admission strangers_{100, 100}, users_{100, 2};
  DescriptorBudget descriptors_{1000};
  std::optional<identity::Totp> totp_;
  std::unique_ptr<AccessRequests> requests_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace sallyport::broker
