// SPDX-License-Identifier: Apache-2.0
// Sessions, recordings, credentials and the node through the API.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "broker/api/fake_sink_test.h"

namespace sallyport::broker::api {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class SessionsTest : public ApiTest {
 protected:
  static ipc::SessionControl control(const std::string& id, const std::string& action) {
    ipc::SessionControl out;
    out.set_id(id);
    out.set_action(action);
    return out;
  }
  static ipc::SessionWatch watch(const std::string& id) {
    ipc::SessionWatch out;
    out.set_id(id);
    return out;
  }
  static std::vector<std::string> ids(const Heard& heard) {
    std::vector<std::string> out;
    for (const Item& item : heard.items) out.push_back(nlohmann::json::parse(item.json)["id"]);
    return out;
  }
  void store_session(const std::string& id, const std::string& user, base::Micros started_us) {
    store::SessionRow row;
    row.id = id;
    row.user = user;
    row.state = "ended";
    row.recording_state = "sealed";
    row.started_at_us = started_us;
    ASSERT_TRUE(store->insert_session(row));
  }
};

TEST_F(SessionsTest, ActsWithinASecondWhileTheDiskStalls) {
  EXPECT_EQ(get("user").failure, "");
  std::promise<void> stalled;
  store_thread->post([future = stalled.get_future().share()] { future.wait(); });
  for (const char* action : {"pause", "terminate"}) {
    const auto session = add_session(std::string("s-") + action);
    const auto begun = Clock::now();
    const auto answer = ask(control(std::string("s-") + action, action));
    EXPECT_LT(Clock::now() - begun, milliseconds(1500)) << action;
    EXPECT_EQ(answer.failure, "") << action << answer.message;
    EXPECT_TRUE(session->gate_shut()) << action;
    EXPECT_NE(answer.done.find("in force"), std::string::npos) << answer.done;
  }
  EXPECT_EQ(ask(ipc::SessionList()).items.size(), 2U) << "live sessions come from memory";
  stalled.set_value();
}

// The role of the caller as the test says it is now.
Caller renewed_caller(const std::string& user, const std::shared_ptr<Roles>& roles) {
  Caller out{"local:" + user, *roles, 0, {Way::admin_socket, "a test"}, user};
  out.renewed = [user, roles](const policy::Snapshot&) { return renewed_caller(user, roles); };
  return out;
}

const char* const kBob = R"({"kind":"user","name":"bob","groups":["leads"]})";
const char* const kCarol = R"({"kind":"user","name":"carol"})";

TEST_F(SessionsTest, SupervisorsSeeAndWatchTheSessionsThatNameThem) {
  apply({kBob, kCarol});
  const auto session = add_session("s1");
  add_session("s2");
  session->demand_supervisors({{{}, {"leads"}, 900}}, policy.current()->resources);
  session->settle_supervision();
  const auto users = std::make_shared<Roles>(Roles{policy::Role::user});
  const Caller bob = renewed_caller("bob", users), carol = renewed_caller("carol", users);
  EXPECT_EQ(ids(ask(ipc::SessionList(), bob)), std::vector<std::string>{"s1"});
  EXPECT_TRUE(ids(ask(ipc::SessionList(), carol)).empty());
  ipc::SessionShow shown;
  shown.set_id("s1");
  EXPECT_EQ(ask(shown, bob).failure, "");
  EXPECT_EQ(ask(shown, carol).failure, "not_found");
  EXPECT_EQ(ask(watch("s1"), carol).failure, "not_found");
  EXPECT_EQ(ask(watch("s2"), bob).failure, "not_found") << "no rule names him there";
  const auto sink = std::make_shared<FakeSink>(loop);
  const auto exchange = begin(watch("s1"), sink, bob);
  sink->hear_messages(1);
  EXPECT_TRUE(session->settle_supervision());
  apply({R"({"kind":"user","name":"bob","groups":[]})"});
  const auto end = sink->hear();
  EXPECT_EQ(end.failure, "denied") << end.message;
  EXPECT_FALSE(session->settle_supervision());
}

TEST_F(SessionsTest, AWatchAndALogEndWithTheRole) {
  add_session("s1");
  const auto roles = std::make_shared<Roles>(Roles{policy::Role::auditor});
  const Caller eve = renewed_caller("eve", roles);
  const auto watching = std::make_shared<FakeSink>(loop), following = std::make_shared<FakeSink>(loop);
  begin(watch("s1"), watching, eve);
  ipc::AuditRead follow;
  follow.set_follow(true);
  follow.set_all(true);
  begin(follow, following, eve);
  watching->hear_messages(1);
  following->hear_messages(1);
  on_loop([&] { *roles = Roles{policy::Role::user}; });
  apply({kCarol});  // any change has the rights looked at
  EXPECT_EQ(watching->hear().failure, "denied");
  EXPECT_EQ(following->hear().failure, "denied");
}

TEST_F(SessionsTest, ASupervisorWhoReadsNothingSupervisesNothing) {
  apply({kBob});
  const auto session = add_session("s1");
  session->demand_supervisors({{{"bob"}, {}, 900}}, policy.current()->resources);
  const auto sink = std::make_shared<FakeSink>(loop, 1);
  begin(watch("s1"), sink, renewed_caller("bob", std::make_shared<Roles>(Roles{policy::Role::user})));
  sink->hear_messages(1);
  EXPECT_TRUE(session->settle_supervision());
  const auto until = Clock::now() + std::chrono::seconds(20);
  while (session->settle_supervision() && Clock::now() < until) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_FALSE(session->settle_supervision());
  on_loop([&] { sink->read_more(10); });
  while (!session->settle_supervision() && Clock::now() < until) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_TRUE(session->settle_supervision()) << "and again when it reads again";
}

TEST_F(SessionsTest, LiveOnesAreFilteredAndComeInPages) {
  for (int i = 0; i < 5; ++i) add_session("s" + std::to_string(i), i % 2 == 0 ? "alice" : "bob");
  ipc::SessionList asked;
  asked.set_user("alice");
  asked.set_limit(2);
  const auto first = ask(asked);
  EXPECT_EQ(ids(first), (std::vector<std::string>{"s0", "s2"}));
  const auto done = nlohmann::json::parse(first.done);
  EXPECT_EQ(done["total"], 3);
  asked.set_cursor(done["next"].get<std::string>());
  const auto second = ask(asked);
  EXPECT_EQ(ids(second), std::vector<std::string>{"s4"});
  EXPECT_TRUE(nlohmann::json::parse(second.done)["next"].is_null());
  asked.clear_cursor();
  asked.add_states("paused");
  EXPECT_TRUE(ask(asked).items.empty());
  asked.set_all(true);
  asked.set_cursor("1:live:s0");
  EXPECT_EQ(ask(asked).failure, "invalid") << "the cursor of another list";
}

TEST_F(SessionsTest, EndedOnesComeNewestFirstWhateverThePage) {
  for (int i = 0; i < 230; ++i)
    store_session("01s" + std::to_string(1000 + i), i % 10 == 0 ? "bob" : "alice", 1000 + i);
  add_session("01s1229");  // live still: its row is older than what is known of it
  ipc::SessionList asked;
  asked.set_all(true);
  asked.set_limit(150);
  const auto first = ask(asked);
  ASSERT_EQ(first.items.size(), 150U);
  EXPECT_EQ(nlohmann::json::parse(first.items[0].json)["state"], "live");
  auto seen = ids(first);
  const auto done = nlohmann::json::parse(first.done);
  EXPECT_EQ(done["total"], 230);
  asked.set_cursor(done["next"].get<std::string>());
  for (const std::string& id : ids(ask(asked))) seen.push_back(id);
  EXPECT_EQ(seen.size(), 230U);
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
  asked.Clear();
  asked.set_all(true);
  asked.add_states("live");
  EXPECT_EQ(ids(ask(asked)), std::vector<std::string>{"01s1229"}) << "its own state, not its row's";

  ipc::RecordingList recordings;
  recordings.set_user("bob");
  recordings.set_limit(20);
  const auto bobs = ask(recordings);
  EXPECT_EQ(bobs.items.size(), 20U);
  const auto rest = nlohmann::json::parse(bobs.done);
  EXPECT_EQ(rest["total"], 23);
  recordings.set_cursor(rest["next"].get<std::string>());
  EXPECT_EQ(ask(recordings).items.size(), 3U);
  recordings.add_states("burnt");
  EXPECT_EQ(ask(recordings).failure, "invalid");
}

TEST_F(SessionsTest, AListWaitsForItsReader) {
  for (int i = 0; i < 230; ++i) store_session("01s" + std::to_string(1000 + i), "alice", 1000 + i);
  ipc::SessionList asked;
  asked.set_all(true);
  const auto sink = std::make_shared<FakeSink>(loop, 7);
  begin(asked, sink);
  EXPECT_EQ(sink->hear_messages(7).items.size(), 7U);
  EXPECT_EQ(get("user").failure, "") << "others are served";
  EXPECT_EQ(sink->now().items.size(), 7U);
  on_loop([&] { sink->read_more(SIZE_MAX / 2); });
  EXPECT_EQ(sink->hear().items.size(), 230U);
}

TEST_F(SessionsTest, AWatcherThatDoesNotReadIsToldOfTheGap) {
  const auto session = add_session("s1");
  const auto sink = std::make_shared<FakeSink>(loop, 1);
  begin(watch("s1"), sink);
  EXPECT_EQ(sink->hear_messages(1).events.at(0).state(), "live");
  const base::Bytes event(30'000, 'x');
  for (int i = 0; i < 200; ++i) session->feed().add({0, i}, false, event);
  session->feed().close();
  on_loop([&] { sink->read_more(SIZE_MAX / 2); });
  const auto heard = sink->hear();
  bool gap = false;
  for (const ipc::WatchEvent& one : heard.events) gap = gap || one.gap();
  EXPECT_TRUE(gap);
  EXPECT_EQ(heard.events.back().state(), "ended");
  EXPECT_EQ(audit_types().front(), "admin.session-watch");
}

TEST_F(SessionsTest, AReaderWhoLeftIsWatchingNoMore) {
  const auto session = add_session("s1");
  bool joined = false;
  std::promise<void> left;
  session->attach([](const ControlAct&, const std::function<void(base::Status)>&) {},
                  [&](bool joins, const std::string& actor) {
                    EXPECT_EQ(actor, "local:root");
                    if (joins) joined = true;
                    if (!joins) left.set_value();
                  });
  const auto sink = std::make_shared<FakeSink>(loop);
  const auto exchange = begin(watch("s1"), sink);
  sink->hear_messages(1);
  EXPECT_TRUE(joined);
  on_loop([&] {
    sink->leave();
    exchange->abandon();
  });
  EXPECT_EQ(left.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST_F(SessionsTest, RecordingsThatAreNotThereAreRefused) {
  ipc::RecordingOpen asked;
  asked.set_id("../../etc/shadow");
  asked.set_purpose("play");
  EXPECT_EQ(ask(asked).failure, "invalid");
  asked.set_id("01m80jgp1azaqyk1hx71mnk423");
  EXPECT_EQ(ask(asked).failure, "not_found");
  asked.set_purpose("fun");
  EXPECT_EQ(ask(asked).failure, "invalid");
  EXPECT_TRUE(audit_types().empty());
}

TEST_F(SessionsTest, AStrangeAuditEventCostsNobodyTheGateway) {
  store_session("01m80jgp1azaqyk1hx71mnk423", "alice", 1);
  const std::string id = "01m80jgp1azaqyk1hx71mnk423";
  // Whoever can write to the database can put any JSON where a hash should be.
  ASSERT_TRUE(log->append(audit::Event{"recording.start", "t", id, {{"header", std::int64_t{5}}}}));
  ASSERT_TRUE(log->append(audit::Event{"recording.chunk", "t", id, {{"chunk", "x"}, {"head", true}}}));
  ASSERT_TRUE(log->append(audit::Event{"session.end", "t", id, {{"seal", std::vector<std::string>{"ab"}}}}));
  ipc::RecordingOpen asked;
  asked.set_id(id);
  asked.set_purpose("verify");
  EXPECT_EQ(ask(asked).failure, "not_found") << "its files";
  EXPECT_EQ(get("user").failure, "");
}

TEST_F(SessionsTest, APasswordIsOnlyForAUserThatExistsAndNeverAudited) {
  ipc::SetPassword asked;
  asked.set_user("alice");
  asked.set_password("correct horse");
  EXPECT_EQ(ask(asked).failure, "not_found");
  apply({R"({"kind":"user","name":"alice"})"});
  EXPECT_EQ(ask(asked).failure, "");
  const auto rows = *store->list_audit({});
  EXPECT_EQ(rows.back().type, "user.set-password");
  for (const auto& row : rows) EXPECT_EQ(row.body.find("horse"), std::string::npos);
  asked.set_password("short");
  EXPECT_EQ(ask(asked).failure, "invalid");
}

TEST_F(SessionsTest, AScanIsOfADeclaredTargetAndAuditedAlsoWhenItFails) {
  ipc::TargetScan scan;
  scan.set_name("web1");
  EXPECT_EQ(ask(scan).failure, "not_found");
  ASSERT_EQ(apply({R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22"})"}).failure, "");
  const auto said = ask(scan);
  EXPECT_EQ(said.failure, "io");
  EXPECT_EQ(said.message, "nobody is there");
  EXPECT_EQ(audit_types(), (std::vector<std::string>{"resource.create", "target.scan"}));
}

TEST_F(SessionsTest, APolicyTestShowsWhatThisNodeWillRecord) {
  config.recording.bulk_hash = false;
  config.recording.bulk_after_bytes = 12345;
  const auto applied =
      apply({R"({"kind":"user","name":"alice"})",
             R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22","labels":{"env":"prod"}})",
             R"({"kind":"account","name":"deploy","targets":{"env":"prod"},"login":"certificate"})",
             R"({"kind":"policy","name":"p","subjects":{"users":["alice"]},"targets":{"env":"prod"},)"
             R"("accounts":["deploy"],"allow":["shell"],"record":{"bulk_after":"1KiB"}})"});
  ASSERT_EQ(applied.items.size(), 4U) << applied.message;
  ipc::PolicyTest asked;
  asked.set_user("alice");
  asked.set_target("web1");
  asked.set_account("deploy");
  const auto said = ask(asked);
  EXPECT_NE(said.done.find(R"("bulk_hash":false)"), std::string::npos)
      << "the node's, as the policy is silent: " << said.done;
  EXPECT_NE(said.done.find(R"("bulk_after":1024)"), std::string::npos) << "the policy's: " << said.done;
}

}  // namespace
}  // namespace sallyport::broker::api
