// SPDX-License-Identifier: Apache-2.0
// Records and rows that a gateway left behind: what the next one makes of them, in the files, the rows and the audit
// log.
#include "broker/record/recover_records.h"

#include <gmock/gmock.h>
#include <sodium.h>
#include <sys/resource.h>

#include <csignal>

#include "broker/record/record_marks.h"
#include "broker/record/stored_end.h"
#include "recording/test_record.h"
#include "store/databases_fixture_test.h"

namespace sallyport::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecoverRecordsTest : public recording::testing::RecordTest {
 protected:
  RecoverRecordsTest() : RecoverRecordsTest(store::Options{"sqlite", {}, "node1"}) {}
  explicit RecoverRecordsTest(store::Options options) {
    options.data_dir = directory + "/store";
    std::filesystem::create_directory(options.data_dir);
    db = std::move(*store::Store::open(options));
    log = std::move(*audit::Log::open(*db, clock, random, log_signer()));
  }

  static audit::Signer log_signer() {
    base::Bytes public_key(crypto_sign_PUBLICKEYBYTES), secret(crypto_sign_SECRETKEYBYTES);
    crypto_sign_keypair(public_key.data(), secret.data());
    return {public_key, [secret](base::ByteView message) -> base::Result<base::Bytes> {
              base::Bytes signature(crypto_sign_BYTES);
              crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret.data());
              return signature;
            }};
  }

  /// A session as its opening leaves it.
  void begin(const std::string& session) {
    store::SessionRow row;
    row.id = session;
    row.node = "node1";
    row.user = "alice";
    row.account = "deploy";
    row.target = "web1";
    row.state = "live";
    row.started_at_us = 5;
    row.recording_state = "live";
    row.integrity = "open";
    ASSERT_TRUE(db->insert_session(row));
    ASSERT_TRUE(log->append({"session.start", "alice", session, {}}));
  }
  void note_start(const recording::Writer& writer) {
    ASSERT_TRUE(log->append(
        {"recording.start", "sallyport", id, {{"header", base::to_hex(recording::view(writer.header_hash()))}}}));
  }
  /// A session that is recorded and not sealed; its writer is gone.
  void leave_open() {
    begin(id);
    auto writer = create();
    note_start(*writer);
    ASSERT_TRUE(writer->add(recording::EntryKind::plain, 1, base::view("x")));
    ASSERT_TRUE(writer->flush());
  }
  /// A session whose record is sealed; nobody noted it.
  recording::SealMark leave_sealed() {
    begin(id);
    auto writer = create();
    note_start(*writer);
    EXPECT_TRUE(writer->add(recording::EntryKind::plain, 1, base::view("x")));
    EXPECT_TRUE(writer->flush());
    return close(*writer);
  }
  void start_node() {
    LateSeals fresh;
    auto done = recover_records(*db, *log, directory, *signer, clock, fresh);
    ASSERT_TRUE(done.has_value()) << done.message();
    fresh.retry(*db, *log, directory, *signer, clock);
  }
  std::vector<std::string> events(const std::string& session) {
    store::AuditFilter filter;
    filter.session = session;
    std::vector<std::string> out;
    const auto rows = db->list_audit(filter);
    for (const auto& row : *rows) out.push_back(row.type);
    return out;
  }
  std::string last_event(const std::string& type) {
    store::AuditFilter filter;
    filter.session = id;
    filter.type = type;
    const auto rows = db->list_audit(filter);
    return rows->empty() ? "" : rows->back().body;
  }
  static std::string hex(const recording::Hash& hash) { return base::to_hex(recording::view(hash)); }

  base::SystemClock clock;
  std::unique_ptr<store::Store> db;
  std::unique_ptr<audit::Log> log;
};

TEST_F(RecoverRecordsTest, AKilledSessionIsSealedAndNotedOnce) {
  leave_open();
  for (int restart = 0; restart < 2; ++restart) {
    start_node();
    EXPECT_THAT(events(id), ElementsAre("session.start", "recording.start", "recording.chunk", "session.end"));
    const auto row = db->get_session(id);
    EXPECT_EQ(row->state, "ended");
    EXPECT_EQ(row->recording_state, "truncated");
    EXPECT_EQ(row->integrity, "truncated");
    EXPECT_GT(row->bytes, 0);
  }
}

TEST_F(RecoverRecordsTest, ARecordSealedJustBeforeTheKillIsComplete) {
  const recording::SealMark seal = leave_sealed();
  start_node();
  EXPECT_THAT(events(id), ElementsAre("session.start", "recording.start", "session.end"));
  EXPECT_THAT(last_event("session.end"), HasSubstr(hex(seal.seal_hash)));
  EXPECT_THAT(last_event("session.end"), HasSubstr(R"("account":"deploy")"));
  const auto row = db->get_session(id);
  EXPECT_EQ(row->state, "ended");
  EXPECT_EQ(row->recording_state, "sealed");
  EXPECT_EQ(row->events, 1);
}

TEST_F(RecoverRecordsTest, ASessionWithoutARecordEnds) {
  begin(id);
  start_node();
  EXPECT_THAT(events(id), ElementsAre("session.start", "session.end"));
  EXPECT_EQ(db->get_session(id)->state, "ended");
  EXPECT_EQ(db->get_session(id)->recording_state, "");
  // The writer died before it had written anything: nothing was forwarded.
  id = base::make_id(1'700'000'000'000'001, random);
  begin(id);
  store(rec(), "SPREC");
  start_node();
  EXPECT_EQ(events(id).back(), "session.end");
  EXPECT_EQ(db->get_session(id)->integrity, "");
}

TEST_F(RecoverRecordsTest, ARecordThatIsEmptiedIsDamage) {
  leave_sealed();
  start_node();
  store(rec(), "");
  start_node();
  EXPECT_EQ(db->get_session(id)->integrity, "damaged");
}

TEST_F(RecoverRecordsTest, ADamagedSealStaysAndIsSaidOnce) {
  const recording::SealMark seal = leave_sealed();
  start_node();
  for (const std::size_t from_end : {std::size_t{1}, std::size_t{30}}) {
    std::string bytes = load(rec());
    const std::string sound = bytes;
    bytes[bytes.size() - from_end] ^= 1;
    store(rec(), bytes);
    store(tail(0), "");
    start_node();
    start_node();
    EXPECT_EQ(load(rec()), bytes);
    EXPECT_EQ(db->get_session(id)->integrity, "damaged");
    EXPECT_EQ(db->get_session(id)->recording_state, "sealed");
    store(rec(), sound);
  }
  EXPECT_THAT(events(id),
              ElementsAre("session.start", "recording.start", "session.end", "recording.damaged", "recording.damaged"));
  EXPECT_THAT(last_event("session.end"), HasSubstr(hex(seal.seal_hash)));
  start_node();
  EXPECT_EQ(db->get_session(id)->integrity, "sealed") << "the good bytes are back";
  EXPECT_FALSE(std::filesystem::exists(tail(0)));
}

TEST_F(RecoverRecordsTest, ARecordThatIsGoneIsDamage) {
  leave_open();
  std::filesystem::remove(rec());
  start_node();
  EXPECT_THAT(events(id), ElementsAre("session.start", "recording.start", "recording.damaged", "session.end"));
  EXPECT_EQ(db->get_session(id)->integrity, "damaged");
  EXPECT_EQ(db->get_session(id)->recording_state, "truncated");
}

TEST_F(RecoverRecordsTest, NoRecordKeepsTheOthersFromBeingSealed) {
  leave_open();
  const std::string bad = id;
  std::filesystem::rename(rec(), directory + "/elsewhere");
  std::filesystem::create_symlink(directory + "/elsewhere", rec());
  id = base::make_id(1'700'000'000'000'001, random);
  leave_open();
  start_node();
  EXPECT_EQ(db->get_session(bad)->integrity, "damaged");
  EXPECT_EQ(db->get_session(id)->integrity, "truncated");
}

TEST_F(RecoverRecordsTest, WhatTheDiskHasNoRoomForIsSealedLater) {
  begin(id);
  {
    auto writer = create();
    note_start(*writer);
    while (marks.size() < 6) {
      ASSERT_TRUE(writer->add(recording::EntryKind::plain, 1, random.bytes(60'000)));
      ASSERT_TRUE(writer->flush());
      run_jobs(*writer);
    }
  }
  // A limit that the record has reached and the store has not stands for the full disk.
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = std::filesystem::file_size(rec());
  ::signal(SIGXFSZ, SIG_IGN);
  LateSeals late;
  for (int restart = 0; restart < 2; ++restart) {
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    auto done = recover_records(*db, *log, directory, *signer, clock, late);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_TRUE(done.has_value()) << done.message();
    EXPECT_THAT(events(id), ElementsAre("session.start", "recording.start", "recording.unsealed"));
    EXPECT_EQ(db->get_session(id)->state, "ended");
    EXPECT_EQ(db->get_session(id)->integrity, "unsealed");
  }
  late.retry(*db, *log, directory, *signer, clock);
  EXPECT_EQ(db->get_session(id)->integrity, "truncated");
  EXPECT_EQ(events(id).back(), "session.end");
}

TEST_F(RecoverRecordsTest, ASealAfterTheEndIsNoSecondEnd) {
  leave_open();
  ASSERT_TRUE(log->append({"session.end", "alice", id, {{"recording", "truncated"}}}));
  LateSeals late;
  late.add(id, "exit");
  late.retry(*db, *log, directory, *signer, clock);
  late.retry(*db, *log, directory, *signer, clock);
  EXPECT_THAT(events(id),
              ElementsAre("session.start", "recording.start", "session.end", "recording.chunk", "recording.sealed"));
  EXPECT_EQ(read_record_marks(*db, id)->known.seals.size(), 1U);
}

TEST_F(RecoverRecordsTest, MarksAreWhatTheEventsSayAndNothingElse) {
  ASSERT_TRUE(log->append({"recording.start", "sallyport", id, {{"header", std::int64_t{7}}}}));
  ASSERT_TRUE(log->append({"recording.chunk", "sallyport", id, {{"chunk", "one"}, {"head", std::string(64, 'a')}}}));
  ASSERT_TRUE(log->append({"recording.chunk", "sallyport", id, {{"chunk", std::int64_t{1}}, {"head", true}}}));
  EXPECT_FALSE(read_record_marks(*db, id)->any());
  // More than one page of them.
  for (std::int64_t n = 0; n < 1005; ++n) {
    ASSERT_TRUE(log->append({"recording.chunk", "sallyport", id, {{"chunk", n}, {"head", std::string(64, 'a')}}}));
  }
  ASSERT_TRUE(log->append({"session.end", "alice", id, {{"seal", std::string(64, 'b')}}}));
  const auto found = read_record_marks(*db, id);
  EXPECT_EQ(found->known.chunks.size(), 1005U);
  EXPECT_EQ(found->known.chunks.back().number, 1004U);
  EXPECT_EQ(found->known.seals.size(), 1U);
  EXPECT_TRUE(found->ended);
}

/// Two nodes whose records are in one directory.
class TwoNodesTest : public RecoverRecordsTest {
 protected:
  TwoNodesTest() : TwoNodesTest(std::make_unique<store::TestDatabase>(store::Kind::postgresql)) {}
  explicit TwoNodesTest(std::unique_ptr<store::TestDatabase> made)
      : RecoverRecordsTest(made->options("node1")), database(std::move(made)) {
    other_db = std::move(*store::Store::open(database->options("node2")));
    other_log = std::move(*audit::Log::open(*other_db, clock, random, log_signer()));
  }
  void start_other_node() {
    LateSeals late;
    ASSERT_TRUE(recover_records(*other_db, *other_log, directory, *signer, clock, late));
  }

  const std::unique_ptr<store::TestDatabase> database;
  std::unique_ptr<store::Store> other_db;
  std::unique_ptr<audit::Log> other_log;
};

TEST_F(TwoNodesTest, EachRecoversItsOwnRecordsAlone) {
  leave_open();
  start_other_node();
  EXPECT_EQ(db->get_session(id)->state, "live");
  EXPECT_THAT(*recording::find_unsealed(directory), ElementsAre(id));
  // Nor one whose row is not there, when the other's log knows of it.
  store::SessionRow elsewhere = *db->get_session(id);
  database->raw("DELETE FROM sessions");
  start_other_node();
  EXPECT_THAT(*recording::find_unsealed(directory), ElementsAre(id));
  EXPECT_EQ(other_db->last_audit().error().code, base::Errc::not_found);

  ASSERT_TRUE(db->insert_session(elsewhere));
  start_node();
  EXPECT_EQ(db->get_session(id)->state, "ended");
  EXPECT_TRUE(recording::find_unsealed(directory)->empty());
}

TEST_F(RecoverRecordsTest, AnEndIsInTheLogAndInTheRowOrInNeither) {
  begin(id);
  const audit::Event event{"session.end", "alice", id, {}};
  const base::Status undone = db->transaction([&]() -> base::Status {
    EXPECT_TRUE(store_end(*db, *log, std::span(&event, 1), id, {"exit", "sealed", "sealed"}, clock));
    return base::fail(base::Errc::full, "the commit fails");
  });
  EXPECT_FALSE(undone);
  EXPECT_THAT(events(id), ElementsAre("session.start"));
  EXPECT_EQ(db->get_session(id)->state, "live");
  ASSERT_TRUE(store_end(*db, *log, std::span(&event, 1), id, {"exit", "sealed", "sealed"}, clock));
  EXPECT_THAT(events(id), ElementsAre("session.start", "session.end"));
  EXPECT_EQ(db->get_session(id)->end_reason, "exit");
}

}  // namespace
}  // namespace sallyport::broker
