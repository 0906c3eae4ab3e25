// SPDX-License-Identifier: Apache-2.0
// What is asked about policies: their versions, what deserves a look, and what they would have refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "broker/api/fake_sink_test.h"

namespace sallyport::broker::api {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PoliciesTest : public ApiTest {
 protected:
  void inventory() {
    const auto applied =
        apply({R"({"kind":"user","name":"alice"})", R"({"kind":"user","name":"bob"})",
               R"({"kind":"target","name":"web1","protocol":"ssh","address":"192.0.2.1:22","labels":{"env":"prod"}})",
               R"({"kind":"account","name":"deploy","targets":{"env":"prod"},"login":"certificate"})"});
    ASSERT_EQ(applied.failure, "") << applied.message;
  }
  static std::string rule(const std::string& rest) {
    return R"({"kind":"policy","name":"p","subjects":{"users":["alice","bob"]},"targets":{"env":"prod"},)"
           R"("accounts":["deploy"],)" +
           rest + "}";
  }
  static std::vector<json> parsed(const Heard& heard) {
    std::vector<json> out;
    for (const Item& item : heard.items) out.push_back(json::parse(item.json));
    return out;
  }
  Heard history(const std::string& name) {
    ipc::ResourceHistory asked;
    asked.set_kind("policy");
    asked.set_name(name);
    return ask(asked);
  }
  Heard diff(std::int64_t from, std::int64_t to) {
    ipc::ResourceDiff asked;
    asked.set_kind("policy");
    asked.set_name("p");
    asked.set_from(from);
    asked.set_to(to);
    return ask(asked);
  }
  static json change(const char* path, json before, json after) {
    return {{"path", path}, {"before", std::move(before)}, {"after", std::move(after)}};
  }
  void session(const std::string& id, const std::string& user, const char* source, base::Micros at) {
    store::SessionRow row;
    row.id = id;
    row.node = "node";
    row.user = user;
    row.account = "deploy";
    row.target = "web1";
    row.protocol = "ssh";
    row.source = source;
    row.state = "ended";
    row.started_at_us = at;
    ASSERT_TRUE(store->insert_session(row));
  }
  Heard replay(const std::vector<std::string>& resources, const std::string& since = "",
               const std::vector<std::string>& without = {}) {
    PolicyReplay asked;
    for (const std::string& one : resources) asked.items.emplace_back().set_json(one);
    asked.asked.set_since(since);
    for (const std::string& one : without) asked.asked.add_without(one);
    return ask(std::move(asked));
  }
};

TEST_F(PoliciesTest, EveryVersionIsKeptWithItsAuthorAndWhatItChanged) {
  ASSERT_EQ(apply({rule(R"("allow":["shell"])")}).failure, "");
  ASSERT_EQ(apply({rule(R"("allow":["shell"])")}).failure, "");
  ASSERT_EQ(apply({rule(R"("allow":["exec"],"limits":{"idle":"5m"})")}).failure, "");
  ipc::DeleteResource removal;
  removal.set_kind("policy");
  removal.set_name("p");
  ASSERT_EQ(ask(removal).failure, "");
  const auto versions = parsed(history("p"));
  ASSERT_THAT(versions, SizeIs(3));
  EXPECT_EQ(versions[0]["action"], "created");
  EXPECT_EQ(versions[1]["action"], "updated");
  EXPECT_EQ(versions[1]["author"], "local:root");
  EXPECT_EQ(versions[1]["version"], 2);
  EXPECT_THAT(versions[1]["changes"], ElementsAre(change("allow", "shell", nullptr), change("allow", nullptr, "exec"),
                                                  change("limits.idle", nullptr, 300)));
  EXPECT_EQ(versions[2]["action"], "deleted");
  EXPECT_EQ(history("nosuch").failure, "not_found");

  EXPECT_THAT(parsed(diff(1, 2)), SizeIs(3));
  EXPECT_THAT(parsed(diff(2, 2)), IsEmpty());
  EXPECT_EQ(diff(-1, 2).done, R"({"from":1,"to":2})");
  EXPECT_EQ(diff(-1, 0).done, R"({"from":2,"to":3})");
  EXPECT_THAT(parsed(diff(0, 1)), ::testing::Contains(change("allow", nullptr, "shell")));
  EXPECT_EQ(diff(1, 9).failure, "not_found");
}

TEST_F(PoliciesTest, ALargeVersionIsCutShortInTheHistoryAndWholeInTheDifference) {
  std::string users;
  for (int i = 0; i < 2000; ++i)
    users += (i == 0 ? "\"" : ",\"") + std::string("user-with-a-long-name-") + std::to_string(i) + "\"";
  ASSERT_EQ(apply({R"({"kind":"policy","name":"p","subjects":{"users":[)" + users +
                   R"(]},"targets":["*"],"accounts":["deploy"],"allow":["shell"]})"})
                .failure,
            "");
  const auto heard = history("p");
  const auto versions = parsed(heard);
  ASSERT_THAT(versions, SizeIs(1));
  EXPECT_LT(heard.items[0].json.size(), 40'000U);
  EXPECT_EQ(versions[0]["changes"].size() + versions[0]["left_out"].get<std::size_t>(), diff(0, 1).items.size());
  EXPECT_GT(versions[0]["left_out"], 100);
}

TEST_F(PoliciesTest, LintLooksAtWhatIsAppliedAndAtWhatWouldBe) {
  inventory();
  ASSERT_EQ(apply({rule(R"("allow":["shell"])")}).failure, "");
  EXPECT_THAT(parsed(ask(PolicyLint{})), IsEmpty());
  PolicyLint asked;
  asked.items.emplace_back().set_json(
      R"({"kind":"policy","name":"freeze","effect":"deny","subjects":{"users":["*"]},"targets":["*"],"accounts":["*"]})");
  const auto found = parsed(ask(asked));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0], (json{{"kind", "shadowed"},
                            {"policy", "p"},
                            {"other", "freeze"},
                            {"reason", "policy freeze refuses everything that it is about"}}));
  EXPECT_THAT(parsed(ask(PolicyLint{})), IsEmpty()) << "nothing was applied";
  asked.items[0].set_json("{}");
  EXPECT_THAT(ask(asked).message, HasSubstr("document 1: "));
}

TEST_F(PoliciesTest, AReplayTellsWhichPastSessionsAChangeWouldHaveRefused) {
  inventory();
  ASSERT_EQ(apply({rule(R"("allow":["shell"])")}).failure, "");
  constexpr base::Micros kNine = 1'772'442'000'000'000;  // 2 March 2026, a Monday, 09:00 UTC
  session("01", "alice", "10.0.0.1:50000", kNine);
  session("02", "bob", "[fd00::1]:50000", kNine);
  session("03", "alice", "10.0.0.1:50001", kNine + 12 * 3'600'000'000);
  session("04", "gone", "10.0.0.1:50002", kNine + 13 * 3'600'000'000);

  const auto same = replay({});
  EXPECT_EQ(same.failure, "") << same.message;
  ASSERT_THAT(parsed(same), SizeIs(1));
  EXPECT_EQ(parsed(same)[0]["user"], "gone");
  EXPECT_EQ(parsed(same)[0]["refused_now"], true);

  const auto office =
      parsed(replay({rule(R"("allow":["shell"],"when":{"hours":"08:00-18:00","from":["10.0.0.0/8"]})")}));
  ASSERT_THAT(office, SizeIs(3));
  EXPECT_EQ(office[1]["id"], "03");
  EXPECT_EQ(office[1]["verdict"], "deny");
  EXPECT_EQ(office[1]["code"], "conditions");
  EXPECT_THAT(office[1]["reason"].get<std::string>(), HasSubstr("it is mon 21:00 in UTC"));
  EXPECT_EQ(office[1]["refused_now"], false);
  EXPECT_EQ(office[2]["user"], "bob");
  EXPECT_THAT(office[2]["reason"].get<std::string>(), HasSubstr("fd00::1 is not in 10.0.0.0/8"));

  const auto reason = replay({rule(R"("allow":["shell"],"require":{"reason":true})")}, "2026-03-02T20:00:00Z");
  EXPECT_EQ(reason.done, R"({"sessions":2,"refused":1,"conditional":1,"shown":2,"complete":true})");
  EXPECT_EQ(parsed(reason)[1]["verdict"], "conditional");

  EXPECT_EQ(json::parse(replay({}, "", {"p"}).done)["refused"], 4);
  EXPECT_EQ(replay({}, "", {"nosuch"}).failure, "not_found");
  EXPECT_EQ(replay({}, "yesterday").failure, "invalid");
  EXPECT_EQ(policy.current()->resources.policies.at("p").when.empty(), true) << "nothing was applied";
}

}  // namespace
}  // namespace sallyport::broker::api
