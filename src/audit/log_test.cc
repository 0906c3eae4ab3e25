// SPDX-License-Identifier: Apache-2.0
// Appending and reading.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "audit/audit_fixture_test.h"
#include "audit/verify.h"
#include "ledger/chain.h"

namespace sallyport::audit {
namespace {

using nlohmann::json;

INSTANTIATE_TEST_SUITE_P(Databases, AuditTest, kBothDatabases, store::name_of);

TEST_P(AuditTest, AnEventIsOneCanonicalLine) {
  const auto entry = log_->append({"auth.failure",
                                   "alice",
                                   "",
                                   {{"source", "192.0.2.1"},
                                    {"attempt", std::int64_t{2}},
                                    {"final", true},
                                    {"policies", std::vector<std::string>{"a", "b"}}}});
  ASSERT_TRUE(entry) << entry.message();
  EXPECT_EQ(entry->json,
            R"({"actor":"alice","attempt":2,"final":true,"node":"node","policies":["a","b"],"seq":1,"session":"",)"
            R"("source":"192.0.2.1","time":"2026-03-01T12:00:00Z","type":"auth.failure"})");
  const store::AuditRow row = *store_->last_audit();
  const base::Bytes salt = *base::from_base64(row.salt);
  EXPECT_EQ(salt.size(), ledger::kSaltBytes);
  EXPECT_EQ(row.chain,
            base::to_hex(ledger::chain_hash(ledger::chain_start(), ledger::leaf_hash(salt, base::view(entry->json)))));
}

TEST_P(AuditTest, AnEventThatWaitedSaysWhenItHappened) {
  Event event{"x", "a", "", {}};
  event.happened_us = clock_.now - kLateUs;
  EXPECT_FALSE(json::parse(log_->append(event)->json).contains("happened_at"));
  event.happened_us -= 1;
  EXPECT_EQ(json::parse(log_->append(event)->json)["happened_at"], "2026-03-01T11:59:57.999999Z");
  EXPECT_TRUE(verify(*store_)->ok);
}

TEST_P(AuditTest, ForeignBytesAreKeptWhateverTheyAre) {
  const std::string bad("a\xff\0b\x1b[31m", 9);
  const auto entry = log_->append({"auth.failure", bad, "", {{"user", bad}, {"text", "ü\x1b"}}});
  ASSERT_TRUE(entry) << entry.message();
  const json parsed = json::parse(entry->json);
  EXPECT_EQ(parsed["user"], R"(a\xff\x00b\x1b[31m)");
  EXPECT_EQ(parsed["text"], "ü\x1b");
  EXPECT_TRUE(verify(*store_)->ok);
}

TEST_P(AuditTest, WhatIsCutIsStillBound) {
  const std::string text(1 << 20, 'x');
  const auto entry = log_->append({"x", "a", "", {{"long", text}, {"short", "y"}}});
  ASSERT_TRUE(entry);
  EXPECT_LT(entry->json.size(), 20000U);
  const json event = json::parse(entry->json);
  EXPECT_EQ(event["long_bytes"], text.size());
  EXPECT_EQ(event["long_sha256"], ledger::text_hash(text));
  EXPECT_EQ(ledger::text_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_FALSE(event.contains("short_bytes"));
}

// Or an event would be more than a reader can be sent.
TEST_P(AuditTest, ATextIsBoundedAsItIsStored) {
  for (const std::string& text : {std::string(8000, '\x01'), std::string(8000, '\xff'), std::string(8192, '"')}) {
    const auto entry = log_->append({"x", "a", "", {{"long", text}}});
    ASSERT_TRUE(entry);
    EXPECT_LT(entry->json.size(), 20'000U) << static_cast<int>(text[0]);
    const json event = json::parse(entry->json);
    EXPECT_EQ(event["long"] != text, event.contains("long_sha256")) << "cut, and bound";
  }
}

TEST_P(AuditTest, TheChainGoesOnAfterAReopening) {
  append(3);
  reopen();
  append(2);
  const Verdict v = *verify(*store_);
  EXPECT_TRUE(v.ok) << v.problem;
  EXPECT_EQ(v.events, 5);
}

TEST_P(AuditTest, ABatchIsAllOrNothingWithItsTransaction) {
  append(1);
  EXPECT_FALSE(store_->transaction([&]() -> base::Status {
    EXPECT_TRUE(log_->append({"a", "x", "", {}}));
    return base::fail(base::Errc::denied, "changed my mind");
  }));
  const std::vector<Event> batch = {{"b", "x", "", {}}, {"c", "x", "", {}}};
  const auto entries = log_->append(batch);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].seq, 2);
  EXPECT_EQ((*entries)[1].seq, 3);
  EXPECT_TRUE(verify(*store_)->ok);
}

TEST_P(AuditTest, ThreadsAppendWithoutAGap) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) EXPECT_TRUE(log_->append({"x", "a", "", {}}));
    });
  }
  for (std::thread& t : threads) t.join();
  const Verdict v = *verify(*store_);
  EXPECT_TRUE(v.ok) << v.problem;
  EXPECT_EQ(v.events, 100);
}

TEST_P(AuditTest, TailAndCursor) {
  append(5);
  const auto last = tail(*store_, 2);
  ASSERT_EQ(last->size(), 2U);
  EXPECT_EQ((*last)[0].seq, 4);
  EXPECT_EQ((*last)[1].seq, 5);
  store::AuditFilter filter;
  filter.after_seq = 3;
  filter.session = "01abc";
  EXPECT_EQ(list(*store_, filter)->size(), 2U);
}

}  // namespace
}  // namespace sallyport::audit
