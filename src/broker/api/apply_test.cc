// SPDX-License-Identifier: Apache-2.0
// Resources through the API: applied whole or not at all, audited, and never over somebody else's change.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "broker/api/fake_sink_test.h"
#include "ledger/chain.h"

namespace sallyport::broker::api {
namespace {

using ApplyTest = ApiTest;

ipc::DeleteResource removal(const std::string& kind, const std::string& name) {
  ipc::DeleteResource out;
  out.set_kind(kind);
  out.set_name(name);
  return out;
}

TEST_F(ApplyTest, AppliesAllOrNothingAndAuditsWhatItChanges) {
  const auto refused = apply({R"({"kind":"user","name":"alice"})", R"({"kind":"user","name":"bob","wrong":1})"});
  EXPECT_EQ(refused.failure, "invalid");
  EXPECT_EQ(refused.message.rfind("document 2: ", 0), 0U) << refused.message;
  EXPECT_TRUE(get("user").items.empty());
  EXPECT_TRUE(audit_types().empty());

  EXPECT_EQ(apply({R"({"kind":"user","name":"alice"})"}, true).items.size(), 1U) << "a dry run says what it would do";
  EXPECT_TRUE(get("user").items.empty());
  EXPECT_EQ(apply({R"({"kind":"user","name":"alice"})"}).json(),
            std::vector<std::string>{R"({"kind":"user","name":"alice","action":"created","version":1})"});
  EXPECT_NE(apply({R"({"kind":"user","name":"alice"})"}).json().at(0).find("unchanged"), std::string::npos);
  EXPECT_EQ(audit_types(), std::vector<std::string>{"resource.create"});
  EXPECT_NE(policy.current()->resources.user("alice"), nullptr) << "decisions see it at once";

  EXPECT_EQ(ask(removal("user", "alice")).failure, "");
  EXPECT_EQ(ask(removal("user", "alice")).failure, "not_found");
  EXPECT_EQ(audit_types(), (std::vector<std::string>{"resource.create", "resource.delete"}));
}

TEST_F(ApplyTest, AnExpectedVersionKeepsSomebodyElsesChange) {
  const auto with = [this](const std::string& json, std::int64_t version) {
    Apply asked;
    asked.items.emplace_back().set_json(json);
    asked.items.back().set_expected_version(version);
    return ask(std::move(asked));
  };
  const std::string alice = R"({"kind":"user","name":"alice"})";
  EXPECT_EQ(with(alice, 3).failure, "not_found") << "there is none";
  ASSERT_EQ(with(alice, 0).failure, "") << "there is none, as expected";
  EXPECT_EQ(with(alice, 0).failure, "exists") << "also where the contents are the same";
  ipc::GetResource one;
  one.set_kind("user");
  one.set_name("alice");
  const auto read = ask(one);
  ASSERT_EQ(read.items.size(), 1U);
  EXPECT_EQ(read.items[0].version, 1);
  // Somebody else is faster.
  ASSERT_EQ(apply({R"({"kind":"user","name":"alice","disabled":true})"}).failure, "");
  const auto late = with(R"({"kind":"user","name":"alice","email":"a@example.org"})", read.items[0].version);
  EXPECT_EQ(late.failure, "exists");
  EXPECT_NE(late.message.find("changed meanwhile"), std::string::npos) << late.message;
  EXPECT_NE(store->get_resource("user", "alice")->json.find("disabled"), std::string::npos);
  EXPECT_EQ(with(R"({"kind":"user","name":"alice","email":"a@example.org"})", 2).failure, "");
  // A version is never used twice: a resource that was deleted and made anew is not the one that was read.
  ASSERT_EQ(ask(removal("user", "alice")).failure, "");
  ASSERT_EQ(apply({alice}).failure, "");
  EXPECT_EQ(with(alice, 1).failure, "exists");
}

TEST_F(ApplyTest, OneLateVersionOfASetChangesNothing) {
  ASSERT_EQ(apply({R"({"kind":"group","name":"a"})"}).failure, "");
  Apply asked;
  asked.items.emplace_back().set_json(R"({"kind":"group","name":"b"})");
  asked.items.emplace_back().set_json(R"({"kind":"group","name":"a","members":["x"]})");
  asked.items.back().set_expected_version(7);
  EXPECT_EQ(ask(std::move(asked)).failure, "exists");
  EXPECT_EQ(get("group").items.size(), 1U);
}

TEST_F(ApplyTest, ResourcesComeInPagesByName) {
  std::vector<std::string> all;
  for (int i = 0; i < 250; ++i) {
    all.push_back(R"({"kind":"group","name":"g)" + std::to_string(1000 + i) + R"("})");
  }
  ASSERT_EQ(apply(all).failure, "");
  ipc::GetResource asked;
  asked.set_kind("group");
  asked.set_limit(120);
  std::vector<std::string> seen;
  for (int pages = 1;; ++pages) {
    const auto page = ask(asked);
    ASSERT_EQ(page.failure, "") << page.message;
    for (const std::string& json : page.json()) seen.push_back(nlohmann::json::parse(json)["name"]);
    const auto done = nlohmann::json::parse(page.done);
    EXPECT_EQ(done["total"].is_null(), pages > 1);
    if (pages == 1) {
      EXPECT_EQ(done["total"], 250);
    }
    if (done["next"].is_null()) {
      EXPECT_EQ(pages, 3);
      break;
    }
    asked.set_cursor(done["next"].get<std::string>());
  }
  ASSERT_EQ(seen.size(), 250U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  asked.clear_cursor();
  asked.set_text("g124");
  EXPECT_EQ(ask(asked).items.size(), 10U);
  asked.set_cursor("1:sessions:01hzy");
  EXPECT_EQ(ask(asked).failure, "invalid") << "the cursor of another list";
}

TEST_F(ApplyTest, AnEmailAddressIsOneUsers) {
  const std::string alice = R"({"kind":"user","name":"alice","email":"alice@example.org"})";
  const std::string bob = R"({"kind":"user","name":"bob","email":"alice@example.org"})";
  EXPECT_EQ(apply({alice, bob}).failure, "invalid") << "both in one set";
  ASSERT_EQ(apply({alice}).failure, "");
  const auto refused = apply({bob});
  EXPECT_EQ(refused.failure, "invalid");
  EXPECT_NE(refused.message.find("'alice' and 'bob'"), std::string::npos) << refused.message;
  EXPECT_EQ(policy.current()->resources.user_name("alice@example.org"), "alice");
  // It moves in one step: the old owner gives it up in the same set.
  ASSERT_EQ(apply({bob, R"({"kind":"user","name":"alice"})"}).failure, "");
  EXPECT_EQ(policy.current()->resources.user_name("alice@example.org"), "bob");
}

TEST_F(ApplyTest, RolesComeIntoForceAtOnce) {
  ASSERT_EQ(apply({R"({"kind":"user","name":"alice","roles":["auditor"]})",
                   R"({"kind":"role","name":"approvers","role":"approver","subjects":{"users":["alice"]}})"})
                .failure,
            "");
  const auto roles = policy::roles_of(policy.current()->resources, "alice", {});
  EXPECT_EQ(roles, (std::vector{policy::Role::user, policy::Role::approver, policy::Role::auditor}));
}

TEST_F(ApplyTest, NoTwoUsersOwnTheSameLocalAccount) {
  const std::string alice = R"({"kind":"user","name":"alice","local_account":"adm"})";
  const std::string bob = R"({"kind":"user","name":"bob","local_account":"adm"})";
  EXPECT_EQ(apply({alice, bob}).failure, "invalid");
  ASSERT_EQ(apply({alice}).failure, "");
  EXPECT_EQ(apply({bob}).failure, "invalid");
  EXPECT_EQ(apply({R"({"kind":"user","name":"eve","local_account":"root"})"}).failure, "invalid");
}

TEST_F(ApplyTest, AResourceIsBoundToItsLastSubject) {
  std::string subjects;
  for (int i = 0; i < 3000; ++i) subjects += (i == 0 ? "\"user" : ",\"user") + std::to_string(i) + "\"";
  ASSERT_EQ(apply({R"({"kind":"policy","name":"wide","subjects":{"users":[)" + subjects +
                   R"(]},"targets":["*"],"accounts":["root"],"allow":["shell"]})"})
                .failure,
            "");
  const std::string stored = store->get_resource("policy", "wide")->json;
  ASSERT_GT(stored.size(), 16384U);
  const std::string body = store->last_audit()->body;
  EXPECT_EQ(body.find("user2999"), std::string::npos);
  EXPECT_NE(body.find("\"resource_sha256\":\"" + ledger::text_hash(stored) + "\""), std::string::npos);
  EXPECT_NE(body.find("\"resource_bytes\":" + std::to_string(stored.size())), std::string::npos);
}

std::string recipient(int number) {
  base::Bytes key(32, 9);
  key[1] = static_cast<std::uint8_t>(number);
  return R"({"kind":"recipient","name":"r)" + std::to_string(number) + R"(","public_key":")" + base::to_base64(key) +
         "\"}";
}

TEST_F(ApplyTest, RecipientsWithWhomNothingCouldBeRecordedAreRefused) {
  base::Bytes one(32, 0);
  one[0] = 1;
  EXPECT_EQ(apply({R"({"kind":"recipient","name":"small","public_key":")" + base::to_base64(one) + "\"}"}).failure,
            "invalid");
  std::vector<std::string> most;
  for (int i = 0; i < 63; ++i) most.push_back(recipient(i));
  EXPECT_EQ(apply(most).failure, "");
  EXPECT_EQ(apply({recipient(62)}).failure, "") << "it is there already";
  EXPECT_EQ(apply({recipient(63)}).failure, "invalid");
}

TEST_F(ApplyTest, TheLastRecipientOfAWriteOnlyNodeStays) {
  config.recording.write_only = true;
  apply({recipient(0), recipient(1)});
  EXPECT_EQ(ask(removal("recipient", "r0")).failure, "");
  EXPECT_EQ(ask(removal("recipient", "r1")).failure, "denied");
  EXPECT_TRUE(store->get_resource("recipient", "r1"));
}

}  // namespace
}  // namespace sallyport::broker::api
