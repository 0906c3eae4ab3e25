// SPDX-License-Identifier: Apache-2.0
// What a user can write into the audit log, and that nothing of it is lost without being counted.
#include "broker/node/user_audit.h"

#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "audit/audit_fixture_test.h"

namespace sallyport::broker {
namespace {

class UserAuditTest : public audit::AuditFixture {
 protected:
  void wait_for_store() {
    std::promise<void> done;
    thread_.post([&] { done.set_value(); });
    done.get_future().wait();
  }
  /// Rows of a type and an actor, and the sum of what rows said to be withheld of it.
  std::pair<std::int64_t, std::int64_t> written_and_withheld(const std::string& user, const std::string& type) {
    wait_for_store();
    std::pair<std::int64_t, std::int64_t> out{0, 0};
    const auto rows = store_->list_audit({});
    for (const auto& row : *rows) {
      const auto body = nlohmann::json::parse(row.body);
      if (row.actor != user) continue;
      if (row.type == type) ++out.first;
      if (row.type == "audit.withheld" && body.at("kind") == type) out.second += body.at("events").get<std::int64_t>();
    }
    return out;
  }

  net::Executor thread_{"store"};
};

TEST_F(UserAuditTest, AFloodOfOneKindHidesNoOtherKindAndNoOtherUser) {
  AuditTrail trail(*log_, *store_, thread_);
  UserAudit users(trail, clock_);
  for (int i = 0; i < 991; ++i) users.write({"session.refused", "alice", "S" + std::to_string(i % 3), {}});
  users.write({"session.denied", "alice", "", {}});
  users.write({"session.refused", "bob", "", {}});
  users.tell_withheld("bob");
  EXPECT_EQ(written_and_withheld("alice", "session.refused"), std::pair(UserAudit::kOthers.burst, std::int64_t{0}));
  users.tell_withheld("alice");
  users.tell_withheld();
  const auto alice = written_and_withheld("alice", "session.refused");
  EXPECT_EQ(alice, std::pair(UserAudit::kOthers.burst, 991 - UserAudit::kOthers.burst)) << "said once";
  EXPECT_EQ(written_and_withheld("alice", "session.denied"), std::pair(std::int64_t{1}, std::int64_t{0}));
  EXPECT_EQ(written_and_withheld("bob", "session.refused"), std::pair(std::int64_t{1}, std::int64_t{0}));
}

TEST_F(UserAuditTest, AUserWhoLeavesAndComesBackHasNoNewShare) {
  AuditTrail trail(*log_, *store_, thread_);
  UserAudit users(trail, clock_);
  std::int64_t caused = 0;
  for (int session = 0; session < 10; ++session) {
    for (int i = 0; i < 40; ++i, ++caused) users.write({"session.refused", "alice", std::to_string(session), {}});
    users.tell_withheld("alice");
  }
  const auto [written, withheld] = written_and_withheld("alice", "session.refused");
  EXPECT_EQ(written, UserAudit::kOthers.burst);
  EXPECT_EQ(written + withheld, caused);
}

TEST_F(UserAuditTest, WhoHasRestedIsForgotten) {
  AuditTrail trail(*log_, *store_, thread_);
  UserAudit users(trail, clock_);
  for (int user = 0; user < 100; ++user) users.write({"jump.denied", "u" + std::to_string(user), "", {}});
  EXPECT_EQ(users.shares(), 100U);
  clock_.now += UserAudit::kOthers.refill_us;
  users.tell_withheld();
  EXPECT_EQ(users.shares(), 0U);
  wait_for_store();
}

}  // namespace
}  // namespace sallyport::broker
