// SPDX-License-Identifier: Apache-2.0
// The store over real SQLite files.
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "store/databases_fixture_test.h"

namespace sallyport::store {
namespace {

using base::Errc;

/// Over both databases.
class StoreTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { reopen(); }
  void reopen(const std::string& node = "node") {
    store_.reset();
    auto opened = Store::open(database_.options(node));
    ASSERT_TRUE(opened) << opened.message();
    store_ = std::move(*opened);
  }

  TestDatabase database_{GetParam()};
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Databases, StoreTest, ::testing::Values(Kind::sqlite, Kind::postgresql), name_of);

/// What only a file can show.
class FileTest : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    store_.reset();
    auto opened = Store::open(database_.options());
    ASSERT_TRUE(opened) << opened.message();
    store_ = std::move(*opened);
  }
  std::string raw(const std::string& sql) { return database_.raw(sql); }

  TestDatabase database_{Kind::sqlite};
  const std::string dir_ = database_.dir();
  std::unique_ptr<Store> store_;
};

TEST_P(StoreTest, AReaderSeesWhatIsCommittedWaitsForNobodyAndWritesNothing) {
  auto reader = std::move(Store::open_reader(database_.options()).value());
  ASSERT_TRUE(store_->put_setting("a", "1"));
  EXPECT_EQ(*reader->get_setting("a"), "1");
  ASSERT_TRUE(store_->transaction([&]() -> base::Status {
    EXPECT_TRUE(store_->put_setting("a", "2"));
    EXPECT_EQ(*reader->get_setting("a"), "1") << "what is under way is not there yet";
    return {};
  }));
  EXPECT_EQ(*reader->get_setting("a"), "2");
  EXPECT_FALSE(reader->put_setting("a", "3"));
  EXPECT_EQ(*store_->get_setting("a"), "2");
}

TEST_F(FileTest, AStoreOfTheFirstSchemaBecomesTheNodes) {
  store_.reset();
  std::filesystem::remove(dir_ + "/sallyport.db");
  std::ifstream in(SALLYPORT_TEST_DATA "/store/one_chain.sql");
  raw(std::string((std::istreambuf_iterator<char>(in)), {}));
  const std::string before = raw("SELECT seq || body || salt || leaf || chain FROM audit ORDER BY seq");
  ASSERT_THAT(before, ::testing::HasSubstr("session.start"));

  const auto as = [&](const char* node, Naming naming) { return Store::open({"sqlite", dir_, node, naming}); };
  {
    const auto opened = as("gate1", Naming::fixed);
    ASSERT_TRUE(opened) << opened.message();
    EXPECT_EQ((*opened)->list_audit({})->size(), 25U);
    EXPECT_EQ((*opened)->last_audit()->node, "gate1");
    EXPECT_EQ((*opened)->list_audit_heads()->size(), 3U);
    EXPECT_THAT(*(*opened)->list_audit_nodes(), ::testing::ElementsAre("gate1"));
    EXPECT_EQ((*opened)->list_resources()->size(), 6U);
    EXPECT_TRUE((*opened)->get_setting("audit.tip.gate1"));
    EXPECT_EQ((*opened)->get_setting("audit.tip").error().code, Errc::not_found);
    // Rows from before there were incarnations have none; what comes in a row's place has.
    EXPECT_EQ((*opened)->get_resource("user", "alice")->incarnation, Incarnation());
    ASSERT_TRUE((*opened)->delete_resource("user", "alice", 20));
    EXPECT_NE((*opened)->put_resource("user", "alice", "{}", 30)->incarnation.life, 0);
  }
  EXPECT_EQ(raw("SELECT seq || body || salt || leaf || chain FROM audit ORDER BY seq"), before);
  const auto plan = [&](const std::string& where) { return raw("EXPLAIN QUERY PLAN SELECT * FROM " + where); };
  EXPECT_THAT(plan("audit WHERE node = 'a' AND type = 'a' ORDER BY seq DESC LIMIT 20"),
              ::testing::HasSubstr("audit_by_type"));
  EXPECT_THAT(plan("audit WHERE node = 'a' AND actor = 'a' ORDER BY seq DESC LIMIT 20"),
              ::testing::HasSubstr("audit_by_actor"));
  EXPECT_THAT(plan("sessions WHERE account = 'a' ORDER BY id"), ::testing::HasSubstr("sessions_by_account"));

  // The name under which the log is signed stays.
  const auto renamed = as("gate2", Naming::fixed);
  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().code, Errc::unsupported);
  EXPECT_THAT(renamed.message(), ::testing::HasSubstr("node: gate1"));
  EXPECT_EQ((*as("some-container", Naming::suggested))->node(), "gate1");
}

TEST_P(StoreTest, TextIsOrderedByItsBytes) {
  for (const char* name : {"b", "B", "a", "_", "Z", "ä", "a-b", "ab"}) {
    ASSERT_TRUE(store_->put_resource("user", name, "{}", 1));
  }
  std::vector<std::string> names;
  const auto rows = store_->list_resources("user");
  for (const ResourceRow& row : *rows) names.push_back(row.name);
  EXPECT_THAT(names, ::testing::ElementsAre("B", "Z", "_", "a", "a-b", "ab", "b", "ä"));
}

TEST_P(StoreTest, ATextThatCannotBeKeptIsNowhere) {
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_EQ(store_->get_resource("user", text).error().code, Errc::not_found);
    EXPECT_EQ(store_->get_session(text).error().code, Errc::not_found);
    EXPECT_EQ(store_->get_credential({"user", text, "x"}).error().code, Errc::not_found);
    EXPECT_EQ(store_->delete_credential({"user", text, "x"}).error().code, Errc::not_found);
    EXPECT_EQ(store_->delete_resource("user", text, 1).error().code, Errc::not_found);
    EXPECT_TRUE(store_->delete_credentials_of("user", text));
    EXPECT_TRUE(store_->list_sessions({.user = text})->empty());
    AuditFilter filter;
    filter.text = text;
    EXPECT_TRUE(store_->list_audit(filter)->empty());
  }
}

TEST_F(FileTest, TheFileIsTheOwnersAlone) {
  for (const char* name : {"/sallyport.db", "/sallyport.db-wal"}) {
    struct stat st = {};
    ASSERT_EQ(stat((dir_ + name).c_str(), &st), 0) << name;
    EXPECT_EQ(st.st_mode & 0777, 0600U) << name;
  }
}

TEST_P(StoreTest, ARowsIncarnationTellsWhatItIsAndWhatProvesIt) {
  const auto now = [&](const char* name) { return store_->get_resource("user", name)->incarnation; };
  const auto first = store_->put_resource("user", "alice", R"({"a":1})", 10)->incarnation;
  EXPECT_EQ(first, now("alice"));
  EXPECT_EQ(store_->put_resource("user", "alice", R"({"a":1})", 11)->incarnation, first) << "nothing changed";
  EXPECT_EQ(store_->put_resource("user", "alice", R"({"a":2})", 12, Renewal::none)->incarnation, first);
  const auto proofs = store_->put_resource("user", "alice", R"({"a":3})", 13, Renewal::proofs)->incarnation;
  EXPECT_EQ(proofs.life, first.life);
  EXPECT_NE(proofs.proofs, first.proofs);
  ASSERT_TRUE(store_->renew_resource("user", "alice", Renewal::proofs));
  EXPECT_EQ(now("alice").life, first.life);
  EXPECT_NE(now("alice").proofs, proofs.proofs);
  const auto another = store_->put_resource("user", "alice", R"({"a":4})", 14)->incarnation;
  EXPECT_NE(another.life, first.life) << "whoever does not say what an update renews renews all";

  const auto others = store_->put_resource("user", "bob", "{}", 15)->incarnation;
  ASSERT_TRUE(store_->delete_resource("user", "alice", 16));
  const std::int64_t revision = *store_->resources_revision();
  ASSERT_TRUE(store_->renew_resource("user", "alice", Renewal::life)) << "one that is not there";
  EXPECT_EQ(*store_->resources_revision(), revision);
  reopen();
  const auto again = store_->put_resource("user", "alice", R"({"a":4})", 17, Renewal::none)->incarnation;
  std::set<std::int64_t> lives{first.life, another.life, others.life, again.life};
  EXPECT_EQ(lives.size(), 4U) << "no number is used twice";
  EXPECT_EQ(store_->list_resources("user")->front().incarnation, again);
}

TEST_P(StoreTest, ResourcesKeepTheirVersions) {
  EXPECT_EQ(store_->put_resource("user", "alice", R"({"a":1})", 10)->version, 1);
  EXPECT_EQ(store_->put_resource("user", "alice", R"({"a":2})", 20)->version, 2);
  const auto same = store_->put_resource("user", "alice", R"({"a":2})", 30);
  EXPECT_EQ(same->version, 2);
  EXPECT_EQ(same->updated_at_us, 20);
  const std::int64_t revision = *store_->resources_revision();
  EXPECT_EQ(store_->put_resource("target", "alice", "{}", 40)->version, 1);
  EXPECT_GT(*store_->resources_revision(), revision);

  reopen();
  EXPECT_EQ(store_->get_resource("user", "alice")->json, R"({"a":2})");
  EXPECT_EQ(store_->list_resources()->size(), 2U);
  EXPECT_EQ(store_->list_resources("user")->size(), 1U);
  ASSERT_TRUE(store_->delete_resource("user", "alice", 50));
  EXPECT_EQ(store_->get_resource("user", "alice").error().code, Errc::not_found);
  EXPECT_EQ(store_->delete_resource("user", "alice", 51).error().code, Errc::not_found);
  EXPECT_EQ(store_->put_resource("user", "alice", "{}", 60)->version, 4);
  const auto history = store_->resource_history("user", "alice");
  ASSERT_EQ(history->size(), 4U);
  EXPECT_EQ((*history)[0].json, R"({"a":1})");
  EXPECT_EQ((*history)[2].json, "");
  EXPECT_EQ((*history)[3].updated_at_us, 60);
}

TEST_P(StoreTest, EveryVersionNamesItsAuthor) {
  ASSERT_TRUE(store_->put_resource("policy", "p", R"({"a":1})", 10, Renewal::none, "local:alice"));
  ASSERT_TRUE(store_->put_resource("policy", "p", R"({"a":1})", 11, Renewal::none, "local:eve"));  // no change
  ASSERT_TRUE(store_->put_resource("policy", "p", R"({"a":2})", 12, Renewal::none, "local:bob"));
  ASSERT_TRUE(store_->delete_resource("policy", "p", 13, "local:carol"));
  const auto history = store_->resource_history("policy", "p");
  ASSERT_TRUE(history) << history.message();
  std::vector<std::string> authors;
  for (const ResourceRow& row : *history) authors.push_back(row.author);
  EXPECT_EQ(authors, (std::vector<std::string>{"local:alice", "local:bob", "local:carol"}));
}

TEST_P(StoreTest, QuotesAndUnicodeAreJustText) {
  const std::string nasty = R"({"n":"'; DROP TABLE resources; -- \" ü 漢"})";
  ASSERT_TRUE(store_->put_resource("user", "x'); --", nasty, 1));
  EXPECT_EQ(store_->get_resource("user", "x'); --")->json, nasty);
  EXPECT_EQ(store_->put_resource("user", "x", std::string("a\0b", 3), 1).error().code, Errc::invalid);
  EXPECT_EQ(store_->put_resource("user", "x", "\xff", 1).error().code, Errc::invalid);
}

TEST_P(StoreTest, CredentialsAreReplacedAndRemoved) {
  const CredentialKey key{"user", "alice", "password-hash"};
  EXPECT_EQ(store_->get_credential(key).error().code, Errc::not_found);
  ASSERT_TRUE(store_->put_credential({key, 1, "one", 5}));
  ASSERT_TRUE(store_->put_credential({key, 2, "two", 6}));
  ASSERT_TRUE(store_->put_credential({{"account", "root", "password"}, 1, "three", 7}));
  reopen();
  const auto row = store_->get_credential(key);
  EXPECT_EQ(row->value, "two");
  EXPECT_EQ(row->version, 2);
  EXPECT_EQ(row->updated_at_us, 6);
  EXPECT_EQ(store_->list_credentials()->size(), 2U);
  EXPECT_EQ(store_->list_credentials("account")->size(), 1U);
  ASSERT_TRUE(store_->delete_credential(key));
  EXPECT_EQ(store_->delete_credential(key).error().code, Errc::not_found);
  ASSERT_TRUE(store_->delete_credentials_of("account", "root"));
  ASSERT_TRUE(store_->delete_credentials_of("account", "root"));
  EXPECT_TRUE(store_->list_credentials()->empty());
}

TEST_F(FileTest, AReplacedHashDoesNotLingerInTheFile) {
  const CredentialKey key{"user", "alice", "password-hash"};
  ASSERT_TRUE(store_->put_credential({key, 1, "UNIQUE-OLD-HASH", 5}));
  ASSERT_TRUE(store_->delete_credential(key));
  store_.reset();  // the last connection folds the write-ahead log into the file
  std::ifstream in(dir_ + "/sallyport.db", std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  EXPECT_GT(all.size(), 4096U);
  EXPECT_EQ(all.find("UNIQUE-OLD-HASH"), std::string::npos);
}

SessionRow session(const std::string& id, const std::string& user, const std::string& state, base::Micros started) {
  SessionRow row;
  row.id = id;
  row.user = user;
  row.target = "web1";
  row.state = state;
  row.started_at_us = started;
  return row;
}

TEST_P(StoreTest, SessionsAreFoundByStateAndCursor) {
  ASSERT_TRUE(store_->insert_session(session("01a", "alice", "live", 100)));
  ASSERT_TRUE(store_->insert_session(session("01b", "bob", "ended", 200)));
  ASSERT_TRUE(store_->insert_session(session("01c", "alice", "paused", 300)));
  EXPECT_EQ(store_->insert_session(session("01a", "alice", "live", 100)).error().code, Errc::exists);

  SessionRow changed = *store_->get_session("01a");
  changed.state = "ended";
  changed.ended_at_us = 400;
  changed.end_reason = "terminated by carol";
  changed.recording_state = "sealed";
  changed.bytes = std::int64_t{5} << 40;
  changed.events = 7;
  changed.integrity = "verified";
  changed.detail = R"({"policies":["p"]})";
  ASSERT_TRUE(store_->update_session(changed));
  reopen();
  const SessionRow read = *store_->get_session("01a");
  EXPECT_EQ(read.end_reason, "terminated by carol");
  EXPECT_EQ(read.bytes, std::int64_t{5} << 40);
  EXPECT_EQ(read.detail, changed.detail);
  EXPECT_EQ(read.recording_state, "sealed");
  EXPECT_EQ(store_->update_session(session("zzz", "x", "live", 1)).error().code, Errc::not_found);
  EXPECT_EQ(store_->get_session("zzz").error().code, Errc::not_found);

  const auto ids = [&](const SessionFilter& filter) {
    std::vector<std::string> out;
    const auto rows = store_->list_sessions(filter);
    for (const SessionRow& row : rows.value()) out.push_back(row.id);
    return out;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(ids({}), ElementsAre("01c", "01b", "01a"));
  EXPECT_THAT(ids({.states = {"live", "paused"}}), ElementsAre("01c"));
  EXPECT_THAT(ids({.states = {"ended"}, .user = "alice"}), ElementsAre("01a"));
  EXPECT_THAT(ids({.recording_states = {"sealed"}}), ElementsAre("01a"));
  EXPECT_THAT(ids({.since_us = 200, .until_us = 300}), ElementsAre("01b"));
  EXPECT_THAT(ids({.before_id = "01c", .limit = 1}), ElementsAre("01b"));
  EXPECT_THAT(ids({.target = "web2"}), ElementsAre());
}

TEST_P(StoreTest, ATransactionIsAllOrNothing) {
  EXPECT_EQ(store_
                ->transaction([&]() -> base::Status {
                  EXPECT_TRUE(store_->put_setting("a", "1"));
                  EXPECT_TRUE(store_->put_resource("user", "alice", "{}", 1));
                  return base::fail(Errc::denied, "no");
                })
                .error()
                .code,
            Errc::denied);
  EXPECT_EQ(store_->get_setting("a").error().code, Errc::not_found);
  EXPECT_TRUE(store_->list_resources()->empty());
  EXPECT_EQ(*store_->resources_revision(), 0);
  ASSERT_TRUE(store_->transaction([&] { return store_->put_setting("a", "2"); }));
  EXPECT_EQ(*store_->get_setting("a"), "2");
}

TEST_P(StoreTest, AnOverlookedFailureStillRollsBack) {
  ASSERT_TRUE(store_->insert_session(session("01a", "alice", "live", 1)));
  const base::Status done = store_->transaction([&]() -> base::Status {
    EXPECT_TRUE(store_->put_setting("a", "1"));
    EXPECT_FALSE(store_->insert_session(session("01a", "alice", "live", 1)));
    return {};
  });
  EXPECT_FALSE(done);
  EXPECT_FALSE(store_->get_setting("a"));
}

TEST_P(StoreTest, WhatDependsOnACommitIsToldOfItsOutcome) {
  std::vector<Store::Outcome> told;
  const auto note = [&](Store::Outcome outcome) { told.push_back(outcome); };
  ASSERT_TRUE(store_->transaction([&]() -> base::Status {
    const base::Status inner = store_->transaction([&]() -> base::Status {
      store_->when_ended(note);
      return store_->put_setting("a", "1");
    });
    EXPECT_TRUE(told.empty()) << "the outermost one has not ended";
    return inner;
  }));
  EXPECT_FALSE(store_->transaction([&]() -> base::Status {
    store_->when_ended(note);
    return base::fail(Errc::denied, "no");
  }));
  ASSERT_TRUE(store_->put_setting("a", "2"));
  EXPECT_EQ(told, (std::vector{Store::Outcome::committed, Store::Outcome::undone}));
}

TEST_P(StoreTest, OneGatewayAtATime) {
  EXPECT_EQ(Store::open(database_.options()).error().code, Errc::busy);
  reopen();
}

TEST_P(StoreTest, ThreadsTakeTurns) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(store_->put_resource("user", "u" + std::to_string(t), std::to_string(i), i));
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(*store_->resources_revision(), 40);
}

TEST_P(StoreTest, ErrorsNameNoValues) {
  database_.raw("DROP TABLE sessions");
  const base::Status r = store_->insert_session(session("SECRET-ID", "alice", "live", 1));
  ASSERT_FALSE(r);
  EXPECT_THAT(r.message(), ::testing::HasSubstr("insert session"));
  EXPECT_THAT(r.message(), ::testing::Not(::testing::HasSubstr("SECRET-ID")));
  EXPECT_THAT(r.message(), ::testing::Not(::testing::HasSubstr("INSERT")));
}

TEST_F(FileTest, ANewerSchemaIsRefused) {
  store_.reset();
  raw("INSERT INTO schema_migrations (step) VALUES (999)");
  const auto opened = Store::open(database_.options());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unsupported);
}

TEST_F(FileTest, WhatIsNoDatabaseIsCorrupt) {
  const std::string path = dir_ + "/other.db";
  std::ofstream(path) << std::string(8192, 'x');
  EXPECT_EQ(Store::open({"sqlite:" + path, dir_}).error().code, Errc::corrupt);
  EXPECT_EQ(Store::open({"sqlite:" + dir_ + "/no/such/dir/x.db", dir_}).error().code, Errc::not_found);
  EXPECT_EQ(Store::open({"postgresql://h/d?no=1", dir_}).error().code, Errc::invalid);
  EXPECT_EQ(Store::open({"oracle", dir_}).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace sallyport::store
