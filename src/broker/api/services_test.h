// SPDX-License-Identifier: Apache-2.0
// For tests: the services of a node over real parts (store, vault, audit log, registry, loop), and the API over them.
// Sessions are handles without a loop of their own, so that what an act does at once can be told from what the session
// does later.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "broker/api/api.h"
#include "broker/node/heard_notices_test.h"

namespace sallyport::broker::api {

class ServicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/sallyport-api-XXXXXX";
    config.data_dir = ::mkdtemp(name.data());
    config.recording.dir = config.data_dir + "/recordings";
    store = std::move(*store::Store::open({"sqlite", config.data_dir}));
    reader = std::move(*store::Store::open_reader({"sqlite", config.data_dir}));
    config.node = store->node();
    auto opened = vault::Vault::open(*store, vault::MasterKeySource::from_file(config.data_dir + "/key/master.key"),
                                     clock, random);
    ASSERT_TRUE(opened) << opened.message();
    vault = std::move(*opened);
    log = std::move(*audit::Log::open(*store, clock, random, {vault->node_public_key(), [this](base::ByteView message) {
                                                                return vault->node_sign(message);
                                                              }}));
    passwords.emplace(std::move(*identity::Passwords::create({1, 8 << 20}, random)));
    totp.emplace(*store, *vault, clock, random);
    trail = std::make_unique<AuditTrail>(*log, *store, *store_thread);
    guesses = std::make_unique<GuessQueue>(*hash_thread, clock, 1, [](base::Micros, const auto&) {});
    preauth_audit = std::make_unique<PreauthAudit>(*trail, clock);
    user_audit = std::make_unique<UserAudit>(*trail, clock);
    requests = std::make_unique<AccessRequests>(*store, *trail, policy, clock, random);
    services.reset(new Services{config,     clock,          random,         loop,        *store_thread,  *hash_thread,
                                *guesses,   *record_thread, *resolver,      *store,      *reader_thread, *reader,
                                *vault,     *trail,         *preauth_audit, *user_audit, openings,       target_logins,
                                *passwords, policy,         *requests,      sessions,    logins,         late_seals,
                                held,       screens,        *totp,          notices});
    const auto scan_host = [](const policy::Target&, const HostScanner::Done& done) {
      done(base::fail(base::Errc::io, "nobody is there"));
    };
    api = std::make_unique<Api>(*services, NodeFacts{"test", "127.0.0.1:1", clock.now_us(), scan_host});
    start();
    thread = std::thread([this] { loop.run(); });
  }
  void TearDown() override {
    on_loop([this] { stop(); });
    api.reset();
    loop.stop();
    thread.join();
    store_thread.reset();
    reader_thread.reset();
    hash_thread.reset();
    std::filesystem::remove_all(config.data_dir);
  }
  /// A way into the API: begins before the loop runs, and is gone, from the loop, before the API.
  virtual void start() {}
  virtual void stop() {}

  /// Runs it on the main loop and waits for it.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    loop.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::shared_ptr<SessionHandle> add_session(const std::string& id, const std::string& user = "alice") {
    SessionInfo info;
    info.id = id;
    info.user = user;
    info.state = SessionState::live;
    auto session = std::make_shared<SessionHandle>(info);
    // A session whose loop hangs: it takes the order and never answers.
    session->attach([](const ControlAct&, const std::function<void(base::Status)>&) {},
                    [](bool, const std::string&) {});
    EXPECT_TRUE(sessions.add(session));
    return session;
  }
  std::vector<std::string> audit_types() {
    std::vector<std::string> out;
    const auto rows = store->list_audit({});
    for (const auto& row : *rows) out.push_back(row.type);
    return out;
  }

  config::Config config;
  base::SystemClock clock;
  base::SystemRandom random;
  net::Loop loop;
  std::unique_ptr<net::Executor> store_thread = std::make_unique<net::Executor>("store");
  std::unique_ptr<net::Executor> reader_thread = std::make_unique<net::Executor>("reader");
  std::unique_ptr<net::Executor> hash_thread = std::make_unique<net::Executor>("hash");
  std::unique_ptr<net::Executor> record_thread = std::make_unique<net::Executor>("record");
  std::unique_ptr<net::Resolver> resolver = std::make_unique<net::Resolver>(net::Resolver::Options{}, clock);
  std::unique_ptr<store::Store> store, reader;
  std::unique_ptr<vault::Vault> vault;
  std::unique_ptr<audit::Log> log;
  std::optional<identity::Passwords> passwords;
  std::optional<identity::Totp> totp;
  std::unique_ptr<AuditTrail> trail;
  std::unique_ptr<GuessQueue> guesses;
  std::unique_ptr<PreauthAudit> preauth_audit;
  std::unique_ptr<UserAudit> user_audit;
  std::unique_ptr<AccessRequests> requests;
  OpeningPace openings;
  LoginSpacing target_logins;
  PolicyHolder policy;
  Registry sessions{100};
  Logins logins;
  LateSeals late_seals;
  HeardNotices notices;
  HeldBudget held, screens;
  std::unique_ptr<Services> services;
  std::unique_ptr<Api> api;
  std::thread thread;
};

}  // namespace sallyport::broker::api
