// SPDX-License-Identifier: Apache-2.0
// Killing writers at any moment: whatever flush() acknowledged is in the record, before and after recovery.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "recording/chunk.h"
#include "recording/frame.h"
#include "recording/record_map.h"
#include "recording/seal.h"
#include "recording/test_record.h"

namespace sallyport::recording::testing {
namespace {

class RecoverTest : public RecordTest {
 protected:
  static std::string event(std::uint32_t i) {
    return std::to_string(i) + ":" + std::string(i * 7919 % 3000, static_cast<char>('a' + i % 26));
  }
  /// Writes until it is killed; tells each acknowledged count through the pipe.
  [[noreturn]] void write_until_killed(int pipe_fd) {
    auto writer = Writer::create(options(), signer, random);
    if (!writer) ::_exit(1);
    for (std::uint32_t i = 0;; ++i) {
      if (!(*writer)->add(i % 3 ? EntryKind::plain : EntryKind::input, 1 + i, base::view(event(i)))) ::_exit(2);
      if (!(*writer)->flush()) ::_exit(3);
      const std::uint32_t done = i + 1;
      if (::write(pipe_fd, &done, sizeof done) != sizeof done) ::_exit(4);
      while (auto job = *(*writer)->take_job()) {
        if (!job->run(compressor) || !(*writer)->finish(std::move(job))) ::_exit(5);
      }
    }
  }
  /// Lets a child write for a while, kills it; returns what it acknowledged last.
  std::uint32_t killed_after(std::uint32_t at_least, unsigned extra_us) {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    const pid_t child = ::fork();
    if (child < 0) {
      ADD_FAILURE() << "fork failed";
      return 0;
    }
    if (child == 0) {
      ::close(fds[0]);
      write_until_killed(fds[1]);
    }
    ::close(fds[1]);
    std::uint32_t last = 0;
    while (last < at_least && ::read(fds[0], &last, sizeof last) == sizeof last) {
    }
    ::usleep(extra_us);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
    while (::read(fds[0], &last, sizeof last) == sizeof last) {
    }
    ::close(fds[0]);
    return last;
  }
  VerifyReport check() {
    const auto k = keys(auditor);
    const PublicKey trusted[] = {signer->public_key()};
    VerifyOptions o;
    o.trusted_nodes = trusted;
    o.keys = &k;
    return *verify(*source(), o);
  }
  static std::string text(const VerifyReport& r) {
    std::string out;
    for (const Finding& f : r.findings) out += f.where + ": " + f.what + "\n";
    return out;
  }
};

TEST_F(RecoverTest, WhateverWasAcknowledgedIsInTheRecord) {
  for (int round = 0; round < 40; ++round) {
    id = base::make_id(1'700'000'000'000'000 + round, random);
    const std::uint32_t acknowledged =
        killed_after(static_cast<std::uint32_t>(1 + round * 37 % 900), static_cast<unsigned>(round * 131 % 1500));
    const auto before = read_all(auditor);
    ASSERT_GE(before.events.size(), acknowledged) << round;
    ASSERT_TRUE(before.damage.empty()) << before.damage[0].where << before.damage[0].what;
    ASSERT_TRUE(check().sound()) << text(check());
    auto done = recover(directory, id, *signer, "the broker was killed", 99);
    ASSERT_TRUE(done.has_value()) << done.message();
    const auto after = read_all(auditor);
    EXPECT_TRUE(after.ended);
    ASSERT_TRUE(after.damage.empty()) << after.damage[0].where << after.damage[0].what;
    ASSERT_EQ(after.events, before.events);
    for (std::uint32_t i = 0; i < after.events.size(); ++i) ASSERT_EQ(after.events[i], event(i));
    const VerifyReport report = check();
    EXPECT_TRUE(report.sound()) << text(report);
    EXPECT_EQ(report.state, VerifyReport::State::truncated);
    EXPECT_EQ(report.info->sealed->reason, "the broker was killed");
    EXPECT_TRUE(find_unsealed(directory)->empty());
    std::filesystem::remove(rec());
  }
}

TEST_F(RecoverTest, FindsWhatIsUnsealed) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(*find_unsealed(directory), std::vector<std::string>{id});
  close(*writer);
  EXPECT_TRUE(find_unsealed(directory)->empty());
}

TEST_F(RecoverTest, RecoveringTwiceChangesNothing) {
  {
    auto writer = create();
    ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
    ASSERT_TRUE(writer->flush());
  }
  ASSERT_TRUE(recover(directory, id, *signer, "first", 1));
  const std::string sealed = load(rec());
  auto again = recover(directory, id, *signer, "second", 2);
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->already_sealed);
  EXPECT_EQ(load(rec()), sealed);
}

TEST_F(RecoverTest, ADeathBetweenAnyTwoStepsOfTheEndIsRecovered) {
  auto writer = create();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(writer->add(EntryKind::plain, i + 1, base::view("event " + std::to_string(i))));
    ASSERT_TRUE(writer->flush());
  }
  const std::string open_record = load(rec());
  const std::string open_tail = load(tail(0));
  close(*writer);
  const std::string sealed = load(rec());
  for (std::size_t size = open_record.size(); size <= sealed.size(); ++size) {
    store(rec(), sealed.substr(0, size));
    store(tail(0), open_tail);
    auto done = recover(directory, id, *signer, "cut", 9);
    ASSERT_TRUE(done.has_value()) << size << ": " << done.message();
    EXPECT_FALSE(std::filesystem::exists(tail(0)));
    ASSERT_EQ(read_all(auditor).events.size(), 5U) << size;
    ASSERT_TRUE(check().sound()) << size << "\n" << text(check());
  }
}

TEST_F(RecoverTest, ATornFrameIsKeptAndNoted) {
  std::size_t second = 0;
  {
    auto writer = create();
    ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("whole")));
    ASSERT_TRUE(writer->flush());
    second = writer->tail_bytes();
    ASSERT_TRUE(writer->add(EntryKind::plain, 2, base::view(std::string(3000, 'x'))));
    ASSERT_TRUE(writer->flush());
  }
  const std::string whole = load(tail(0));
  for (const std::size_t kept : {1U, 10U, 30U, 500U, 2000U}) {
    std::string torn = whole;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(second + kept), torn.end(), '\0');
    const std::string record = load(rec());
    store(tail(0), torn);
    EXPECT_TRUE(check().sound()) << kept << text(check());
    auto done = recover(directory, id, *signer, "torn", 3);
    ASSERT_TRUE(done.has_value()) << done.message();
    EXPECT_GT(done->torn_bytes, 0U);
    EXPECT_EQ(read_all(viewer).events, std::vector<std::string>{"whole"});
    EXPECT_TRUE(read_all(viewer).damage.empty());
    EXPECT_TRUE(check().sound()) << kept << text(check());
    EXPECT_NE(text(check()).find("never completed"), std::string::npos) << text(check());
    store(rec(), record);
  }
}

TEST_F(RecoverTest, ATailThatDiffersFromItsChunkIsNotDropped) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
  ASSERT_TRUE(writer->flush());
  std::string other = load(tail(0));
  close(*writer);
  other[kTailHeadBytes + 30] ^= 1;
  store(tail(0), other);
  EXPECT_FALSE(recover(directory, id, *signer, "cut", 9));
  EXPECT_TRUE(std::filesystem::exists(tail(0)));
}

/// What a recovery must not make worse: it refuses, and every byte stays.
class DamageTest : public RecoverTest {
 protected:
  void write_sealed() {
    auto writer = create();
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(writer->add(EntryKind::plain, i + 1, base::view("event " + std::to_string(i))));
      ASSERT_TRUE(writer->flush());
    }
    seal = close(*writer);
    sealed = load(rec());
    auto s = source();
    auto map = RecordMap::open(s->record_fd());
    ASSERT_TRUE(map->extend());
    seal_offset = map->seal_offset();
  }
  /// Three chunks and a tail.
  void write_open() {
    auto writer = create();
    for (int i = 0; marks.size() < 3; ++i) {
      ASSERT_TRUE(writer->add(EntryKind::plain, i + 1, base::view(std::string(20000, 'x'))));
      ASSERT_TRUE(writer->flush());
      run_jobs(*writer);
    }
    ASSERT_TRUE(writer->add(EntryKind::plain, 1000, base::view("in the tail")));
    ASSERT_TRUE(writer->flush());
  }
  void expect_refused(const std::string& bytes, const KnownRecord& known = {}) {
    store(rec(), bytes);
    auto done = recover(directory, id, *signer, "cut", 9, known);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().code, base::Errc::corrupt) << done.message();
    EXPECT_EQ(load(rec()), bytes) << "what was found is left as it was";
  }
  SealMark seal;
  std::string sealed;
  std::size_t seal_offset = 0;
};

TEST_F(DamageTest, ADamagedSealIsNotReplaced) {
  write_sealed();
  for (const bool planted : {false, true}) {
    if (planted) store(tail(0), "");
    for (std::size_t i = seal_offset; i < sealed.size(); ++i) {
      std::string bad = sealed;
      bad[i] = static_cast<char>(bad[i] ^ (1 << (i % 8)));
      // What stands nowhere else is enough to tell it, without the audit log.
      ASSERT_NO_FATAL_FAILURE(expect_refused(bad)) << i - seal_offset;
    }
  }
}

TEST_F(DamageTest, ARecordCutAtItsSealIsNotSealedAgain) {
  write_sealed();
  expect_refused(sealed.substr(0, seal_offset));
  expect_refused(sealed.substr(0, sealed.size() - 3));
  KnownRecord known;
  known.seals = {seal.seal_hash};
  store(tail(0), "");
  expect_refused(sealed.substr(0, seal_offset), known);
  store(rec(), sealed);
  EXPECT_TRUE(recover(directory, id, *signer, "again", 9, known)) << "the seal that is known is the one that is there";
  known.seals = {Hash{}};
  expect_refused(sealed, known);
}

TEST_F(DamageTest, AKnownChunkThatIsGoneIsNotSealedOver) {
  write_open();
  const std::string whole = load(rec());
  KnownRecord known;
  known.chunks = marks;
  expect_refused(whole.substr(0, marks[2].offset), known);
  known.chunks[1].head_hash[4] ^= 1;
  expect_refused(whole, known);
}

TEST_F(DamageTest, ADamagedChunkIsNotTakenForAnUnfinishedOne) {
  write_open();
  std::string bad = load(rec());
  bad[marks[2].offset + 20] ^= 1;
  expect_refused(bad);
}

TEST_F(DamageTest, ATailThatIsBetterThanItsChunkStays) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
  ASSERT_TRUE(writer->flush());
  const std::string left = load(tail(0));
  close(*writer);
  store(tail(0), left);
  std::string bad = load(rec());
  bad[kHeaderBytes + kChunkHeadBytes + 3] ^= 1;
  expect_refused(bad);
  EXPECT_EQ(load(tail(0)), left);
}

TEST_F(DamageTest, ATailWhoseHeadIsGoneIsKept) {
  write_open();
  std::string beheaded = load(tail(3));
  ASSERT_FALSE(beheaded.empty());
  std::fill_n(beheaded.begin(), kTailHeadBytes, '\0');
  store(tail(3), beheaded);
  EXPECT_FALSE(check().sound()) << "frames whose head is gone are not nothing";
  auto done = recover(directory, id, *signer, "cut", 9);
  ASSERT_TRUE(done.has_value()) << done.message();
  ASSERT_EQ(done->chunks.size(), 1U);
  const std::size_t used = beheaded.find_last_not_of('\0') + 1;
  EXPECT_NE(load(rec()).find(beheaded.substr(kTailHeadBytes, used - kTailHeadBytes)), std::string::npos);
  EXPECT_FALSE(check().sound());
}

TEST_F(DamageTest, WhatNoWriterLeavesIsAnErrorOfThisRecordAlone) {
  write_open();
  const std::string record = load(rec());
  const std::string left = load(tail(3));
  store(tail(3), left + std::string(kTailCapacityBytes, 'x'));
  expect_refused(record);
  store(tail(3), left);
  store(tail(kMaxChunks), left);
  expect_refused(record);
  std::filesystem::remove(tail(kMaxChunks));
  std::filesystem::rename(rec(), directory + "/elsewhere");
  EXPECT_EQ(recover(directory, id, *signer, "cut", 9).error().code, base::Errc::corrupt) << "a tail without its record";
  std::filesystem::create_symlink(directory + "/elsewhere", rec());
  EXPECT_EQ(*find_unsealed(directory), std::vector<std::string>{id});
  EXPECT_EQ(recover(directory, id, *signer, "cut", 9).error().code, base::Errc::corrupt) << "a link";
  std::filesystem::remove(rec());
  ASSERT_EQ(::mkfifo(rec().c_str(), 0600), 0);
  EXPECT_EQ(*find_unsealed(directory), std::vector<std::string>{id});
  EXPECT_EQ(recover(directory, id, *signer, "cut", 9).error().code, base::Errc::corrupt) << "a pipe";
  std::filesystem::remove(rec());
  for (std::uint64_t n : {3, 4}) std::filesystem::remove(tail(n));
  EXPECT_EQ(recover(directory, id, *signer, "cut", 9).error().code, base::Errc::not_found);
}

TEST_F(DamageTest, ARecoveryOnAFullDiskUsesTheTailsSpaceAndGoesOnLater) {
  write_open();
  store(tail(4), std::string(kTailCapacityBytes, '\0'));
  const std::string record = load(rec());
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = record.size();
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto done = recover(directory, id, *signer, "cut", 9);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_FALSE(done.has_value());
  EXPECT_NE(done.error().code, base::Errc::corrupt) << "it may pass";
  EXPECT_EQ(load(rec()), record);
  EXPECT_LT(std::filesystem::file_size(tail(3)), kTailCapacityBytes);
  EXPECT_EQ(std::filesystem::file_size(tail(4)), 0U);
  ASSERT_TRUE(recover(directory, id, *signer, "cut", 9));
  EXPECT_TRUE(check().sound()) << text(check());
}

TEST_F(DamageTest, ARecoveryThatDiedAfterAnyByteIsRecovered) {
  for (const bool beheaded : {false, true}) {
    id = base::make_id(1'700'000'000'000'000 + beheaded, random);
    {
      auto writer = create();
      ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
      ASSERT_TRUE(writer->flush());
    }
    std::string left = load(tail(0));
    if (beheaded) std::fill_n(left.begin(), kTailHeadBytes, '\0');
    const std::string open = load(rec());
    store(tail(0), left);
    ASSERT_TRUE(recover(directory, id, *signer, "cut", 9));
    const std::string done = load(rec());
    for (std::size_t size = open.size(); size <= done.size(); ++size) {
      store(rec(), done.substr(0, size));
      store(tail(0), left);
      auto again = recover(directory, id, *signer, "cut", 9);
      ASSERT_TRUE(again.has_value()) << size << ": " << again.message();
      ASSERT_EQ(load(rec()), done) << size;
    }
  }
}

}  // namespace
}  // namespace sallyport::recording::testing
