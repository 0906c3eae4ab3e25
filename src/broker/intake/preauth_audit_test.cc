// SPDX-License-Identifier: Apache-2.0
// What strangers can write into the audit log.
#include "broker/intake/preauth_audit.h"

#include <gtest/gtest.h>

#include <future>

#include "audit/audit_fixture_test.h"

namespace sallyport::broker {
namespace {

class PreauthAuditTest : public audit::AuditFixture {
 protected:
  /// How many events are in the log once all are written.
  std::size_t finish(net::Executor& thread) {
    std::promise<void> done;
    thread.post([&] { done.set_value(); });
    done.get_future().wait();
    return types().size();
  }
  static audit::Event failure() { return {"auth.failure", "", "", {{"source", "192.0.2.1:1"}}}; }
  std::vector<std::string> types() {
    std::vector<std::string> out;
    const auto rows = store_->list_audit({});
    for (const auto& row : *rows) out.push_back(row.type);
    return out;
  }
};

TEST_F(PreauthAuditTest, ASourceHasItsShareAndWhatIsWithheldIsSaid) {
  net::Executor thread("store");
  AuditTrail trail(*log_, *store_, thread);
  PreauthAudit strangers(trail, clock_);
  for (std::int64_t i = 0; i < PreauthAudit::kPerSource.burst + 7; ++i) strangers.write("192.0.2.1", failure());
  EXPECT_EQ(finish(thread), static_cast<std::size_t>(PreauthAudit::kPerSource.burst));
  strangers.write("192.0.2.2", failure());
  EXPECT_EQ(finish(thread), static_cast<std::size_t>(PreauthAudit::kPerSource.burst) + 1) << "another has its own";
  strangers.tell_withheld();
  strangers.tell_withheld();
  finish(thread);
  const auto rows = store_->list_audit({});
  ASSERT_EQ(rows->back().type, "auth.withheld");
  EXPECT_NE(rows->back().body.find("\"events\":7"), std::string::npos) << rows->back().body;
  EXPECT_EQ(rows->size(), static_cast<std::size_t>(PreauthAudit::kPerSource.burst) + 2) << "said once";
  clock_.now += 10 * PreauthAudit::kPerSource.refill_us;
  for (int i = 0; i < 20; ++i) strangers.write("192.0.2.1", failure());
  EXPECT_EQ(finish(thread), rows->size() + 10) << "what it has earned since";
}

TEST_F(PreauthAuditTest, AllTogetherHaveAShareToo) {
  net::Executor thread("store");
  AuditTrail trail(*log_, *store_, thread);
  PreauthAudit strangers(trail, clock_);
  const std::int64_t sources = PreauthAudit::kTogether.burst / PreauthAudit::kPerSource.burst + 1;
  for (std::int64_t s = 0; s < sources; ++s) {
    for (std::int64_t i = 0; i < PreauthAudit::kPerSource.burst; ++i) strangers.write(std::to_string(s), failure());
  }
  EXPECT_EQ(finish(thread), static_cast<std::size_t>(PreauthAudit::kTogether.burst));
}

TEST_F(PreauthAuditTest, MoreSourcesThanItTellsApartCostNoMemory) {
  net::Executor thread("store");
  AuditTrail trail(*log_, *store_, thread);
  PreauthAudit strangers(trail, clock_);
  for (std::size_t s = 0; s < PreauthAudit::kMaxSources + 100; ++s) strangers.write(std::to_string(s), failure());
  EXPECT_EQ(strangers.sources(), PreauthAudit::kMaxSources);
  finish(thread);
  clock_.now += PreauthAudit::kPerSource.refill_us;
  strangers.tell_withheld();
  EXPECT_EQ(strangers.sources(), 0U) << "who has rested is forgotten";
  finish(thread);  // it still writes
}

}  // namespace
}  // namespace sallyport::broker
