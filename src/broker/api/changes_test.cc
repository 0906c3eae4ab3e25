// SPDX-License-Identifier: Apache-2.0
// Changes that a second administrator decides, through the API: what waits, who decides, and that it is carried out as
// its author saw it or not at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/id.h"
#include "broker/access/change_expiry.h"
#include "broker/api/fake_sink_test.h"
#include "identity/user_credentials.h"

namespace sallyport::broker::api {
namespace {

using nlohmann::json;
using policy::Role;

constexpr const char* kPolicy =
    R"({"kind":"policy","name":"ops","subjects":{"users":["u"]},"targets":["*"],"accounts":["*"],"allow":["shell"]})";
constexpr const char* kWider =
    R"({"kind":"policy","name":"ops","subjects":{"users":["u"]},"targets":["*"],"accounts":["*"],"allow":["shell","sftp"]})";

std::string user(const std::string& name, const std::string& more = "") {
  return R"({"kind":"user","name":")" + name + R"(")" + more + "}";
}
const std::string kAdministrator = R"(,"roles":["administrator"])";

class ChangesTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    const auto made = apply({user("alice", kAdministrator), user("bob", kAdministrator), user("eve"),
                             R"({"kind":"account","name":"root","targets":["*"],"login":"password"})", kPolicy});
    ASSERT_EQ(made.failure, "") << made.message;
    on_loop([this] { config.changes.second_administrator = {"policy", "keys", "roles", "retention"}; });
  }
  static Caller admin(const std::string& name) {
    return {"local:" + name, Roles{Role::user, Role::administrator}, 0, {}, name};
  }
  Heard put(const std::vector<std::string>& resources, const Caller& by, const Wish& wish = {}) {
    Apply asked;
    asked.wish = wish;
    for (const std::string& one : resources) asked.items.emplace_back().set_json(one);
    return ask(std::move(asked), by);
  }
  /// The id of a change that waits.
  std::string waits(const Heard& heard) {
    EXPECT_EQ(heard.failure, "") << heard.message;
    return heard.done.empty() ? "" : json::parse(heard.done).value("change", "");
  }
  Heard decide(const std::string& id, const Caller& by, bool approves = true) {
    ipc::ChangeDecide asked;
    asked.set_name(id);
    asked.set_approves(approves);
    return ask(asked, by);
  }
  template <class Asked>
  Heard named(const std::string& id, const Caller& by) {
    Asked asked;
    asked.set_name(id);
    return ask(asked, by);
  }
  std::string state(const std::string& id) {
    const auto shown = named<ipc::ChangeShow>(id, administrator());
    EXPECT_EQ(shown.failure, "") << shown.message;
    return shown.done.empty() ? "" : json::parse(shown.done)["state"];
  }
  std::string text(const std::string& kind, const std::string& name) {
    const auto row = store->get_resource(kind, name);
    return row ? row->json : "";
  }
  std::size_t sealed() { return store->list_credentials("change")->size(); }
};

TEST_F(ChangesTest, APolicyWaitsForAnotherAndIsThenAsItsAuthorWroteIt) {
  const std::string before = text("policy", "ops");
  const auto made = put({kWider}, admin("alice"), {"for the release", ""});
  const std::string id = waits(made);
  ASSERT_NE(id, "");
  EXPECT_EQ(json::parse(made.items[0].json)["action"], "waiting");
  EXPECT_EQ(text("policy", "ops"), before);
  const auto shown = named<ipc::ChangeShow>(id, admin("bob"));
  ASSERT_EQ(shown.items.size(), 1U) << shown.message;
  const auto difference = json::parse(shown.items[0].json);
  EXPECT_EQ(difference["path"], "allow");
  EXPECT_EQ(difference["after"], "sftp");
  EXPECT_EQ(json::parse(shown.done)["reason"], "for the release");
  EXPECT_EQ(decide(id, admin("alice")).failure, "denied") << "their own";
  EXPECT_EQ(decide(id, admin("bob")).failure, "");
  EXPECT_NE(text("policy", "ops").find("sftp"), std::string::npos);
  EXPECT_EQ(state(id), "applied");
  EXPECT_EQ(store->resource_history("policy", "ops")->back().author, "local:alice");
  EXPECT_EQ(decide(id, admin("bob")).failure, "invalid") << "once";
  EXPECT_EQ(json::parse(named<ipc::ChangeShow>(id, admin("bob")).items[0].json)["after"], "sftp") << "still to be seen";
}

TEST_F(ChangesTest, RootIsOnePersonAndDecidesNoChangeOfTheirOwn) {
  const std::string id = waits(put({kWider}, administrator()));
  Caller other = administrator();
  other.actor = "local:sallyport";  // the account that runs the gateway
  EXPECT_EQ(decide(id, other).failure, "denied");
  EXPECT_EQ(decide(id, administrator()).failure, "denied");
  EXPECT_EQ(decide(id, admin("alice")).failure, "");
}

TEST_F(ChangesTest, AnotherAccountOfTheSameUserIsTheSamePerson) {
  const std::string id = waits(put({kWider}, admin("alice")));
  Caller second = admin("alice");
  second.actor = "local:alice-2";
  EXPECT_EQ(decide(id, second).failure, "denied");
  EXPECT_EQ(state(id), "waiting");
}

TEST_F(ChangesTest, OnlyAdministratorsDecide) {
  const std::string id = waits(put({kWider}, admin("alice")));
  EXPECT_EQ(decide(id, {"local:eve", Roles{Role::user, Role::approver, Role::auditor}, 0, {}, "eve"}).failure,
            "denied");
  // The role was taken away after the caller was looked at.
  EXPECT_EQ(decide(id, admin("eve")).failure, "denied");
  EXPECT_EQ(state(id), "waiting");
}

TEST_F(ChangesTest, WhatWasEditedMeanwhileIsStale) {
  const std::string first = waits(put({kWider}, admin("alice")));
  const std::string second = waits(put({kPolicy, user("new")}, admin("alice")));
  const std::string third = waits(put({kWider, user("newer")}, admin("alice")));
  ASSERT_EQ(decide(first, admin("bob")).failure, "");
  const auto late = decide(third, admin("bob"));
  EXPECT_EQ(late.failure, "exists");
  EXPECT_NE(late.message.find("stale"), std::string::npos) << late.message;
  EXPECT_EQ(state(third), "stale");
  EXPECT_EQ(text("user", "newer"), "") << "nothing of it";
  EXPECT_EQ(decide(second, admin("bob")).failure, "exists");
  EXPECT_EQ(text("user", "new"), "");
}

TEST_F(ChangesTest, AnAuthorWhoIsNoAdministratorAnyMoreHasNoChange) {
  const std::string id = waits(put({kWider}, admin("alice")));
  ASSERT_EQ(put({user("alice", R"(,"disabled":true)" + kAdministrator)}, administrator()).failure, "");
  EXPECT_NE(text("user", "alice").find("disabled"), std::string::npos) << "a lock does not wait";
  EXPECT_EQ(decide(id, admin("bob")).failure, "exists");
  EXPECT_EQ(state(id), "stale");
  EXPECT_EQ(text("policy", "ops").find("sftp"), std::string::npos);
}

TEST_F(ChangesTest, AnAuthorWhoWasMadeAnewIsAnother) {
  const std::string id = waits(put({kWider}, admin("alice")));
  on_loop([this] { config.changes.second_administrator = {}; });
  ipc::DeleteResource gone;
  gone.set_kind("user");
  gone.set_name("alice");
  ASSERT_EQ(ask(gone).failure, "");
  ASSERT_EQ(apply({user("alice", kAdministrator)}).failure, "");
  EXPECT_EQ(decide(id, admin("bob")).failure, "exists");
  EXPECT_EQ(state(id), "stale");
}

TEST_F(ChangesTest, ItsAuthorTakesItBackAndOthersDenyIt) {
  const std::string id = waits(put({kWider}, admin("alice")));
  EXPECT_EQ(named<ipc::ChangeCancel>(id, admin("bob")).failure, "denied");
  EXPECT_EQ(named<ipc::ChangeCancel>(id, admin("alice")).failure, "");
  EXPECT_EQ(state(id), "cancelled");
  EXPECT_EQ(decide(id, admin("bob")).failure, "invalid");
  const std::string other = waits(put({kWider}, admin("alice")));
  EXPECT_EQ(decide(other, admin("alice"), false).failure, "denied");
  EXPECT_EQ(decide(other, admin("bob"), false).failure, "");
  EXPECT_EQ(state(other), "denied");
  EXPECT_EQ(named<ipc::ChangeCancel>(other, admin("alice")).failure, "invalid");
  EXPECT_EQ(decide(other, admin("bob")).failure, "invalid");
}

TEST_F(ChangesTest, OfManyDecisionsAtOnceOneCounts) {
  for (int round = 0; round < 9; ++round) {
    const std::string name = "new" + std::to_string(round);
    const std::string id = waits(put({user(name)}, admin("alice")));
    ASSERT_NE(id, "");
    std::vector<std::shared_ptr<FakeSink>> sinks;
    const auto add = [&](Request request, const Caller& by) {
      sinks.push_back(std::make_shared<FakeSink>(loop));
      begin(std::move(request), sinks.back(), by);
    };
    ipc::ChangeDecide yes, no;
    yes.set_name(id);
    yes.set_approves(true);
    no.set_name(id);
    ipc::ChangeCancel back;
    back.set_name(id);
    std::vector<std::function<void()>> acts{[&] { add(yes, admin("bob")); }, [&] { add(no, administrator()); },
                                            [&] { add(back, admin("alice")); }, [&] { add(yes, administrator()); }};
    std::rotate(acts.begin(), acts.begin() + round % 4, acts.end());
    for (const auto& act : acts) act();
    std::size_t counted = 0;
    for (const auto& sink : sinks) counted += sink->hear().failure.empty() ? 1U : 0U;
    EXPECT_EQ(counted, 1U);
    EXPECT_EQ(text("user", name) != "", state(id) == "applied");
  }
}

TEST_F(ChangesTest, SecretsWaitSealedAndAreNeverShown) {
  ipc::SetPassword password;
  password.set_user("eve");
  password.set_password("a long password of hers");
  const std::string first = waits(ask(password, admin("alice")));
  ipc::SetSecret secret;
  secret.set_account("root");
  secret.set_secret("s3cret of the account");
  const std::string second = waits(ask(secret, admin("alice")));
  ASSERT_NE(first, "");
  ASSERT_NE(second, "");
  EXPECT_FALSE(identity::password_hash(*store, "eve")->has_value());
  EXPECT_FALSE(vault->account_password("root"));
  EXPECT_EQ(sealed(), 2U);
  for (const std::string& id : {first, second}) {
    const auto row = store->get_change(id);
    const auto shown = named<ipc::ChangeShow>(id, admin("bob"));
    EXPECT_EQ((row->steps + shown.done + shown.items[0].json).find("s3cret"), std::string::npos);
    EXPECT_EQ((row->steps + shown.done + shown.items[0].json).find("argon2"), std::string::npos);
  }
  ASSERT_EQ(decide(first, admin("bob")).failure, "");
  ASSERT_EQ(decide(second, administrator()).failure, "");
  EXPECT_TRUE(identity::password_hash(*store, "eve")->has_value());
  EXPECT_EQ(base::text(vault->account_password("root")->view()), "s3cret of the account");
  EXPECT_EQ(sealed(), 0U);
  const auto events = store->list_audit({});
  for (const auto& event : *events) {
    EXPECT_EQ(event.body.find("s3cret"), std::string::npos);
    EXPECT_EQ(event.body.find("argon2"), std::string::npos);
  }
}

TEST_F(ChangesTest, SecretsOfWhatIsDeniedAreForgotten) {
  ipc::SetSecret secret;
  secret.set_account("root");
  secret.set_secret("s3cret of the account");
  ASSERT_EQ(decide(waits(ask(secret, admin("alice"))), admin("bob"), false).failure, "");
  ASSERT_EQ(named<ipc::ChangeCancel>(waits(ask(secret, admin("alice"))), admin("alice")).failure, "");
  EXPECT_EQ(sealed(), 0U);
  EXPECT_FALSE(vault->account_password("root"));
}

TEST_F(ChangesTest, ASecretThatWaitsSurvivesARotationOfTheMasterKey) {
  ipc::SetSecret secret;
  secret.set_account("root");
  secret.set_secret("s3cret of the account");
  const std::string id = waits(ask(secret, admin("alice")));
  const auto rotated = vault->rotate(vault::MasterKeySource::from_file(config.data_dir + "/key/master.key"));
  ASSERT_TRUE(rotated) << rotated.message();
  ASSERT_EQ(decide(id, admin("bob")).failure, "");
  EXPECT_EQ(base::text(vault->account_password("root")->view()), "s3cret of the account");
}

TEST_F(ChangesTest, WhatIsNotCoveredIsDoneAtOnce) {
  const auto target =
      put({R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22"})"}, admin("alice"));
  EXPECT_EQ(waits(target), "");
  EXPECT_NE(text("target", "web1"), "");
  EXPECT_EQ(waits(put({kPolicy}, admin("alice"))), "") << "nothing changes";
  // One part of it waits, so all of it waits.
  const auto both =
      put({R"({"kind":"target","name":"web2","protocol":"ssh","address":"192.0.2.2:22"})", kWider}, admin("alice"));
  EXPECT_NE(waits(both), "");
  EXPECT_EQ(text("target", "web2"), "");
}

TEST_F(ChangesTest, ATrialStoresNothingAndSaysWhoIsNeeded) {
  Apply asked;
  asked.items.emplace_back().set_json(kWider);
  asked.dry_run = true;
  const auto heard = ask(std::move(asked), admin("alice"));
  EXPECT_EQ(json::parse(heard.done)["second_administrator"], json({"policy"}));
  EXPECT_FALSE(json::parse(heard.done).contains("change"));
  EXPECT_TRUE(store->list_changes({})->empty());
}

TEST_F(ChangesTest, AnEmergencyIsRootsAndIsReviewedByAnother) {
  const Wish now{"", "the release is on fire"};
  EXPECT_EQ(put({kWider}, admin("alice"), now).failure, "denied");
  const auto made = put({kWider}, administrator(), now);
  ASSERT_EQ(made.failure, "") << made.message;
  EXPECT_NE(text("policy", "ops").find("sftp"), std::string::npos);
  const std::string id = json::parse(made.done)["to_review"];
  EXPECT_EQ(named<ipc::ChangeReview>(id, administrator()).failure, "denied");
  ipc::ChangeList open;
  open.set_to_review(true);
  EXPECT_EQ(ask(open).items.size(), 1U);
  EXPECT_EQ(decide(id, admin("bob")).failure, "invalid") << "it is done";
  EXPECT_EQ(named<ipc::ChangeReview>(id, admin("bob")).failure, "");
  EXPECT_EQ(ask(open).items.size(), 0U);
  EXPECT_EQ(named<ipc::ChangeReview>(id, admin("alice")).failure, "invalid");
  const auto types = audit_types();
  EXPECT_EQ(std::count(types.begin(), types.end(), "change.emergency"), 1);
  EXPECT_EQ(std::count(types.begin(), types.end(), "change.review"), 1);
}

TEST_F(ChangesTest, NobodyEnrolsOthersAlone) {
  ipc::EnrollTotp enrol;
  enrol.set_user("eve");
  const auto heard = ask(enrol, admin("alice"));
  EXPECT_EQ(heard.failure, "denied");
  EXPECT_NE(heard.message.find("enroll-totp"), std::string::npos) << heard.message;
}

TEST_F(ChangesTest, ListsAreByStateAndByWhoDecides) {
  const std::string of_alice = waits(put({kWider}, admin("alice")));
  const std::string of_bob = waits(put({user("new")}, admin("bob")));
  ipc::ChangeList mine;
  mine.set_to_decide(true);
  const auto heard = ask(mine, admin("bob"));
  ASSERT_EQ(heard.items.size(), 1U);
  EXPECT_EQ(json::parse(heard.items[0].json)["id"], of_alice);
  EXPECT_EQ(ask(mine).items.size(), 2U);
  ipc::ChangeList applied;
  applied.add_states("applied");
  EXPECT_EQ(ask(applied).items.size(), 0U);
  EXPECT_EQ(named<ipc::ChangeShow>(of_bob.substr(of_bob.size() - 8), admin("alice")).failure, "") << "by its code";
  EXPECT_EQ(named<ipc::ChangeShow>("zzzzzzzz", admin("alice")).failure, "not_found");
}

TEST_F(ChangesTest, EachStepIsTold) {
  const std::string first = waits(put({kWider}, admin("alice")));
  ASSERT_EQ(decide(first, admin("bob")).failure, "");
  const std::string second = waits(put({user("new")}, admin("alice")));
  ASSERT_EQ(named<ipc::ChangeCancel>(second, admin("alice")).failure, "");
  ASSERT_EQ(put({user("now")}, administrator(), {"", "fire"}).failure, "");
  std::vector<std::string> kinds;
  for (const auto& [kind, object] : notices.heard()) {
    kinds.push_back(kind);
    EXPECT_TRUE(json::parse(object).contains("author")) << object;
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"change.create", "change.approve", "change.create", "change.cancel",
                                             "change.emergency"}));
}

TEST_F(ChangesTest, WhatNobodyDecidedInTimeEndsAndItsSecretIsForgotten) {
  ipc::SetSecret secret;
  secret.set_account("root");
  secret.set_secret("s3cret of the account");
  const std::string id = waits(ask(secret, admin("alice")));
  // A row whose time is over: the store keeps it as it was made.
  auto row = *store->get_change(id);
  row.id = base::make_id(clock.now_us(), random);
  row.decide_by_us = row.created_us + 1;
  ASSERT_TRUE(store->insert_change(row));
  ASSERT_TRUE(vault->set_change_secret(row.id, 0, base::view(std::string_view("x"))));
  EXPECT_EQ(state(row.id), "expired");
  EXPECT_EQ(decide(row.id, admin("bob")).failure, "invalid");
  std::promise<base::Status> done;
  store_thread->post([&] { done.set_value(expire_changes(*services)); });
  EXPECT_TRUE(done.get_future().get());
  EXPECT_EQ(sealed(), 1U) << "of the one that waits";
  EXPECT_EQ(store->get_change(row.id)->state, "expired");
  EXPECT_EQ(state(id), "waiting");
}

TEST_F(ChangesTest, SoManyMayWait) {
  for (std::size_t i = 0; i < 50; ++i) ASSERT_NE(waits(put({user("new" + std::to_string(i))}, admin("alice"))), "");
  EXPECT_EQ(put({kWider}, admin("alice")).failure, "full");
  EXPECT_NE(waits(put({kWider}, admin("bob"))), "");
}

}  // namespace
}  // namespace sallyport::broker::api
