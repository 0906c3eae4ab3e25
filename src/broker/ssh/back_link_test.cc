// SPDX-License-Identifier: Apache-2.0
// What a back may say and when, with a worker that the test plays.
#include "broker/ssh/back_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <map>

#include "broker/ssh/broker_fixture_test.h"
#include "broker/ssh/fake_worker_test.h"
#include "broker/ssh/kex_example_test.h"
#include "ipc/ssh_back.pb.h"

namespace sallyport::broker {
namespace {

using ::testing::HasSubstr;

/// Notes what it is told.
class NotingOwner final : public BackOwner {
 public:
  void back_host_refused(const base::Error& why) override { heard.add("host_refused " + why.message); }
  void back_login_wanted(ipc::LoginWanted& m) override {
    heard.add("login_wanted " + std::to_string(m.methods_size()));
  }
  void back_login_prompts(ipc::LoginPrompts& m) override { heard.add("login_prompts " + m.prompt(0)); }
  void back_login_done(ipc::LoginDone& m) override { heard.add(m.ok() ? "login_done ok" : "login_done"); }
  void back_credit(ipc::Credit& m) override { heard.add("credit " + std::to_string(m.bytes())); }
  void back_event(base::ByteView event) override { heard.add("event " + base::to_text(event)); }
  void back_drained() override { heard.add("drained"); }
  void back_ended(const std::string& reason, bool clean, const std::string& fault) override {
    heard.add("ended [" + reason + "] [" + fault + "]" + (clean ? " clean" : ""));
  }
  Heard heard;
};

enum class At { kex, login, live };

class BackLinkTest : public ::testing::Test {
 protected:
  BackLinkTest() {
    target.name = "web1";
    target.host_keys = {key.public_key().line("")};
    begin(At::kex);
  }
  ~BackLinkTest() override { end(); }

  /// Another back, which has come so far.
  void begin(At phase) {
    end();
    worker = std::make_unique<FakeWorker>();
    owner = std::make_unique<NotingOwner>();
    on_loop([&] {
      link = std::make_unique<BackLink>(clock, thread, worker->spawned(), *owner, target, std::string(kExampleClient));
      link->start({});
    });
    EXPECT_TRUE(worker->hear_control<ipc::BrokerToBack>().has_start());
    if (phase == At::kex) return;
    worker->say(one_of_each()["host_proof"]);
    EXPECT_TRUE(worker->hear_control<ipc::BrokerToBack>().has_host_accepted());
    if (phase == At::live) on_loop([&] { link->set_live(); });
  }
  void end() {
    on_loop([&] { link.reset(); });
  }
  void on_loop(const std::function<void()>& work) { run_on(thread, work); }
  void expect_fault(const std::string& fault) {
    EXPECT_EQ(owner->heard.next(), "ended [] [" + fault + "]");
    on_loop([] {});
    EXPECT_TRUE(owner->heard.empty()) << owner->heard.next();
  }
  /// One message of each kind, by the name that the table gives it.
  std::map<std::string, ipc::BackToBroker> one_of_each() const {
    std::map<std::string, ipc::BackToBroker> out;
    *out["host_proof"].mutable_host_proof() = example_proof(key);
    out["login_wanted"].mutable_login_wanted()->add_methods("password");
    out["login_prompts"].mutable_login_prompts()->add_prompt("Code:");
    out["login_done"].mutable_login_done()->set_ok(true);
    out["credit"].mutable_credit()->set_bytes(7);
    out["target_fault"].mutable_target_fault()->set_said("220 mail");
    out["log_line"].mutable_log_line()->set_text("text");
    out["ended"].mutable_ended()->set_reason("over");
    return out;
  }
  static keys::PrivateKey make_key() {
    base::SystemRandom random;
    return std::move(keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random).value());
  }

  audit::StillClock clock;
  const keys::PrivateKey key = make_key(), other_key = make_key();
  policy::Target target;
  SessionThread thread{0};
  std::unique_ptr<FakeWorker> worker;
  std::unique_ptr<NotingOwner> owner;
  std::unique_ptr<BackLink> link;
};

TEST_F(BackLinkTest, WhatIsOutOfPhaseEndsTheWorker) {
  const std::map<At, std::vector<std::string>> allowed = {
      {At::kex, {"host_proof", "target_fault"}},
      {At::login, {"login_wanted", "login_prompts", "login_done", "target_fault"}},
      {At::live, {"host_proof", "credit"}}};
  for (const auto& [phase, names] : allowed) {
    for (const auto& [name, message] : one_of_each()) {
      if (name == "log_line" || name == "ended") continue;  // in any phase
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      SCOPED_TRACE(name + " in phase " + std::to_string(static_cast<int>(phase)));
      begin(phase);
      worker->say(message);
      expect_fault("message out of phase: " + name);
    }
    if (phase == At::live) continue;
    begin(phase);
    worker->say_event("early");
    expect_fault("event out of phase");
  }
}

TEST_F(BackLinkTest, WhatIsInPhaseReachesTheOwner) {
  begin(At::login);
  for (const auto& [name, heard] : std::map<std::string, std::string>{{"login_wanted", "login_wanted 1"},
                                                                      {"login_prompts", "login_prompts Code:"},
                                                                      {"login_done", "login_done ok"}}) {
    worker->say(one_of_each()[name]);
    EXPECT_EQ(owner->heard.next(), heard);
  }
  on_loop([&] { link->set_live(); });
  worker->say(one_of_each()["credit"]);
  EXPECT_EQ(owner->heard.next(), "credit 7");
  worker->say_event("an echo");
  EXPECT_EQ(owner->heard.next(), "event an echo");
}

TEST_F(BackLinkTest, WhatIsTooLongEndsTheWorker) {
  struct Bound {
    const char* name;
    At phase;
    std::size_t most;
  };
  for (const Bound& bound :
       {Bound{"login_wanted", At::login, 16 * 1024}, Bound{"login_prompts", At::login, 16 * 1024},
        Bound{"login_done", At::login, 16 * 1024}, Bound{"credit", At::live, 64}, Bound{"log_line", At::kex, 4096},
        Bound{"target_fault", At::kex, 4096}, Bound{"ended", At::kex, 4096}}) {
    SCOPED_TRACE(bound.name);
    begin(bound.phase);
    worker->say_padded(one_of_each()[bound.name], bound.most);
    worker->say(ipc::MessageKind::control, "");  // to be the first that is refused
    std::string heard = owner->heard.next();
    if (heard.rfind("ended", 0) != 0) heard = owner->heard.next();
    EXPECT_THAT(heard, HasSubstr("[unknown message]"));
    begin(bound.phase);
    worker->say_padded(one_of_each()[bound.name], bound.most + 1);
    expect_fault(std::string("message too long: ") + bound.name);
  }
  begin(At::kex);
  auto long_proof = one_of_each()["host_proof"];
  long_proof.mutable_host_proof()->mutable_inputs()->set_server_kexinit("\x14" + std::string(60 * 1024, 's'));
  worker->say(long_proof);
  expect_fault("message too long: host_proof");
}

TEST_F(BackLinkTest, WhatMayComeOnceEndsTheWorkerTheSecondTime) {
  begin(At::login);
  worker->say(one_of_each()["login_done"]);
  EXPECT_EQ(owner->heard.next(), "login_done ok");
  worker->say(one_of_each()["login_done"]);
  expect_fault("message repeated: login_done");
  begin(At::kex);
  worker->say(one_of_each()["target_fault"]);
  worker->say(one_of_each()["target_fault"]);
  expect_fault("message repeated: target_fault");
  begin(At::kex);
  worker->say(one_of_each()["ended"]);
  worker->say(one_of_each()["ended"]);
  EXPECT_EQ(owner->heard.next(), "ended [over] [message repeated: ended]");
}

TEST_F(BackLinkTest, WhatIsNoMessageEndsTheWorker) {
  worker->say(ipc::MessageKind::control, std::string("\xff\xff\xff", 3));
  expect_fault("malformed message");
  begin(At::login);
  worker->say(ipc::MessageKind::control, "");
  expect_fault("unknown message");
}

TEST_F(BackLinkTest, AHostThatProvesItselfIsAccepted) {
  on_loop([&] { EXPECT_FALSE(link->host()); });
  worker->say(one_of_each()["host_proof"]);
  const base::Bytes hash = example_hash(example_proof(key).inputs(), key.public_key().blob());
  EXPECT_EQ(worker->hear_control<ipc::BrokerToBack>().host_accepted().exchange_hash(), base::to_text(hash));
  on_loop([&] {
    ASSERT_TRUE(link->host());
    EXPECT_EQ(link->host()->exchange_hash, hash);
    EXPECT_EQ(link->host()->host_key, key.public_key().blob());
  });
}

TEST_F(BackLinkTest, AnotherHostIsRefusedBeforeAnyLogin) {
  ipc::BackToBroker message;
  *message.mutable_host_proof() = example_proof(other_key);
  worker->say(message);
  EXPECT_THAT(owner->heard.next(), HasSubstr("host_refused it offered ssh-ed25519"));
  expect_fault("");
  on_loop([&] { EXPECT_FALSE(link->host()); });
  end();
  EXPECT_FALSE(worker->hear()) << "it was told nothing more";
}

TEST_F(BackLinkTest, ALaterKeyExchangeIsCheckedAndIsNoNewSession) {
  begin(At::live);
  base::Bytes first;
  on_loop([&] { first = link->host()->exchange_hash; });
  auto inputs = example_kex("ssh-ed25519");
  inputs.set_host_key(base::to_text(key.public_key().blob()));
  inputs.set_shared_secret(std::string(32, 'L'));
  const base::Bytes hash = example_hash(inputs, key.public_key().blob());
  ipc::BackToBroker again;
  *again.mutable_host_proof()->mutable_inputs() = inputs;
  again.mutable_host_proof()->set_signature(base::to_text(key.sign(hash).value()));
  worker->say(again);
  EXPECT_EQ(worker->hear_control<ipc::BrokerToBack>().host_accepted().exchange_hash(), base::to_text(hash));
  on_loop([&] { EXPECT_EQ(link->host()->exchange_hash, first); });
  *again.mutable_host_proof() = example_proof(other_key);
  worker->say(again);
  EXPECT_THAT(owner->heard.next(), HasSubstr("host_refused"));
  expect_fault("");
}

TEST_F(BackLinkTest, KeyExchangesAreBoundedInTime) {
  begin(At::live);
  const auto message = one_of_each()["host_proof"];
  for (int i = 0; i < static_cast<int>(RekeyLimit::kBurst); ++i) {
    worker->say(message);
    ASSERT_TRUE(worker->hear_control<ipc::BrokerToBack>().has_host_accepted()) << i;
  }
  worker->say(message);
  expect_fault("too many key exchanges");
}

TEST_F(BackLinkTest, TheOwnerHearsThatTheWorkerIsGoneInEveryPhase) {
  for (const At phase : {At::kex, At::login, At::live}) {
    begin(phase);
    worker->leave();
    expect_fault("");
    begin(phase);
    ipc::BackToBroker ended;
    ended.mutable_ended()->set_reason("bye\x1b[2J");
    ended.mutable_ended()->set_clean(true);
    worker->say(ended);
    worker->leave();
    EXPECT_EQ(owner->heard.next(), "ended [bye\\x1b[2J] [] clean");
    begin(phase);
    worker->crash(SIGXCPU);  // one that no sanitizer catches
    EXPECT_EQ(owner->heard.next(), "ended [] [killed by signal 24]");
    begin(phase);
    on_loop([&] { link->kill("it misbehaved"); });
    expect_fault("it misbehaved");
  }
}

TEST_F(BackLinkTest, WhatATargetSaidInsteadIsKeptHarmless) {
  for (const At phase : {At::kex, At::login}) {
    begin(phase);
    ipc::BackToBroker message;
    message.mutable_target_fault()->set_fault(ipc::PEER_FAULT_HTTP);
    message.mutable_target_fault()->set_said("HTTP/1.1 \x1b[2J" + std::string(400, 'x'));
    worker->say(message);
    worker->leave();
    expect_fault("");
    on_loop([&] {
      EXPECT_EQ(link->peer_fault(), ipc::PEER_FAULT_HTTP);
      EXPECT_EQ(link->peer_said().rfind("HTTP/1.1 ", 0), 0U);
      EXPECT_LE(link->peer_said().size(), 256U);
      EXPECT_EQ(link->peer_said().find('\x1b'), std::string::npos);
    });
  }
}

TEST_F(BackLinkTest, AQueueThatIsLongIsSaidAndItsDrainingToo) {
  begin(At::live);
  on_loop([&] {
    EXPECT_FALSE(link->congested());
    const base::Bytes event(30'000, 'x');
    while (!link->congested()) link->send_event(event);
  });
  EXPECT_TRUE(owner->heard.empty());
  worker->drain_until_said(owner->heard);
  EXPECT_EQ(owner->heard.next(), "drained");
  on_loop([&] { EXPECT_FALSE(link->congested()); });
}

TEST_F(BackLinkTest, WhileReadingIsHeldNothingIsTaken) {
  begin(At::live);
  on_loop([&] { link->hold_reading(true); });
  worker->say_event("one");
  for (int turn = 0; turn < 100; ++turn) on_loop([] {});
  EXPECT_TRUE(owner->heard.empty());
  on_loop([&] { link->hold_reading(false); });
  EXPECT_EQ(owner->heard.next(), "event one");
}

}  // namespace
}  // namespace sallyport::broker
