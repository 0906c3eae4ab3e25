// SPDX-License-Identifier: Apache-2.0
// Invitations through the API and in the store: made, taken up once, revoked, over.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "broker/access/invitations.h"
#include "broker/api/fake_sink_test.h"
#include "identity/user_credentials.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::json;

const char* const kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

class InvitesTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    const auto made =
        apply({R"({"kind":"user","name":"bob","groups":["ops"]})", R"({"kind":"user","name":"carol"})",
               R"({"kind":"target","name":"web1","protocol":"ssh","address":"10.0.0.1"})",
               R"({"kind":"account","name":"root","targets":["*"],"login":"certificate"})", policy_with("")});
    ASSERT_EQ(made.failure, "") << made.message;
  }
  static std::string policy_with(const std::string& more) {
    return R"({"kind":"policy","name":"vendors","sponsors":{"groups":["ops"]},"targets":["*"],"accounts":["root"],)" +
           more + R"("allow":["shell"]})";
  }
  static Caller person(const std::string& user) {
    return {"local:" + user, Roles{policy::Role::user}, 0, {Way::admin_socket, "a test"}, user};
  }
  static ipc::InviteCreate invitation(const std::string& name = "jane") {
    ipc::InviteCreate out;
    out.set_user(name);
    out.set_account("root");
    out.add_targets("web1");
    out.set_for_seconds(3600);
    return out;
  }
  Json create(const ipc::InviteCreate& asked = invitation()) {
    const auto made = ask(asked, person("bob"));
    EXPECT_EQ(made.failure, "") << made.message;
    return made.items.empty() ? Json() : Json::parse(made.items.front().json);
  }
  Json shown(const std::string& name, const Caller& caller = administrator()) {
    ipc::InviteShow asked;
    asked.set_name(name);
    const auto heard = ask(asked, caller);
    return heard.items.empty() ? Json() : Json::parse(heard.items.front().json);
  }
  static identity::InvitationCode code_of(const Json& made) {
    return *identity::read_invitation_code(base::view(made["code"].get<std::string>()));
  }
  /// On the store's thread, as everything about invitations is.
  template <class T>
  T on_store(const std::function<T()>& work) {
    std::promise<T> done;
    store_thread->post([&] { done.set_value(work()); });
    return done.get_future().get();
  }
  base::Result<std::string> take_up(const Json& made, const InvitationProof& proof = {kKey, "", "publickey"}) {
    return on_store<base::Result<std::string>>(
        [&] { return take_up_invitation(*services, code_of(made), proof, "192.0.2.1:7"); });
  }
  void sweep() {
    on_store<bool>([&] {
      end_invitations_that_are_over(*services);
      return true;
    });
  }
};

TEST_F(InvitesTest, IsTakenUpOnceAndLeavesNothingWhenItIsRevoked) {
  const Json made = create();
  EXPECT_EQ(made["state"], "open");
  EXPECT_EQ(made["sponsor"], "bob");
  const auto taken = take_up(made);
  ASSERT_TRUE(taken) << taken.message();
  EXPECT_EQ(*taken, "jane");
  EXPECT_TRUE(policy.current()->incarnation_of("jane"));
  EXPECT_EQ(policy.current()->keys_of("jane").size(), 1U);
  EXPECT_FALSE(take_up(made)) << "the code is good once";
  EXPECT_EQ(shown("jane")["state"], "taken");
  ipc::InviteRevoke revoke;
  revoke.set_name("jane");
  EXPECT_EQ(ask(revoke, person("carol")).failure, "not_found") << "another's";
  EXPECT_EQ(ask(revoke, person("bob")).failure, "");
  EXPECT_EQ(policy.current()->resources.user("jane"), nullptr);
  EXPECT_EQ(shown(made["id"])["state"], "over");
  EXPECT_EQ(ask(revoke, person("bob")).failure, "not_found") << "it is over";
  const auto types = audit_types();
  for (const char* type : {"invite.create", "invite.take-up", "invite.end"}) {
    EXPECT_EQ(std::count(types.begin(), types.end(), type), 1) << type;
  }
}

TEST_F(InvitesTest, OfManyAtOnceOneTakesItUp) {
  const Json made = create();
  std::vector<std::thread> takers;
  std::atomic<int> taken{0};
  for (int i = 0; i < 8; ++i) {
    takers.emplace_back([&] {
      if (take_up(made)) ++taken;
    });
  }
  for (std::thread& one : takers) one.join();
  EXPECT_EQ(taken, 1);
}

TEST_F(InvitesTest, ARevokedCodeIsWorthNothingInTheMiddleOfTakingUp) {
  const Json made = create();
  ASSERT_TRUE(on_store<base::Status>([&] { return check_invitation(*services, code_of(made)); }));
  ipc::InviteRevoke revoke;
  revoke.set_name(made["id"]);
  EXPECT_EQ(ask(revoke, person("bob")).failure, "");
  EXPECT_FALSE(take_up(made, {"", "$argon2id$x", "password"}));
  EXPECT_EQ(policy.current()->resources.user("jane"), nullptr);
  EXPECT_FALSE(*identity::password_hash(*reader, "jane"));
}

TEST_F(InvitesTest, GuessesUseTheCodeUp) {
  const Json made = create();
  Json wrong = made;
  std::string code = made["code"];
  code.back() = code.back() == 'a' ? 'b' : 'a';
  wrong["code"] = code;
  for (std::int64_t i = 0; i < kMostWrongCodes; ++i) EXPECT_FALSE(take_up(wrong)) << i;
  EXPECT_EQ(shown("jane")["wrong_codes"], kMostWrongCodes);
  EXPECT_FALSE(take_up(made)) << "the right one comes too late";
}

TEST_F(InvitesTest, EndsWithItsSponsor) {
  const Json made = create();
  ASSERT_TRUE(take_up(made));
  const auto before = *policy.current()->incarnation_of("jane");
  EXPECT_EQ(apply({R"({"kind":"user","name":"bob","groups":["ops"],"disabled":true})"}).failure, "");
  EXPECT_FALSE(policy.current()->counts("jane", before)) << "at once";
  EXPECT_EQ(apply({R"({"kind":"user","name":"bob","groups":["ops"]})"}).failure, "");
  EXPECT_FALSE(policy.current()->incarnation_of("jane")) << "and for good";
  sweep();
  EXPECT_EQ(shown(made["id"])["end_reason"], "the sponsor may not log in any more");
  EXPECT_EQ(policy.current()->resources.user("jane"), nullptr);
}

TEST_F(InvitesTest, EndsWithItsTime) {
  ipc::InviteCreate asked = invitation();
  asked.set_for_seconds(1);
  const Json made = create(asked);
  ASSERT_TRUE(take_up(made));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (policy.current()->resources.user("jane") != nullptr && std::chrono::steady_clock::now() < until) sweep();
  EXPECT_EQ(policy.current()->resources.user("jane"), nullptr);
  EXPECT_EQ(shown(made["id"])["end_reason"], "its time is over");
}

TEST_F(InvitesTest, ADenialEndsItAndTheSponsorCannotApproveIt) {
  EXPECT_EQ(
      apply(
          {R"({"kind":"user","name":"carol","groups":["leads"]})",
           policy_with(
               R"("require":{"approval":{"approvers":{"groups":["leads"],"users":["bob"]},"valid":"4h"},"reason":true},)")})
          .failure,
      "");
  EXPECT_EQ(ask(invitation(), person("bob")).failure, "invalid") << "without a reason";
  ipc::InviteCreate asked = invitation();
  asked.set_reason("disk swap");
  const Json made = create(asked);
  EXPECT_EQ(made["state"], "waiting");
  ipc::RequestVote vote;
  vote.set_name(made["request"]);
  vote.set_approves(true);
  EXPECT_EQ(ask(vote, person("bob")).failure, "denied");
  vote.set_approves(false);
  EXPECT_EQ(ask(vote, person("carol")).failure, "");
  sweep();
  EXPECT_EQ(shown(made["id"])["end_reason"], "its request is denied");
  EXPECT_FALSE(take_up(made));
}

TEST_F(InvitesTest, WhatNobodyMayInviteTo) {
  EXPECT_EQ(ask(invitation(), person("carol")).failure, "denied") << "no policy names her";
  ipc::InviteCreate elsewhere = invitation();
  elsewhere.set_account("deploy");
  EXPECT_EQ(ask(elsewhere, person("bob")).failure, "denied");
  for (const char* name : {"bob", "invite", "Jane", ""}) {
    EXPECT_NE(ask(invitation(name), person("bob")).failure, "") << name;
  }
  EXPECT_EQ(apply({R"({"kind":"role","name":"r","role":"auditor","subjects":{"users":["eve"]}})"}).failure, "");
  EXPECT_EQ(ask(invitation("eve"), person("bob")).failure, "exists") << "a role names somebody so";
  ipc::InviteCreate endless = invitation();
  endless.set_for_seconds(0);
  EXPECT_EQ(ask(endless, person("bob")).failure, "invalid");
  EXPECT_EQ(ask(invitation(), administrator()).failure, "invalid") << "root is no sponsor";
  ipc::InviteCreate for_bob = invitation();
  for_bob.set_sponsor("bob");
  EXPECT_EQ(ask(for_bob, person("carol")).failure, "denied");
  EXPECT_EQ(ask(for_bob, administrator()).failure, "");
}

TEST_F(InvitesTest, OnlyTheInvitationChangesAnOutsider) {
  create();
  EXPECT_EQ(apply({R"({"kind":"user","name":"jane","groups":["ops"]})"}).failure, "denied");
  std::string json = store->get_resource("user", "jane")->json;
  EXPECT_EQ(apply({json}).failure, "") << "what stays as it is may be among what is applied";
  json.replace(json.find("web1"), 4, "web2");
  EXPECT_EQ(apply({json}).failure, "denied");
  json.replace(json.find("jane"), 4, "joan");
  EXPECT_EQ(apply({json}).failure, "denied");
  ipc::AddKey key;
  key.set_user("jane");
  key.set_key_line(kKey);
  EXPECT_EQ(ask(key).failure, "denied");
  ipc::SetPassword password;
  password.set_user("jane");
  password.set_password("correct horse");
  EXPECT_EQ(ask(password).failure, "denied");
  ipc::DeleteResource gone;
  gone.set_kind("user");
  gone.set_name("jane");
  EXPECT_EQ(ask(gone).failure, "denied");
  EXPECT_EQ(apply({R"({"kind":"user","name":"invite"})"}).failure, "invalid");
}

TEST_F(InvitesTest, WhereTwoAdministratorsMustAgreeOneAloneInvitesNobody) {
  on_loop([this] { config.changes.second_administrator = {"keys", "roles"}; });
  ipc::InviteCreate for_bob = invitation();
  for_bob.set_sponsor("bob");
  const auto refused = ask(for_bob, administrator());
  EXPECT_EQ(refused.failure, "denied");
  EXPECT_NE(refused.message.find("the sponsor invites"), std::string::npos) << refused.message;
  create();  // what sponsors may, the policies say, and those had two authors
  ipc::InviteRevoke revoke;
  revoke.set_name("jane");
  EXPECT_EQ(ask(revoke).failure, "") << "a lock-out does not wait";
}

TEST_F(InvitesTest, AProgramInvitesNobody) {
  EXPECT_EQ(
      apply({R"({"kind":"user","name":"ci","groups":["ops"],"type":"service","sources":["10.0.0.0/8"]})"}).failure, "");
  EXPECT_EQ(ask(invitation(), person("ci")).failure, "denied");
  ipc::InviteCreate for_ci = invitation();
  for_ci.set_sponsor("ci");
  EXPECT_EQ(ask(for_ci, administrator()).failure, "denied");
}

TEST_F(InvitesTest, ApproversHearOfOneThatWaits) {
  std::vector<std::string> heard;
  on_store<bool>([&] {
    services->requests.announce_to([&](const char* type, const policy::AccessRequest& request) {
      heard.push_back(std::string(type) + " " + request.sponsor);
    });
    return true;
  });
  create();
  EXPECT_TRUE(heard.empty()) << "nobody has to approve it";
  EXPECT_EQ(apply({policy_with(R"("require":{"approval":{"approvers":{"users":["carol"]},"valid":"4h"}},)")}).failure,
            "");
  create(invitation("joe"));
  EXPECT_EQ(heard, std::vector<std::string>{"request.create bob"});
}

TEST_F(InvitesTest, SponsorsSeeTheirOwnAndReadersAll) {
  const Json made = create();
  EXPECT_EQ(ask(ipc::InviteList(), person("bob")).items.size(), 1U);
  EXPECT_TRUE(ask(ipc::InviteList(), person("carol")).items.empty());
  EXPECT_EQ(ask(ipc::InviteList(), administrator()).items.size(), 1U);
  EXPECT_TRUE(shown("jane", person("carol")).is_null());
  EXPECT_EQ(shown("jane", person("bob"))["id"], made["id"]);
  EXPECT_EQ(shown("jane").contains("code"), false) << "it was shown once";
}

}  // namespace
}  // namespace sallyport::broker::api
