// SPDX-License-Identifier: Apache-2.0
// The audit log through the API: in pages, at the reader's pace, and held against heads kept elsewhere.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "broker/api/fake_sink_test.h"
#include "ledger/chain.h"

namespace sallyport::broker::api {
namespace {

class AuditTest : public ApiTest {
 protected:
  void note(int count, const std::string& actor = "t") {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(log->append(audit::Event{"test.event", actor, "", {{"n", std::int64_t{i}}}}));
    }
  }
  static ipc::AuditRead all() {
    ipc::AuditRead out;
    out.set_all(true);
    return out;
  }
};

TEST_F(AuditTest, IsReadInPages) {
  note(450);
  EXPECT_EQ(ask(all()).items.size(), 450U);
  ipc::AuditRead newest;
  newest.set_limit(3);
  const auto last = ask(newest).json();
  ASSERT_EQ(last.size(), 3U);
  EXPECT_NE(last[0].find("\"n\":447"), std::string::npos) << last[0];
  EXPECT_NE(last[2].find("\"n\":449"), std::string::npos) << last[2];
}

TEST_F(AuditTest, ACursorGoesOnWhereAPageEnded) {
  note(450);
  ipc::AuditRead asked = all();
  asked.set_most(170);
  std::vector<std::int64_t> seen;
  for (;;) {
    const auto page = ask(asked);
    ASSERT_EQ(page.failure, "") << page.message;
    EXPECT_LE(page.items.size(), 170U);
    for (const std::string& json : page.json()) seen.push_back(nlohmann::json::parse(json)["seq"]);
    const auto done = nlohmann::json::parse(page.done);
    EXPECT_EQ(done["last_seq"], seen.back());
    if (done["next"].is_null()) break;
    asked.set_cursor(done["next"].get<std::string>());
  }
  ASSERT_EQ(seen.size(), 450U);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], static_cast<std::int64_t>(i + 1));
  for (const char* bad : {"x", "1:audit:", "1:audit:5", "1:audit:{\"n\":-3}", "1:audit:{\"n\":\"5\"}", "1:audit:[5]",
                          "1:audit:{\"n\":5", "1:sessions:{\"n\":5}", "1:audit:{\"n\":99999999999999999999}"}) {
    asked.set_cursor(bad);
    EXPECT_EQ(ask(asked).failure, "invalid") << bad;
  }
}

TEST_F(AuditTest, IsFilteredByActorAndTime) {
  note(3, "local:alice");
  note(2, "local:bob");
  ipc::AuditRead asked = all();
  asked.set_actor("local:bob");
  EXPECT_EQ(ask(asked).items.size(), 2U);
  asked.set_until("2020-01-01T00:00:00Z");
  EXPECT_TRUE(ask(asked).items.empty());
  asked.set_since("yesterday");
  EXPECT_EQ(ask(asked).failure, "invalid");
  asked = all();
  asked.set_proof(true);
  asked.set_actor("local:bob");
  EXPECT_EQ(ask(asked).failure, "invalid") << "nothing is left out of a proof";
}

TEST_F(AuditTest, WaitsForItsReader) {
  note(450);
  const auto sink = std::make_shared<FakeSink>(loop, 10);
  begin(all(), sink);
  EXPECT_EQ(sink->hear_messages(10).items.size(), 10U);
  // What comes meanwhile comes too: the log was not read to its end while nobody took it.
  note(1);
  on_loop([&] { sink->read_more(5); });
  EXPECT_EQ(sink->hear_messages(15).items.size(), 15U);
  EXPECT_FALSE(sink->now().ended);
  on_loop([&] { sink->read_more(SIZE_MAX / 2); });
  EXPECT_EQ(sink->hear().items.size(), 451U);
}

TEST_F(AuditTest, FollowingGoesOnWithNewOnes) {
  note(5);
  ipc::AuditRead asked;
  asked.set_limit(2);
  asked.set_follow(true);
  const auto sink = std::make_shared<FakeSink>(loop);
  const auto exchange = begin(asked, sink);
  EXPECT_EQ(sink->hear_messages(2).items.size(), 2U);
  note(3);
  EXPECT_EQ(sink->hear_messages(5).items.size(), 5U);
  EXPECT_FALSE(sink->now().ended);
  on_loop([&] { exchange->abandon(); });
}

TEST_F(AuditTest, ALongLookKeepsNobodyElseWaiting) {
  note(1);
  const auto sink = std::make_shared<FakeSink>(loop);
  {
    // The reader's connection is busy, as in a search through years.
    const store::Store::Turn busy = reader->hold();
    begin(all(), sink);
    EXPECT_EQ(get("user").failure, "") << "the store's thread does its work";
    std::promise<base::Status> written;
    trail->write({"test.event", "t", "", {}}, [&](base::Status status) { written.set_value(std::move(status)); });
    auto done = written.get_future();
    EXPECT_EQ(done.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    EXPECT_TRUE(done.get());
  }
  EXPECT_GE(sink->hear().items.size(), 1U);
}

TEST_F(AuditTest, AHeadKeptElsewhereFindsARolledBackLog) {
  note(1);
  ipc::AuditVerify verify;
  EXPECT_NE(ask(verify).done.find("\"ok\":true"), std::string::npos);
  verify.add_heads(ask(ipc::AuditHead()).done);
  EXPECT_NE(ask(verify).done.find("\"ok\":true"), std::string::npos);
  // One that this log never had: of a state that was taken away.
  audit::Head gone{9, clock.now_us(), base::Bytes(32, 9), vault->node_public_key(), {}};
  gone.signature = *vault->node_sign(ledger::head_message(ledger::Says::reached, gone.seq, gone.time_us, gone.chain));
  verify.add_heads(ledger::to_json(gone));
  const std::string verdict = ask(verify).done;
  EXPECT_NE(verdict.find("\"ok\":false"), std::string::npos) << verdict;
  EXPECT_NE(verdict.find("kept elsewhere"), std::string::npos) << verdict;
  verify.add_heads("{}");
  EXPECT_EQ(ask(verify).failure, "invalid");
}

}  // namespace
}  // namespace sallyport::broker::api
