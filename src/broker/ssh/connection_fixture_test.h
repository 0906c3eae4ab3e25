// SPDX-License-Identifier: Apache-2.0
// Connections whose client, front and session the test plays.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/ssh/auth_requests_test.h"
#include "broker/ssh/connection.h"
#include "broker/ssh/fake_worker_test.h"
#include "broker/ssh/gateway_fixture_test.h"
#include "broker/ssh/kex_example_test.h"

namespace sallyport::broker {

/// Notes what the connection tells it. It is over when its front has gone.
class FakeSession final : public UserSession {
 public:
  FakeSession(Heard& heard, std::function<void()> over) : heard_(heard), over_(std::move(over)) {}
  void open() override { heard_.add("open"); }
  void review() override { heard_.add("review"); }
  void prove(const ProvedFactor&) override { heard_.add("prove"); }
  void front_event(base::ByteView event) override { heard_.add("event " + base::to_text(event)); }
  void front_credit(const ipc::Credit& credit) override { heard_.add("credit " + std::to_string(credit.bytes())); }
  void front_reauthenticate(base::ByteView password) override { heard_.add("again " + base::to_text(password)); }
  void front_drained() override { heard_.add("drained"); }
  void front_gone(const std::string& reason, const std::string& fault) override {
    heard_.add("gone [" + reason + "] [" + fault + "]");
    over_();
  }
  const std::string& id() const override { return id_; }
  Session::Gate gate() const override { return Session::Gate::open; }

 private:
  const std::string id_ = "01J";
  Heard& heard_;
  std::function<void()> over_;
};

/// A judge who never answers.
class SilentJudge final : public PasswordJudge {
 public:
  void judge(Question question) override { asked.push_back(std::move(question.done)); }
  std::vector<std::function<void(const PasswordCheck::Judged&)>> asked;
};

/// Likewise for codes.
class SilentCodes final : public CodeJudge {
 public:
  void judge(Question question) override {
    question.code = {};
    asked.push_back(std::move(question));
  }
  std::vector<Question> asked;
};

class NoInvitations final : public InvitationDesk {
 public:
  void judge(Question question) override { question.done({}); }
};

class ConnectionFixture : public GatewayFixture {
 protected:
  using Spawned = std::function<void(base::Result<SpawnedWorker>)>;
  struct Client {
    base::Fd socket;
    std::unique_ptr<FakeWorker> front;
    std::weak_ptr<Connection> connection;
    std::string session_id;  ///< once its key exchange is done
  };

  void SetUp() override {
    GatewayFixture::SetUp();
    put_user("alice", {key_.public_key().line("")});
    policy::Target target;
    target.name = target.host = "web1";
    put(target);
    policy::Account account;
    account.name = "deploy";
    account.targets.names = {"*"};
    put(account);
    policy::Policy allow;
    allow.name = "all";
    allow.subjects.users = {"alice"};
    allow.targets.names = {"*"};
    allow.accounts = {"*"};
    allow.allow.add(policy::Permission::shell);
    put(allow);
    entrance_ = std::make_unique<SshEntrance>(
        SshEntrance{*gateway_,
                    [this](base::Fd socket, Spawned done) {
                      peer_ = std::move(socket);
                      spawned_ = std::move(done);
                      spawns_.add("spawn");
                    },
                    [this](SessionThread&, FrontSide&, PasswordCheck&, SessionFacts facts, std::function<void()> over) {
                      session_.add(facts.via + " " + facts.identity.user + " " + facts.destination.account + "@" +
                                   facts.destination.target);
                      return std::make_shared<FakeSession>(session_, std::move(over));
                    },
                    HostIdentity::of_listener(VaultForTests::get()), judge_, codes_, remembered_,
                    std::make_shared<NoInvitations>()});
  }

  /// The fronts have left with the test's clients: so every connection ends by itself.
  void TearDown() override {
    peer_ = base::Fd();
    wait_until([this] { return a_stranger_fits(0) && users_.enter("alice") && users_.enter("alice"); });
    for (const auto& connection : connections_) {
      wait_until([&] { return connection.expired(); });
      EXPECT_TRUE(connection.expired());
    }
    GatewayFixture::TearDown();
  }
  /// Whether it comes true while the loop turns.
  bool wait_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      on_loop([] {});
    }
    return true;
  }

  /// A client whose connection was accepted.
  Client arrive() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    Client client{base::Fd(ends[0]), nullptr, {}, {}};
    Connection::Origin origin;
    origin.source = "192.0.2.1:7";
    origin.source_host = "192.0.2.1";
    origin.identity = entrance_->identity;
    origin.ticket = strangers_.enter("192.0.2.1");
    auto made =
        pin_to(*thread_, std::make_unique<Connection>(*entrance_, *thread_, base::Fd(ends[1]), std::move(origin)));
    client.connection = made;
    connections_.push_back(made);
    on_loop([&] { made->start(); });
    return client;
  }
  static std::string read_line(const base::Fd& socket) {
    std::string out;
    pollfd wait{socket.get(), POLLIN, 0};
    char c = 0;
    while (out.find('\n') == std::string::npos && ::poll(&wait, 1, 20'000) == 1 && ::read(socket.get(), &c, 1) == 1) {
      out += c;
    }
    return out;
  }
  /// It says something, so it gets a front.
  void speak(Client& client) {
    EXPECT_EQ(::write(client.socket.get(), "S", 1), 1);
    ASSERT_EQ(spawns_.next(), "spawn");
    client.front = std::make_unique<FakeWorker>();
    spawn(client.front->spawned());
    EXPECT_TRUE(client.front->hear_control<ipc::BrokerToFront>().has_start());
  }
  /// Answers the one who asked for a front.
  void spawn(base::Result<SpawnedWorker> worker) { std::exchange(spawned_, nullptr)(std::move(worker)); }
  void exchange_keys(Client& client, const std::string& algorithm = "ssh-ed25519") {
    ipc::FrontToBroker message;
    *message.mutable_sign_kex() = example_kex(algorithm);
    client.front->say(message);
    client.session_id = client.front->hear_control<ipc::BrokerToFront>().kex_signed().exchange_hash();
    EXPECT_FALSE(client.session_id.empty());
  }
  ipc::AuthReply log_in(Client& client, const std::string& name) {
    ipc::FrontToBroker message;
    *message.mutable_auth_request() =
        signed_by(key_, query_of(name, key_.public_key()), base::view(client.session_id), name);
    client.front->say(message);
    return client.front->hear_control<ipc::BrokerToFront>().auth_reply();
  }
  /// A client that is logged in under this name.
  Client enter(const std::string& name) {
    Client client = arrive();
    speak(client);
    exchange_keys(client);
    EXPECT_TRUE(log_in(client, name).has_success());
    return client;
  }
  void expect_over(const Client& client) {
    EXPECT_TRUE(wait_until([&] { return client.connection.expired(); }));
  }
  void expect_there(const Client& client) {
    on_loop([] {});
    on_loop([] {});
    EXPECT_FALSE(client.connection.expired());
  }
  /// Of those who are not logged in; the test's own question takes a place for a moment.
  bool a_stranger_fits(std::size_t already) {
    std::vector<std::unique_ptr<Admission::Ticket>> tickets;
    while (auto one = strangers_.enter("192.0.2.1")) tickets.push_back(std::move(one));
    return tickets.size() + already == 100;
  }

  const keys::PrivateKey key_ = make_key();
  std::shared_ptr<SilentJudge> judge_ = std::make_shared<SilentJudge>();
  std::shared_ptr<SilentCodes> codes_ = std::make_shared<SilentCodes>();
  std::shared_ptr<RememberedFactors> remembered_ = std::make_shared<RememberedFactors>();
  std::unique_ptr<SshEntrance> entrance_;
  std::vector<std::weak_ptr<Connection>> connections_;
  Heard spawns_, session_;
  base::Fd peer_;
  Spawned spawned_;
};

}  // namespace sallyport::broker
