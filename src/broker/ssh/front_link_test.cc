// SPDX-License-Identifier: Apache-2.0
// What a front may say and when, with a worker that the test plays.
#include "broker/ssh/front_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "broker/ssh/broker_fixture_test.h"
#include "broker/ssh/fake_worker_test.h"
#include "broker/ssh/kex_example_test.h"
#include "broker/ssh/vault_fixture_test.h"
#include "ipc/ssh_front.pb.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Notes what it is told.
class NotingOwner final : public FrontOwner {
 public:
  void front_auth_request(ipc::AuthRequest& m) override { heard.add("auth_request " + m.user()); }
  void front_auth_answers(ipc::AuthAnswers&) override { heard.add("auth_answers"); }
  void front_credit(ipc::Credit& m) override { heard.add("credit " + std::to_string(m.bytes())); }
  void front_jump_open(ipc::JumpOpen& m) override { heard.add("jump_open " + m.host()); }
  void front_menu_choice(ipc::MenuChoice& m) override { heard.add("menu_choice " + std::to_string(m.index())); }
  void front_reauthenticate(ipc::Reauthenticate&) override { heard.add("reauthenticate"); }
  void front_service_command(ipc::ServiceCommand& m) override { heard.add("service_command " + m.command()); }
  void front_event(base::ByteView event) override { heard.add("event " + base::to_text(event)); }
  void front_drained() override { heard.add("drained"); }
  void front_ended(const std::string& reason, const std::string& fault) override {
    heard.add("ended [" + reason + "] [" + fault + "]");
  }
  Heard heard;
};

enum class At { kex, auth, live };

/// One message of each kind, by the name that the table gives it.
std::map<std::string, ipc::FrontToBroker> one_of_each() {
  std::map<std::string, ipc::FrontToBroker> out;
  out["client_software"].mutable_client_software()->set_version("SSH-2.0-x");
  *out["sign_kex"].mutable_sign_kex() = example_kex("ssh-ed25519");
  out["auth_request"].mutable_auth_request()->set_user("alice");
  out["auth_answers"].mutable_auth_answers()->add_answers("text");
  out["credit"].mutable_credit()->set_bytes(7);
  out["jump_open"].mutable_jump_open()->set_host("web1");
  out["menu_choice"].mutable_menu_choice()->set_index(1);
  out["reauthenticate"].mutable_reauthenticate()->set_password("text");
  out["service_command"].mutable_service_command()->set_command("resume 1");
  out["log_line"].mutable_log_line()->set_text("text");
  out["ended"].mutable_ended()->set_reason("over");
  return out;
}

class FrontLinkTest : public ::testing::Test {
 protected:
  FrontLinkTest() { begin(At::kex); }
  ~FrontLinkTest() override { end(); }

  /// Another front, which has come so far.
  void begin(At phase, const std::vector<std::string>& legacy = {}) {
    end();
    worker = std::make_unique<FakeWorker>();
    owner = std::make_unique<NotingOwner>();
    on_loop([&] {
      link = std::make_unique<FrontLink>(clock, thread, worker->spawned(), *owner,
                                         FrontLink::Terms{identity, std::string(kExampleServer), legacy});
      link->start({});
    });
    EXPECT_TRUE(worker->hear_control<ipc::BrokerToFront>().has_start());
    if (phase == At::kex) return;
    worker->say(one_of_each()["sign_kex"]);
    EXPECT_TRUE(worker->hear_control<ipc::BrokerToFront>().has_kex_signed());
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
  audit::StillClock clock;
  std::shared_ptr<const HostIdentity> identity = HostIdentity::of_listener(VaultForTests::get());
  SessionThread thread{0};
  std::unique_ptr<FakeWorker> worker;
  std::unique_ptr<NotingOwner> owner;
  std::unique_ptr<FrontLink> link;
};

TEST_F(FrontLinkTest, WhatIsOutOfPhaseEndsTheWorker) {
  const std::map<At, std::vector<std::string>> allowed = {
      {At::kex, {"client_software", "sign_kex"}},
      {At::auth, {"auth_request", "auth_answers"}},
      {At::live, {"sign_kex", "credit", "jump_open", "menu_choice", "reauthenticate", "service_command"}}};
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

TEST_F(FrontLinkTest, WhatIsInPhaseReachesTheOwner) {
  begin(At::auth);
  worker->say(one_of_each()["auth_request"]);
  EXPECT_EQ(owner->heard.next(), "auth_request alice");
  worker->say(one_of_each()["auth_answers"]);
  EXPECT_EQ(owner->heard.next(), "auth_answers");
  on_loop([&] { link->set_live(); });
  for (const auto& [name, heard] :
       std::map<std::string, std::string>{{"credit", "credit 7"},
                                          {"jump_open", "jump_open web1"},
                                          {"menu_choice", "menu_choice 1"},
                                          {"reauthenticate", "reauthenticate"},
                                          {"service_command", "service_command resume 1"}}) {
    worker->say(one_of_each()[name]);
    EXPECT_EQ(owner->heard.next(), heard);
  }
  worker->say_event("a key");
  EXPECT_EQ(owner->heard.next(), "event a key");
}

TEST_F(FrontLinkTest, WhatIsTooLongEndsTheWorker) {
  struct Bound {
    const char* name;
    At phase;
    std::size_t most;
  };
  for (const Bound& bound :
       {Bound{"client_software", At::kex, 512}, Bound{"auth_request", At::auth, 16 * 1024},
        Bound{"auth_answers", At::auth, 8 * 1024}, Bound{"credit", At::live, 64}, Bound{"jump_open", At::live, 4096},
        Bound{"menu_choice", At::live, 64}, Bound{"reauthenticate", At::live, 4096},
        Bound{"service_command", At::live, 4096}, Bound{"log_line", At::kex, 4096}, Bound{"ended", At::kex, 4096}}) {
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
  auto long_kex = one_of_each()["sign_kex"];
  long_kex.mutable_sign_kex()->set_client_kexinit("\x14" + std::string(60 * 1024, 'c'));
  worker->say(long_kex);
  expect_fault("message too long: sign_kex");
}

TEST_F(FrontLinkTest, WhatMayComeOnceEndsTheWorkerTheSecondTime) {
  worker->say(one_of_each()["client_software"]);
  worker->say(one_of_each()["client_software"]);
  expect_fault("message repeated: client_software");
  begin(At::live);
  worker->say(one_of_each()["menu_choice"]);
  EXPECT_EQ(owner->heard.next(), "menu_choice 1");
  worker->say(one_of_each()["menu_choice"]);
  expect_fault("message repeated: menu_choice");
  begin(At::kex);
  worker->say(one_of_each()["ended"]);
  worker->say(one_of_each()["ended"]);
  EXPECT_EQ(owner->heard.next(), "ended [over] [message repeated: ended]");
}

TEST_F(FrontLinkTest, WhatIsNoMessageEndsTheWorker) {
  worker->say(ipc::MessageKind::control, std::string("\xff\xff\xff", 3));
  expect_fault("malformed message");
  begin(At::live);
  worker->say(ipc::MessageKind::control, "");
  expect_fault("unknown message");
  begin(At::live);
  worker->say(static_cast<ipc::MessageKind>(99), "text");
  expect_fault("unknown kind of message");
}

TEST_F(FrontLinkTest, TheFirstKeyExchangeIsSignedAndBecomesTheSession) {
  worker->say(one_of_each()["client_software"]);
  const auto inputs = example_kex("ssh-ed25519");
  worker->say(one_of_each()["sign_kex"]);
  const auto answer = worker->hear_control<ipc::BrokerToFront>().kex_signed();
  const keys::PublicKey& key = VaultForTests::get().host_key_ed25519().public_key();
  const base::Bytes hash = example_hash(inputs, key.blob());
  EXPECT_EQ(answer.exchange_hash(), base::to_text(hash));
  EXPECT_EQ(answer.host_key(), base::to_text(key.blob()));
  EXPECT_TRUE(key.verify("ssh-ed25519", base::view(answer.signature()), hash));
  on_loop([&] {
    EXPECT_EQ(base::to_bytes(link->session_id()), hash);
    EXPECT_EQ(base::to_bytes(link->host_key()), key.blob());
    EXPECT_EQ(link->client_software(), "SSH-2.0-x");
  });
}

TEST_F(FrontLinkTest, ALaterKeyExchangeIsNoNewSession) {
  begin(At::live);
  base::Bytes first;
  on_loop([&] { first = base::to_bytes(link->session_id()); });
  auto again = one_of_each()["sign_kex"];
  again.mutable_sign_kex()->set_shared_secret(std::string(32, 'L'));
  again.mutable_sign_kex()->set_host_key_algorithm("rsa-sha2-512");
  worker->say(again);
  EXPECT_NE(worker->hear_control<ipc::BrokerToFront>().kex_signed().exchange_hash(), base::to_text(first));
  on_loop([&] {
    EXPECT_EQ(base::to_bytes(link->session_id()), first);
    EXPECT_EQ(base::to_bytes(link->host_key()), VaultForTests::get().host_key_ed25519().public_key().blob());
  });
}

TEST_F(FrontLinkTest, TheBrokersOwnVersionIsWhatIsSigned) {
  auto lie = one_of_each()["sign_kex"];
  lie.mutable_sign_kex()->set_server_version("SSH-2.0-Another_Server");
  lie.mutable_sign_kex()->set_host_key("another key");
  worker->say(lie);
  const auto answer = worker->hear_control<ipc::BrokerToFront>().kex_signed();
  const auto& key = VaultForTests::get().host_key_ed25519().public_key();
  EXPECT_EQ(answer.exchange_hash(), base::to_text(example_hash(example_kex("ssh-ed25519"), key.blob())));
}

TEST_F(FrontLinkTest, AKeyExchangeThatDoesNotHoldEndsTheWorker) {
  auto message = one_of_each()["sign_kex"];
  message.mutable_sign_kex()->set_host_key_algorithm("ssh-rsa");
  worker->say(message);
  EXPECT_THAT(owner->heard.next(), HasSubstr("not offered: ssh-rsa"));
  begin(At::kex);
  message = one_of_each()["sign_kex"];
  message.mutable_sign_kex()->set_client_public("short");
  worker->say(message);
  EXPECT_THAT(owner->heard.next(), HasSubstr("bad key exchange"));
}

TEST_F(FrontLinkTest, AlgorithmsForOldClientsAreThoseOfTheConfiguration) {
  auto message = one_of_each()["sign_kex"];
  message.mutable_sign_kex()->add_protection("hmac-sha1");
  worker->say(message);
  expect_fault("algorithm for old peers that was not offered: hmac-sha1");
  begin(At::kex, {"hmac-sha1"});
  worker->say(message);
  EXPECT_TRUE(worker->hear_control<ipc::BrokerToFront>().has_kex_signed());
  on_loop([&] { EXPECT_THAT(link->legacy(), ElementsAre("hmac-sha1")); });
}

TEST_F(FrontLinkTest, KeyExchangesAreBoundedInTime) {
  begin(At::live);
  const auto message = one_of_each()["sign_kex"];
  for (int i = 0; i < static_cast<int>(RekeyLimit::kBurst); ++i) {
    worker->say(message);
    ASSERT_TRUE(worker->hear_control<ipc::BrokerToFront>().has_kex_signed()) << i;
  }
  worker->say(message);
  expect_fault("too many key exchanges");
}

TEST_F(FrontLinkTest, TheOwnerHearsThatTheWorkerIsGoneInEveryPhase) {
  for (const At phase : {At::kex, At::auth, At::live}) {
    begin(phase);
    worker->leave();
    expect_fault("");
    begin(phase);
    ipc::FrontToBroker ended;
    ended.mutable_ended()->set_reason("bye\x1b[2J");
    worker->say(ended);
    worker->leave();
    EXPECT_EQ(owner->heard.next(), "ended [bye\\x1b[2J] []") << "what it says last, escaped";
    begin(phase);
    worker->crash(SIGSYS);
    EXPECT_EQ(owner->heard.next(), "ended [] [killed by signal 31 (a refused system call)]");
    begin(phase);
    on_loop([&] { link->kill("it misbehaved"); });
    expect_fault("it misbehaved");
  }
}

TEST_F(FrontLinkTest, OfAKilledWorkerNothingIsHeard) {
  begin(At::live);
  on_loop([&] {
    worker->say_event("what was on its way");
    link->kill("");
  });
  expect_fault("");
}

TEST_F(FrontLinkTest, AQueueThatIsLongIsSaidAndItsDrainingToo) {
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

TEST_F(FrontLinkTest, AWorkerThatDoesNotReadIsEnded) {
  begin(At::live);
  on_loop([&] {
    const base::Bytes event(60'000, 'x');
    for (std::size_t sent = 0; sent < 2 * Worker::kFatalQueueBytes; sent += event.size()) link->send_event(event);
  });
  expect_fault("it does not read");
}

TEST_F(FrontLinkTest, WhileReadingIsHeldNothingIsTaken) {
  begin(At::live);
  on_loop([&] { link->hold_reading(true); });
  worker->say_event("one");
  for (int turn = 0; turn < 100; ++turn) on_loop([] {});
  EXPECT_TRUE(owner->heard.empty());
  on_loop([&] { link->hold_reading(false); });
  EXPECT_EQ(owner->heard.next(), "event one");
}

TEST_F(FrontLinkTest, TheFrontIsToldOnceToKeepItsEvents) {
  begin(At::live);
  on_loop([&] {
    link->hold_events(false);
    link->hold_events(true);
    link->hold_events(true);
    link->hold_events(false);
  });
  EXPECT_TRUE(worker->hear_control<ipc::BrokerToFront>().hold_events().hold());
  const auto second = worker->hear_control<ipc::BrokerToFront>();
  EXPECT_TRUE(second.has_hold_events() && !second.hold_events().hold());
}

}  // namespace
}  // namespace sallyport::broker
