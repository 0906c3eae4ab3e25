// SPDX-License-Identifier: Apache-2.0
// Killing writers at any moment: whatever flush() acknowledged is in the record, before and after recovery.
#include <sys/wait.h>
#include <unistd.h>

#include "recording/frame.h"
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
      while (auto job = (*writer)->take_job()) {
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

}  // namespace
}  // namespace sallyport::recording::testing
