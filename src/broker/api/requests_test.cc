// SPDX-License-Identifier: Apache-2.0
// Requests for access through the API: who may see, decide and end which.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "broker/api/fake_sink_test.h"

namespace sallyport::broker::api {
namespace {

using policy::Role;

class RequestsTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    const auto applied = apply(
        {R"({"kind":"user","name":"alice"})", R"({"kind":"user","name":"eve"})",
         R"({"kind":"user","name":"bob","groups":["leads"]})", R"({"kind":"user","name":"carol","groups":["leads"]})",
         R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22","labels":{"env":"prod"}})",
         R"({"kind":"target","name":"dev1","protocol":"ssh","address":"192.0.2.2:22","labels":{"env":"dev"}})",
         R"({"kind":"account","name":"root","targets":["*"],"login":"certificate"})",
         R"({"kind":"policy","name":"prod","subjects":{"users":["alice","bob"]},"targets":{"env":"prod"},)"
         R"("accounts":["root"],"allow":["shell"],"require":{"reason":true,)"
         R"("approval":{"approvers":{"groups":["leads"]},"count":1,"valid":"1h"}}})",
         R"({"kind":"policy","name":"dev","subjects":{"users":["alice"]},"targets":{"env":"dev"},)"
         R"("accounts":["root"],"allow":["shell"]})"});
    ASSERT_EQ(applied.failure, "") << applied.message;
  }
  static Caller user(const std::string& name) { return {"local:" + name, Roles{Role::user}, 0, {}, name}; }
  static ipc::RequestCreate wish(const std::string& target = "web1", const std::string& reason = "disk full") {
    ipc::RequestCreate out;
    out.set_account("root");
    out.add_targets(target);
    out.set_reason(reason);
    return out;
  }
  static ipc::RequestVote vote(const std::string& name, bool approves = true) {
    ipc::RequestVote out;
    out.set_name(name);
    out.set_approves(approves);
    return out;
  }
  static ipc::RequestReview review(const std::string& name) {
    ipc::RequestReview out;
    out.set_name(name);
    return out;
  }
  static ipc::RequestClose close(const std::string& name) {
    ipc::RequestClose out;
    out.set_name(name);
    return out;
  }
  static ipc::RequestShow show(const std::string& name) {
    ipc::RequestShow out;
    out.set_name(name);
    return out;
  }
  static nlohmann::json one(const Heard& heard) {
    EXPECT_EQ(heard.failure, "") << heard.message;
    return heard.items.size() == 1 ? nlohmann::json::parse(heard.items[0].json) : nlohmann::json::object();
  }
  std::string create(const std::string& by = "alice") { return one(ask(wish(), user(by)))["id"]; }
};

TEST_F(RequestsTest, IsMadeByItsUserAndDecidedByWhoIsNamed) {
  const auto made = one(ask(wish(), user("alice")));
  EXPECT_EQ(made["state"], "waiting");
  EXPECT_EQ(made["user"], "alice");
  EXPECT_EQ(made["valid_seconds"], 3600);
  EXPECT_EQ(made["approvals"][0]["groups"][0], "leads");
  EXPECT_EQ(ask(vote(made["id"]), user("alice")).failure, "denied");
  EXPECT_EQ(ask(vote(made["id"]), user("eve")).failure, "not_found");
  EXPECT_EQ(ask(vote(made["code"]), user("bob")).failure, "");
  const auto now = one(ask(show(made["id"]), user("alice")));
  EXPECT_EQ(now["state"], "approved");
  EXPECT_EQ(now["votes"][0]["by"], "bob");
  EXPECT_EQ(ask(vote(made["id"]), user("carol")).failure, "invalid") << "decided";
}

TEST_F(RequestsTest, AnApproverDoesNotApproveTheirOwn) {
  const std::string own = create("bob");
  EXPECT_EQ(ask(vote(own), user("bob")).failure, "denied");
  EXPECT_EQ(ask(vote(own), user("carol")).failure, "");
}

TEST_F(RequestsTest, WhatNeedsNoApprovalOrIsNotAllowedIsNotAskedFor) {
  EXPECT_EQ(ask(wish("dev1"), user("alice")).failure, "invalid");
  EXPECT_EQ(ask(wish("web1"), user("eve")).failure, "denied");
  EXPECT_EQ(ask(wish("nowhere"), user("alice")).failure, "denied");
  const auto silent = ask(wish("web1", ""), user("alice"));
  EXPECT_EQ(silent.failure, "invalid");
  EXPECT_NE(silent.message.find("reason"), std::string::npos) << silent.message;
  auto longer = wish();
  longer.set_for_seconds(3601);
  EXPECT_EQ(ask(longer, user("alice")).failure, "invalid");
  auto past = wish();
  past.set_start("2020-01-01T00:00:00Z");
  EXPECT_EQ(ask(past, user("alice")).failure, "invalid");
}

TEST_F(RequestsTest, OnlyAdministratorsAskForOthers) {
  auto other = wish();
  other.set_user("alice");
  EXPECT_EQ(ask(other, user("bob")).failure, "denied");
  EXPECT_EQ(one(ask(other))["user"], "alice");
  EXPECT_EQ(ask(wish()).failure, "invalid") << "root is no user";
  EXPECT_EQ(ask(vote(create())).failure, "") << "and may decide";
}

TEST_F(RequestsTest, OthersSeeNothingOfIt) {
  const std::string id = create();
  EXPECT_EQ(ask(show(id), user("eve")).failure, "not_found");
  EXPECT_EQ(ask(ipc::RequestList(), user("eve")).items.size(), 0U);
  EXPECT_EQ(ask(ipc::RequestList(), user("alice")).items.size(), 1U);
  EXPECT_EQ(ask(ipc::RequestList(), user("carol")).items.size(), 1U) << "may decide it";
  EXPECT_EQ(ask(ipc::RequestList(), {"local:a", Roles{Role::user, Role::auditor}, 0, {}, "eve"}).items.size(), 1U);
  ipc::RequestList mine;
  mine.set_to_decide(true);
  EXPECT_EQ(ask(mine, user("alice")).items.size(), 0U);
  EXPECT_EQ(ask(mine, user("carol")).items.size(), 1U);
  ASSERT_EQ(ask(vote(id, false), user("carol")).failure, "");
  EXPECT_EQ(ask(mine, user("bob")).items.size(), 0U) << "denied already";
  ipc::RequestList denied;
  denied.add_states("denied");
  EXPECT_EQ(ask(denied, user("alice")).items.size(), 1U);
  denied.add_states("lost");
  EXPECT_EQ(ask(denied, user("alice")).failure, "invalid");
}

// Neither the code nor the whole id of a request tells an outsider whether there is one.
TEST_F(RequestsTest, ToOthersItIsAsIfItWereNotThere) {
  const std::string id = create(), code = request_code(id);
  std::string no_id = id, no_code = code;
  no_id.back() = no_id.back() == '0' ? '1' : '0';
  no_code.back() = no_code.back() == '0' ? '1' : '0';
  const auto answers = [&](const std::string& name) {
    std::vector<std::string> out;
    for (const auto& heard :
         {ask(show(name), user("eve")), ask(vote(name), user("eve")), ask(vote(name, false), user("eve")),
          ask(close(name), user("eve")), ask(review(name), user("eve"))}) {
      EXPECT_EQ(heard.failure, "not_found");
      out.push_back(heard.message);
    }
    return out;
  };
  const auto nothing = answers(no_code);
  EXPECT_EQ(answers(no_id), nothing);
  EXPECT_EQ(answers(code), nothing);
  EXPECT_EQ(answers(id), nothing);
  EXPECT_EQ(one(ask(show(id), user("alice")))["state"], "waiting") << "and nothing was done";
}

TEST_F(RequestsTest, EndingItEndsItsSessions) {
  const std::string id = create();
  ASSERT_EQ(ask(vote(id), user("bob")).failure, "");
  SessionInfo info;
  info.id = "s1";
  info.user = "alice";
  info.request = id;
  info.state = SessionState::live;
  const auto session = std::make_shared<SessionHandle>(info);
  session->attach([](const ControlAct&, const std::function<void(base::Status)>&) {}, [](bool, const std::string&) {});
  ASSERT_TRUE(sessions.add(session));
  const auto other = add_session("s2");
  EXPECT_EQ(ask(close(id), user("eve")).failure, "not_found");
  EXPECT_FALSE(session->gate_shut());
  EXPECT_EQ(one(ask(close(id), user("carol")))["state"], "ended");
  EXPECT_TRUE(session->gate_shut());
  EXPECT_FALSE(other->gate_shut());
  EXPECT_EQ(ask(close(id), user("alice")).failure, "invalid");
}

TEST_F(RequestsTest, AUserSeesTheirOwnSessionsAlone) {
  add_session("s1", "alice");
  add_session("s2", "bob");
  EXPECT_EQ(ask(ipc::SessionList(), user("alice")).items.size(), 1U);
  ipc::SessionList others;
  others.set_user("bob");
  EXPECT_EQ(ask(others, user("alice")).failure, "denied");
  ipc::SessionShow foreign;
  foreign.set_id("s2");
  EXPECT_EQ(ask(foreign, user("alice")).failure, "not_found");
  EXPECT_EQ(ask(foreign, user("bob")).failure, "");
}

}  // namespace
}  // namespace sallyport::broker::api
