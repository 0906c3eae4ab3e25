// SPDX-License-Identifier: Apache-2.0
// The admin socket over real parts: store, vault, audit log, registry, loop. Sessions are handles without a loop of
// their own, so that what an act does at once can be told from what the session does later.
#include "broker/admin/server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <thread>

#include "ipc/admin.pb.h"
#include "ipc/seqpacket.h"
#include "ledger/chain.h"

namespace sallyport::broker::admin {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Client {
 public:
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  void send(const ipc::AdminRequest& request) { raw(request.SerializeAsString()); }
  void raw(const std::string& bytes) {
    for (;;) {
      const auto sent = ipc::send(fd_.get(), base::view(bytes));
      ASSERT_TRUE(sent);
      if (*sent != ipc::Transfer::would_block) return;
      pollfd p{fd_.get(), POLLOUT, 0};
      ASSERT_EQ(::poll(&p, 1, 10'000), 1) << "the server takes nothing";
    }
  }
  // Nothing: the server closed the connection, or did not answer in ten seconds.
  std::optional<ipc::AdminReply> receive() {
    base::Bytes buffer(ipc::kMaxMessageBytes);
    for (;;) {
      auto got = ipc::receive(fd_.get(), buffer);
      if (!got || got->transfer == ipc::Transfer::closed) return std::nullopt;
      if (got->transfer == ipc::Transfer::done) {
        ipc::AdminReply reply;
        EXPECT_TRUE(reply.ParseFromArray(buffer.data(), static_cast<int>(got->bytes)));
        return reply;
      }
      pollfd p{fd_.get(), POLLIN, 0};
      if (::poll(&p, 1, 10'000) <= 0) return std::nullopt;
    }
  }
  struct Answer {
    std::vector<std::string> items;
    std::string done;
    std::string failure = "";  // its code
    std::string message = "";
  };
  Answer ask(const ipc::AdminRequest& request) {
    send(request);
    return hear();
  }
  Answer hear() {
    Answer out;
    while (auto reply = receive()) {
      if (reply->has_item()) out.items.push_back(reply->item().json());
      if (reply->has_done()) return out.done = reply->done().json(), out;
      if (reply->has_failure()) {
        out.failure = reply->failure().code();
        out.message = reply->failure().message();
        return out;
      }
    }
    out.failure = "closed";
    return out;
  }

 private:
  base::Fd fd_;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/sallyport-admin-XXXXXX";
    config.data_dir = ::mkdtemp(name.data());
    config.recording.dir = config.data_dir + "/recordings";
    store = std::move(*store::Store::open({"sqlite", config.data_dir}));
    reader = std::move(*store::Store::open_reader({"sqlite", config.data_dir}));
    auto opened = vault::Vault::open(*store, vault::MasterKeySource::from_file(config.data_dir + "/key/master.key"),
                                     clock, random);
    ASSERT_TRUE(opened) << opened.message();
    vault = std::move(*opened);
    log = std::move(*audit::Log::open(*store, clock, random, {vault->node_public_key(), [this](base::ByteView message) {
                                                                return vault->node_sign(message);
                                                              }}));
    passwords.emplace(std::move(*identity::Passwords::create({1, 8 << 20}, random)));
    trail = std::make_unique<AuditTrail>(*log, *store, *store_thread);
    guesses = std::make_unique<GuessQueue>(*hash_thread, clock, 1, [](base::Micros, const auto&) {});
    preauth_audit = std::make_unique<PreauthAudit>(*trail, clock);
    user_audit = std::make_unique<UserAudit>(*trail, clock);
    services.reset(new Services{config,         clock,    random,         loop,       *store_thread,
                                *hash_thread,   *guesses, *record_thread, *resolver,  *store,
                                *reader_thread, *reader,  *vault,         *trail,     *preauth_audit,
                                *user_audit,    openings, target_logins,  *passwords, policy,
                                sessions,       logins,   late_seals,     held,       screens});
    const auto scan_host = [](const policy::Target&, const HostScanner::Done& done) {
      done(base::fail(base::Errc::io, "nobody is there"));
    };
    auto made = Server::create(*services, {"test", "127.0.0.1:1", clock.now_us(), scan_host});
    ASSERT_TRUE(made) << made.message();
    server = std::move(*made);
    thread = std::thread([this] { loop.run(); });
  }
  void TearDown() override {
    std::promise<void> gone;
    loop.post([&] {
      server.reset();
      gone.set_value();
    });
    gone.get_future().wait();
    loop.stop();
    thread.join();
    store_thread.reset();
    reader_thread.reset();
    hash_thread.reset();
    std::filesystem::remove_all(config.data_dir);
  }

  std::shared_ptr<SessionHandle> add_session(const std::string& id) {
    SessionInfo info;
    info.id = id;
    info.user = "alice";
    info.state = SessionState::live;
    auto session = std::make_shared<SessionHandle>(info);
    // A session whose loop hangs: it takes the order and never answers.
    session->attach([](const ControlAct&, const std::function<void(base::Status)>&) {},
                    [](bool, const std::string&) {});
    EXPECT_TRUE(sessions.add(session));
    return session;
  }
  Client client() { return Client(config.admin_socket()); }
  std::vector<std::string> audit_types() {
    std::vector<std::string> out;
    const auto rows = store->list_audit({});
    for (const auto& row : *rows) out.push_back(row.type);
    return out;
  }
  static ipc::AdminRequest item(const std::string& json) {
    ipc::AdminRequest request;
    request.mutable_apply_item()->set_json(json);
    return request;
  }
  static ipc::AdminRequest commit(bool dry_run = false) {
    ipc::AdminRequest request;
    request.mutable_apply_commit()->set_dry_run(dry_run);
    return request;
  }
  static ipc::AdminRequest get(const std::string& kind) {
    ipc::AdminRequest request;
    request.mutable_get()->set_kind(kind);
    return request;
  }
  static ipc::AdminRequest control(const std::string& id, const std::string& action) {
    ipc::AdminRequest request;
    request.mutable_session_control()->set_id(id);
    request.mutable_session_control()->set_action(action);
    return request;
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
  std::unique_ptr<AuditTrail> trail;
  std::unique_ptr<GuessQueue> guesses;
  std::unique_ptr<PreauthAudit> preauth_audit;
  std::unique_ptr<UserAudit> user_audit;
  OpeningPace openings;
  LoginSpacing target_logins;
  PolicyHolder policy;
  Registry sessions{100};
  Logins logins;
  LateSeals late_seals;
  HeldBudget held, screens;
  std::unique_ptr<Services> services;
  std::unique_ptr<Server> server;
  std::thread thread;
};

TEST_F(ServerTest, AppliesAllOrNothingAndAuditsWhatItChanges) {
  Client c = client();
  c.send(item(R"({"kind":"user","name":"alice"})"));
  c.send(item(R"({"kind":"user","name":"bob","wrong":1})"));
  const auto refused = c.ask(commit());
  EXPECT_EQ(refused.failure, "invalid");
  EXPECT_EQ(refused.message.rfind("document 2: ", 0), 0U) << refused.message;
  EXPECT_TRUE(c.ask(get("user")).items.empty());
  EXPECT_TRUE(audit_types().empty());

  c.send(item(R"({"kind":"user","name":"alice"})"));
  EXPECT_EQ(c.ask(commit(true)).items.size(), 1U) << "a dry run says what it would do";
  EXPECT_TRUE(c.ask(get("user")).items.empty());
  c.send(item(R"({"kind":"user","name":"alice"})"));
  EXPECT_EQ(c.ask(commit()).items,
            std::vector<std::string>{R"({"kind":"user","name":"alice","action":"created","version":1})"});
  c.send(item(R"({"kind":"user","name":"alice"})"));
  EXPECT_NE(c.ask(commit()).items.at(0).find("unchanged"), std::string::npos);
  EXPECT_EQ(audit_types(), std::vector<std::string>{"resource.create"});
  EXPECT_NE(policy.current()->resources.user("alice"), nullptr) << "decisions see it at once";

  ipc::AdminRequest gone;
  gone.mutable_delete_()->set_kind("user");
  gone.mutable_delete_()->set_name("alice");
  EXPECT_EQ(c.ask(gone).failure, "");
  EXPECT_EQ(c.ask(gone).failure, "not_found");
  EXPECT_EQ(audit_types(), (std::vector<std::string>{"resource.create", "resource.delete"}));
}

TEST_F(ServerTest, APolicyTestShowsWhatThisNodeWillRecord) {
  config.recording.bulk_hash = false;
  config.recording.bulk_after_bytes = 12345;
  Client c = client();
  c.send(item(R"({"kind":"user","name":"alice"})"));
  c.send(item(R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22","labels":{"env":"prod"}})"));
  c.send(item(R"({"kind":"account","name":"deploy","targets":{"env":"prod"},"login":"certificate"})"));
  c.send(item(R"({"kind":"policy","name":"p","subjects":{"users":["alice"]},"targets":{"env":"prod"},)"
              R"("accounts":["deploy"],"allow":["shell"],"record":{"bulk_after":"1KiB"}})"));
  const auto applied = c.ask(commit());
  ASSERT_EQ(applied.items.size(), 4U) << applied.message;
  ipc::AdminRequest request;
  request.mutable_policy_test()->set_user("alice");
  request.mutable_policy_test()->set_target("web1");
  request.mutable_policy_test()->set_account("deploy");
  const auto said = c.ask(request);
  EXPECT_NE(said.done.find(R"("bulk_hash":false)"), std::string::npos)
      << "the node's, as the policy is silent: " << said.done;
  EXPECT_NE(said.done.find(R"("bulk_after":1024)"), std::string::npos) << "the policy's: " << said.done;
}

TEST_F(ServerTest, AnEmailAddressIsOneUsers) {
  Client c = client();
  c.send(item(R"({"kind":"user","name":"alice","email":"alice@example.org"})"));
  c.send(item(R"({"kind":"user","name":"bob","email":"alice@example.org"})"));
  EXPECT_EQ(c.ask(commit()).failure, "invalid") << "both in one set";
  c.send(item(R"({"kind":"user","name":"alice","email":"alice@example.org"})"));
  ASSERT_EQ(c.ask(commit()).failure, "");
  c.send(item(R"({"kind":"user","name":"bob","email":"alice@example.org"})"));
  const auto refused = c.ask(commit());
  EXPECT_EQ(refused.failure, "invalid");
  EXPECT_NE(refused.message.find("'alice' and 'bob'"), std::string::npos) << refused.message;
  EXPECT_EQ(policy.current()->resources.user_name("alice@example.org"), "alice");
  // It moves in one step: the old owner gives it up in the same set.
  c.send(item(R"({"kind":"user","name":"bob","email":"alice@example.org"})"));
  c.send(item(R"({"kind":"user","name":"alice"})"));
  ASSERT_EQ(c.ask(commit()).failure, "");
  EXPECT_EQ(policy.current()->resources.user_name("alice@example.org"), "bob");
}

TEST_F(ServerTest, AScanIsOfADeclaredTargetAndAuditedAlsoWhenItFails) {
  Client c = client();
  ipc::AdminRequest scan;
  scan.mutable_target_scan()->set_name("web1");
  EXPECT_EQ(c.ask(scan).failure, "not_found");
  c.send(item(R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22"})"));
  ASSERT_EQ(c.ask(commit()).failure, "");
  const auto said = c.ask(scan);
  EXPECT_EQ(said.failure, "io");
  EXPECT_EQ(said.message, "nobody is there");
  EXPECT_EQ(audit_types(), (std::vector<std::string>{"resource.create", "target.scan"}));
}

TEST_F(ServerTest, RolesThatNobodyEnforcesAreRefused) {
  Client c = client();
  for (const char* json : {R"({"kind":"role","name":"auditors","role":"auditor","subjects":{"users":["alice"]}})",
                           R"({"kind":"user","name":"alice","roles":["auditor"]})"}) {
    c.send(item(json));
    const auto refused = c.ask(commit());
    EXPECT_EQ(refused.failure, "unsupported");
    EXPECT_NE(refused.message.find("would not be enforced"), std::string::npos) << refused.message;
  }
  EXPECT_TRUE(c.ask(get("user")).items.empty());
}

TEST_F(ServerTest, ASetThatIsTooLargeIsNotAppliedInPart) {
  Client c = client();
  for (int i = 0; i < 10'020; ++i) c.send(item(R"({"kind":"group","name":"g)" + std::to_string(i) + R"("})"));
  EXPECT_EQ(c.ask(commit()).failure, "full") << "the answer to the first that was too much";
  const auto to_commit = c.receive();
  ASSERT_TRUE(to_commit && to_commit->has_failure());
  EXPECT_EQ(to_commit->failure().code(), "full");
  EXPECT_TRUE(c.ask(get("group")).items.empty());
  // The next set starts anew.
  c.send(item(R"({"kind":"group","name":"staff"})"));
  EXPECT_EQ(c.ask(commit()).items.size(), 1U);
}

TEST_F(ServerTest, AResourceIsBoundToItsLastSubject) {
  std::string subjects;
  for (int i = 0; i < 3000; ++i) subjects += (i == 0 ? "\"user" : ",\"user") + std::to_string(i) + "\"";
  Client c = client();
  c.send(item(R"({"kind":"policy","name":"wide","subjects":{"users":[)" + subjects +
              R"(]},"targets":["*"],"accounts":["root"],"allow":["shell"]})"));
  ASSERT_EQ(c.ask(commit()).failure, "");
  const std::string stored = store->get_resource("policy", "wide")->json;
  ASSERT_GT(stored.size(), 16384U);
  const std::string body = store->last_audit()->body;
  EXPECT_EQ(body.find("user2999"), std::string::npos);
  EXPECT_NE(body.find("\"resource_sha256\":\"" + ledger::text_hash(stored) + "\""), std::string::npos);
  EXPECT_NE(body.find("\"resource_bytes\":" + std::to_string(stored.size())), std::string::npos);
}

TEST_F(ServerTest, APasswordIsOnlyForAUserThatExistsAndNeverAudited) {
  Client c = client();
  ipc::AdminRequest request;
  request.mutable_set_password()->set_user("alice");
  request.mutable_set_password()->set_password("correct horse");
  EXPECT_EQ(c.ask(request).failure, "not_found");
  c.send(item(R"({"kind":"user","name":"alice"})"));
  c.ask(commit());
  EXPECT_EQ(c.ask(request).failure, "");
  const auto rows = *store->list_audit({});
  EXPECT_EQ(rows.back().type, "user.set-password");
  for (const auto& row : rows) EXPECT_EQ(row.body.find("horse"), std::string::npos);
  request.mutable_set_password()->set_password("short");
  EXPECT_EQ(c.ask(request).failure, "invalid");
}

std::string recipient(int number) {
  base::Bytes key(32, 9);
  key[1] = static_cast<std::uint8_t>(number);
  return R"({"kind":"recipient","name":"r)" + std::to_string(number) + R"(","public_key":")" + base::to_base64(key) +
         "\"}";
}

TEST_F(ServerTest, RecipientsWithWhomNothingCouldBeRecordedAreRefused) {
  Client c = client();
  base::Bytes one(32, 0);
  one[0] = 1;
  c.send(item(R"({"kind":"recipient","name":"small","public_key":")" + base::to_base64(one) + "\"}"));
  EXPECT_EQ(c.ask(commit()).failure, "invalid");
  for (int i = 0; i < 63; ++i) c.send(item(recipient(i)));
  EXPECT_EQ(c.ask(commit()).failure, "");
  c.send(item(recipient(62)));
  EXPECT_EQ(c.ask(commit()).failure, "") << "it is there already";
  c.send(item(recipient(63)));
  EXPECT_EQ(c.ask(commit()).failure, "invalid");
}

TEST_F(ServerTest, TheLastRecipientOfAWriteOnlyNodeStays) {
  config.recording.write_only = true;
  Client c = client();
  for (int i = 0; i < 2; ++i) c.send(item(recipient(i)));
  c.ask(commit());
  ipc::AdminRequest remove;
  remove.mutable_delete_()->set_kind("recipient");
  remove.mutable_delete_()->set_name("r0");
  EXPECT_EQ(c.ask(remove).failure, "");
  remove.mutable_delete_()->set_name("r1");
  EXPECT_EQ(c.ask(remove).failure, "denied");
  EXPECT_TRUE(store->get_resource("recipient", "r1"));
}

TEST_F(ServerTest, ABadClientHurtsOnlyItself) {
  Client good = client();
  Client garbage = client();
  garbage.raw("\xff\xff\xff");
  EXPECT_FALSE(garbage.receive());
  const auto session = add_session("s1");
  Client two = client();
  ipc::AdminRequest watch;
  watch.mutable_session_watch()->set_id("s1");
  two.send(watch);
  ASSERT_TRUE(two.receive());
  two.send(watch);  // a request while one is under way
  while (two.receive()) {
  }
  good.raw(std::string("\xfa\x07\x00", 3));  // field 127: what a later version might ask
  const auto unknown = good.receive();
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->failure().code(), "unsupported");
  EXPECT_EQ(good.ask(get("user")).failure, "");
}

TEST_F(ServerTest, ActsWithinASecondWhileTheDiskStalls) {
  Client c = client();
  EXPECT_EQ(c.ask(get("user")).failure, "");
  std::promise<void> stalled;
  store_thread->post([future = stalled.get_future().share()] { future.wait(); });
  for (const char* action : {"pause", "terminate"}) {
    const auto session = add_session(std::string("s-") + action);
    const auto begun = Clock::now();
    const auto answer = c.ask(control(std::string("s-") + action, action));
    EXPECT_LT(Clock::now() - begun, milliseconds(1500)) << action;
    EXPECT_EQ(answer.failure, "") << action << answer.message;
    EXPECT_TRUE(session->gate_shut()) << action;
    EXPECT_NE(answer.done.find("in force"), std::string::npos) << answer.done;
  }
  ipc::AdminRequest list;
  list.mutable_session_list();
  EXPECT_EQ(c.ask(list).items.size(), 2U) << "live sessions come from memory";
  stalled.set_value();
}

TEST_F(ServerTest, AWatcherThatDoesNotReadStopsNobodyAndIsToldOfTheGap) {
  const auto session = add_session("s1");
  Client watcher = client();
  ipc::AdminRequest watch;
  watch.mutable_session_watch()->set_id("s1");
  watcher.send(watch);
  auto first = watcher.receive();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->watch_event().state(), "live");
  const base::Bytes event(30'000, 'x');
  for (int i = 0; i < 200; ++i) session->feed().add(i, false, event);
  Client other = client();
  EXPECT_EQ(other.ask(get("user")).failure, "");
  session->feed().close();
  bool gap = false;
  std::string state;
  std::size_t bytes = 0;
  while (auto reply = watcher.receive()) {
    if (reply->has_done()) break;
    gap = gap || reply->watch_event().gap();
    bytes += reply->watch_event().event().size();
    if (!reply->watch_event().state().empty()) state = reply->watch_event().state();
  }
  EXPECT_TRUE(gap);
  EXPECT_EQ(state, "ended");
  EXPECT_GT(bytes, 100'000U);
  const auto types = audit_types();
  EXPECT_EQ(types.front(), "admin.session-watch");
}

TEST_F(ServerTest, RefusesRecordingsThatAreNotThere) {
  Client c = client();
  ipc::AdminRequest request;
  request.mutable_recording_open()->set_id("../../etc/shadow");
  request.mutable_recording_open()->set_purpose("play");
  EXPECT_EQ(c.ask(request).failure, "invalid");
  request.mutable_recording_open()->set_id("01m80jgp1azaqyk1hx71mnk423");
  EXPECT_EQ(c.ask(request).failure, "not_found");
  request.mutable_recording_open()->set_purpose("fun");
  EXPECT_EQ(c.ask(request).failure, "invalid");
  EXPECT_TRUE(audit_types().empty());
}

TEST_F(ServerTest, AStrangeAuditEventCostsNobodyTheGateway) {
  store::SessionRow row;
  row.id = "01m80jgp1azaqyk1hx71mnk423";
  row.recording_state = "sealed";
  ASSERT_TRUE(store->insert_session(row));
  // Whoever can write to the database can put any JSON where a hash should be.
  ASSERT_TRUE(log->append(audit::Event{"recording.start", "t", row.id, {{"header", std::int64_t{5}}}}));
  ASSERT_TRUE(log->append(audit::Event{"recording.chunk", "t", row.id, {{"chunk", "x"}, {"head", true}}}));
  ASSERT_TRUE(log->append(audit::Event{"session.end", "t", row.id, {{"seal", std::vector<std::string>{"ab"}}}}));
  Client c = client();
  ipc::AdminRequest request;
  request.mutable_recording_open()->set_id(row.id);
  request.mutable_recording_open()->set_purpose("verify");
  EXPECT_EQ(c.ask(request).failure, "not_found") << "its files";
  EXPECT_EQ(c.ask(get("user")).failure, "");
}

TEST_F(ServerTest, ALongLookAtTheAuditLogKeepsNobodyElseWaiting) {
  ASSERT_TRUE(log->append(audit::Event{"test.event", "t", "", {}}));
  Client c = client();
  ipc::AdminRequest request;
  request.mutable_audit_read()->set_all(true);
  {
    // The reader's connection is busy, as in a search through years.
    const store::Store::Turn busy = reader->hold();
    c.send(request);
    EXPECT_EQ(client().ask(get("user")).failure, "") << "the store's thread does its work";
    std::promise<base::Status> written;
    trail->write({"test.event", "t", "", {}}, [&](base::Status status) { written.set_value(std::move(status)); });
    auto done = written.get_future();
    EXPECT_EQ(done.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    EXPECT_TRUE(done.get());
  }
  EXPECT_GE(c.hear().items.size(), 1U);
}

TEST_F(ServerTest, ReadsTheAuditLogInPages) {
  for (int i = 0; i < 450; ++i) ASSERT_TRUE(log->append(audit::Event{"test.event", "t", "", {{"n", std::int64_t{i}}}}));
  Client c = client();
  ipc::AdminRequest request;
  request.mutable_audit_read()->set_all(true);
  EXPECT_EQ(c.ask(request).items.size(), 450U);
  request.mutable_audit_read()->set_all(false);
  request.mutable_audit_read()->set_limit(3);
  const auto last = c.ask(request).items;
  ASSERT_EQ(last.size(), 3U);
  EXPECT_NE(last[2].find("\"n\":449"), std::string::npos) << last[2];
}

TEST_F(ServerTest, AHeadKeptElsewhereFindsARolledBackLog) {
  ASSERT_TRUE(log->append(audit::Event{"test.event", "t", "", {}}));
  Client c = client();
  ipc::AdminRequest ask_head;
  ask_head.mutable_audit_head();
  ipc::AdminRequest verify;
  verify.mutable_audit_verify();
  EXPECT_NE(c.ask(verify).done.find("\"ok\":true"), std::string::npos);
  verify.mutable_audit_verify()->add_heads(c.ask(ask_head).done);
  EXPECT_NE(c.ask(verify).done.find("\"ok\":true"), std::string::npos);
  // One that this log never had: of a state that was taken away.
  audit::Head gone{9, clock.now_us(), base::Bytes(32, 9), vault->node_public_key(), {}};
  gone.signature = *vault->node_sign(ledger::head_message(ledger::Says::reached, gone.seq, gone.time_us, gone.chain));
  verify.mutable_audit_verify()->add_heads(ledger::to_json(gone));
  const std::string verdict = c.ask(verify).done;
  EXPECT_NE(verdict.find("\"ok\":false"), std::string::npos) << verdict;
  EXPECT_NE(verdict.find("kept elsewhere"), std::string::npos) << verdict;
  verify.mutable_audit_verify()->add_heads("{}");
  EXPECT_EQ(c.ask(verify).failure, "invalid");
}

}  // namespace
}  // namespace sallyport::broker::admin
