// SPDX-License-Identifier: Apache-2.0
// Who may do what: every operation has its row, and no operation runs without it.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "broker/api/fake_sink_test.h"
#include "broker/api/operations.h"

namespace sallyport::broker::api {
namespace {

using policy::Role;

// A request of each type there is, by its place in the variant.
template <std::size_t I = 0>
Request request_of(std::size_t index) {
  if constexpr (I < kOperations) {
    if (I == index) return Request(std::in_place_index<I>);
    return request_of<I + 1>(index);
  } else {
    return {};
  }
}

TEST(OperationTable, EveryOperationHasARowOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kOperations; ++i) {
    const Operation& operation = operation_of(request_of(i));
    EXPECT_FALSE(operation.name.empty()) << i;
    EXPECT_TRUE(names.insert(operation.name).second) << operation.name;
    EXPECT_FALSE(operation.roles.empty() && operation.own.empty()) << operation.name;
    EXPECT_FALSE(operation.roles.has(Role::user)) << operation.name << ": of everybody's things, not the caller's own";
    EXPECT_GT(operation.weight, 0U) << operation.name;
  }
  EXPECT_EQ(operation_of(ipc::RecordingOpen()).name, "recording.open");
  EXPECT_EQ(operation_of(Apply()).name, "resource.apply");
}

TEST(OperationTable, WhoOnlyReadsChangesNothing) {
  const Caller auditor{"local:eve", Roles{Role::auditor}, 0, {}};
  const std::set<std::string_view> changes{
      "resource.apply",    "resource.delete",  "target.scan",   "user.set-password",  "user.enroll-totp",
      "user.confirm-totp", "user.remove-totp", "user.add-key",  "account.set-secret", "vault.rotate",
      "session.control",   "change.decide",    "change.cancel", "change.review"};
  for (const Operation& operation : kOperationTable) {
    const bool own = operation.name.starts_with("request.") || operation.name.starts_with("invite.");
    const bool looks = operation.name.ends_with(".list") || operation.name.ends_with(".show");
    EXPECT_EQ(check_access(auditor, operation).has_value(), own ? looks : !changes.contains(operation.name))
        << operation.name;
  }
}

TEST(OperationTable, SecretsAndKeysNeedAFreshProof) {
  const Caller stale{"alice", Roles{Role::administrator}, kFreshUs + 1, {}};
  const std::set<std::string_view> fresh{"user.set-password", "user.add-key",     "user.enroll-totp",
                                         "user.confirm-totp", "user.remove-totp", "account.set-secret",
                                         "vault.rotate",      "change.decide",    "invite.create"};
  for (const Operation& operation : kOperationTable) {
    const auto allowed = check_access(stale, operation);
    EXPECT_EQ(allowed.has_value(), !fresh.contains(operation.name)) << operation.name;
    if (!allowed) {
      EXPECT_NE(allowed.message().find("fresh login"), std::string::npos) << allowed.message();
    }
  }
}

// docs/roles.md is the contract: a row for each operation, a column for each role.
TEST(OperationTable, IsWhatTheDocumentationSays) {
  std::ifstream in(SALLYPORT_DOCS "/roles.md");
  std::map<std::string, std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream words(line);
    for (std::string cell; std::getline(words, cell, '|');) {
      const std::size_t first = cell.find_first_not_of(' ');
      if (first == std::string::npos) continue;
      cells.push_back(cell.substr(first, cell.find_last_not_of(' ') + 1 - first));
    }
    if (cells[0].find('.') == std::string::npos) continue;  // the table of the roles
    ASSERT_EQ(cells.size(), 6U) << line;
    rows[cells[0]] = cells;
  }
  for (const Operation& operation : kOperationTable) {
    const auto row = rows.find("`" + std::string(operation.name) + "`");
    ASSERT_NE(row, rows.end()) << operation.name << " has no row in docs/roles.md";
    std::size_t column = 2;
    for (const Role role : {Role::user, Role::approver, Role::auditor, Role::administrator}) {
      const char* expected = operation.roles.has(role) ? "all" : operation.own.has(role) ? "own" : "–";
      EXPECT_EQ(row->second[column++], expected) << operation.name << ", " << policy::to_string(role);
    }
    rows.erase(row);
  }
  EXPECT_TRUE(rows.empty()) << rows.begin()->first << " is no operation";
}

using AccessTest = ApiTest;

TEST_F(AccessTest, ACallerWithoutTheRoleGetsNothingDoneWhateverIsAsked) {
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kOperations; ++i) {
    Request request = request_of(i);
    const std::string name(operation_of(request).name);
    if (!operation_of(request).own.empty()) continue;  // for everybody's own things
    ++refused;
    const auto heard = ask(std::move(request), {"eve", Roles{Role::user, Role::approver}, 0, {}});
    EXPECT_EQ(heard.failure, "denied") << name;
    EXPECT_NE(heard.message.find(name), std::string::npos) << heard.message;
    EXPECT_TRUE(heard.items.empty());
  }
  EXPECT_EQ(ask(ipc::NodeStatus(), {"nobody", {}, 0, {}}).failure, "denied") << "no role at all";
  std::promise<void> written;
  store_thread->post([&] { written.set_value(); });
  written.get_future().wait();
  EXPECT_EQ(audit_types(), std::vector<std::string>(refused + 1, "admin.denied"));
  EXPECT_NE(store->list_audit({})->front().body.find("resource.apply"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::broker::api
