// SPDX-License-Identifier: Apache-2.0
// Writing and reading back: order, input's own key, chunks, back-pressure, full disks, growth, latency.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "recording/frame.h"
#include "recording/test_record.h"

namespace sallyport::recording::testing {
namespace {

using WriterTest = RecordTest;

TEST_F(WriterTest, WhatWasAddedIsReadBackInOrder) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 10, base::view("open")));
  ASSERT_TRUE(writer->add(EntryKind::input, 20, base::view("secret")));
  ASSERT_TRUE(writer->flush());
  ASSERT_TRUE(writer->add(EntryKind::plain, 30, base::view("")));
  ASSERT_TRUE(writer->sync());
  close(*writer);
  const auto all = read_all(auditor);
  EXPECT_EQ(all.events, (std::vector<std::string>{"open", "secret", ""}));
  EXPECT_TRUE(all.ended);
  EXPECT_TRUE(all.damage.empty());
  const auto some = read_all(viewer);
  EXPECT_EQ(some.events, (std::vector<std::string>{"open", "(hidden)", ""}));
}

TEST_F(WriterTest, NothingInTheFilesShowsWhatWasRecorded) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 10, base::view("plainly visible")));
  ASSERT_TRUE(writer->add(EntryKind::input, 20, base::view("typed in secret")));
  ASSERT_TRUE(writer->flush());
  EXPECT_EQ(load(tail(0)).find("visible"), std::string::npos);
  close(*writer);
  EXPECT_EQ(load(rec()).find("visible"), std::string::npos);
  EXPECT_EQ(load(rec()).find("secret"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(tail(0)));
  EXPECT_FALSE(std::filesystem::exists(tail(1)));
}

TEST_F(WriterTest, ChunksFollowOneAnotherAndTailsGo) {
  auto writer = create();
  std::vector<std::string> sent;
  for (int i = 0; i < 400; ++i) {
    sent.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i * 17 % 4000), 'x'));
    ASSERT_TRUE(writer->add(i % 5 == 0 ? EntryKind::input : EntryKind::plain, 1000 + i, base::view(sent.back())));
    ASSERT_TRUE(writer->flush());
    run_jobs(*writer);
  }
  ASSERT_GE(marks.size(), 2U);
  EXPECT_FALSE(std::filesystem::exists(tail(0)));
  const auto live = read_all(auditor);
  EXPECT_EQ(live.events, sent);
  EXPECT_FALSE(live.ended);
  close(*writer);
  const auto all = read_all(auditor);
  EXPECT_EQ(all.events, sent);
  EXPECT_TRUE(all.ended);
  const auto info = inspect(*source());
  ASSERT_TRUE(info && info->sealed);
  EXPECT_EQ(info->sealed->entries, 400U);
  EXPECT_EQ(info->sealed->input_entries, 80U);
  EXPECT_EQ(info->sealed->chunks, marks.size());
  EXPECT_EQ(base::to_text(info->sealed->manifest), "manifest");
  EXPECT_EQ(info->sealed->first_time_us, 1000);
  EXPECT_EQ(info->sealed->last_time_us, 1399);
}

TEST_F(WriterTest, AReaderFollowsARecordThatGrows) {
  auto writer = create();
  auto reader = Reader::open(source(), keys(auditor));
  ASSERT_TRUE(reader.has_value());
  std::uint64_t expected = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(writer->add(EntryKind::plain, round, base::view(std::string(1500, static_cast<char>('a' + i)))));
    }
    ASSERT_TRUE(writer->flush());
    if (round % 7 == 0) run_jobs(*writer);
    for (;;) {
      auto step = reader->next();
      ASSERT_TRUE(step.has_value());
      if (std::holds_alternative<Waiting>(*step)) break;
      ASSERT_TRUE(std::holds_alternative<Entry>(*step));
      EXPECT_EQ(std::get<Entry>(*step).seq, expected++);
    }
    EXPECT_EQ(expected, static_cast<std::uint64_t>(round + 1) * 3);
  }
  close(*writer);
  auto step = reader->next();
  ASSERT_TRUE(step.has_value());
  EXPECT_TRUE(std::holds_alternative<End>(*step));
  ASSERT_TRUE(reader->info().sealed.has_value());
  EXPECT_EQ(reader->info().sealed->entries, 900U);
}

TEST_F(WriterTest, SeekSkipsWhatCameBefore) {
  auto writer = create();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(writer->add(EntryKind::plain, i, base::view(std::string(8000, 'x'))));
    ASSERT_TRUE(writer->flush());
    run_jobs(*writer);
  }
  close(*writer);
  auto reader = Reader::open(source(), keys(viewer));
  ASSERT_TRUE(reader->seek(150));
  auto step = reader->next();
  ASSERT_TRUE(step && std::holds_alternative<Entry>(*step));
  EXPECT_GT(std::get<Entry>(*step).seq, 90U);
  EXPECT_LE(std::get<Entry>(*step).time_us, 150);
}

TEST_F(WriterTest, ASlowDiskIsBackPressureNotLoss) {
  auto writer = create();
  const std::string event(60000, 'x');
  int sent = 0;
  while (writer->ready()) {
    ASSERT_TRUE(writer->add(EntryKind::plain, sent, base::view(event)));
    ASSERT_TRUE(writer->flush());
    ++sent;
  }
  ASSERT_TRUE(writer->chunk_full());
  base::Status status;
  while (status) {
    status = writer->add(EntryKind::plain, sent, base::view(event));
    if (!status) break;
    ++sent;
    status = writer->flush();
  }
  EXPECT_EQ(status.error().code, base::Errc::busy);
  run_jobs(*writer);
  EXPECT_TRUE(writer->flush());
  EXPECT_TRUE(writer->ready());
  close(*writer);
  EXPECT_EQ(read_all(viewer).events.size(), static_cast<std::size_t>(sent));
}

// Whoever waits for a sync must not take "nothing to do" for "durable".
TEST_F(WriterTest, AChangeOfTailsThatFailsIsNotTakenForNothingToSync) {
  auto writer = create();
  while (!writer->chunk_full()) {
    ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view(std::string(20000, 'x'))));
    ASSERT_TRUE(writer->flush());
  }
  run(*writer, *writer->take_job());  // the next tail
  ASSERT_TRUE(writer->job_due());
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit nothing = before;
  nothing.rlim_cur = 0;
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &nothing), 0);
  const auto job = writer->take_job();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(job.has_value());
  for (int again = 0; again < 2; ++again) {
    const auto sync = writer->take_sync_job();
    ASSERT_FALSE(sync.has_value());
    EXPECT_NE(sync.message(), "") << "why is told each time";
  }
  EXPECT_FALSE(writer->flush());
}

TEST_F(WriterTest, ASyncIsAskedForUntilOneHasWorked) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
  ASSERT_TRUE(writer->flush());
  auto first = *writer->take_sync_job();
  ASSERT_NE(first, nullptr);
  auto second = *writer->take_sync_job();
  EXPECT_NE(second, nullptr) << "the first has not run";
  run(*writer, std::move(first));
  EXPECT_EQ(*writer->take_sync_job(), nullptr);
}

TEST_F(WriterTest, AFullDiskStopsBeforeAForwardAndForGood) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view(std::string(100000, 'x'))));
  ASSERT_TRUE(writer->flush());
  auto job = *writer->take_job();
  ASSERT_NE(job, nullptr);
  // A file size limit stands for the full disk: the next tail cannot be reserved.
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = 100000;
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FALSE(job->run(compressor));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(writer->finish(std::move(job)));
  EXPECT_FALSE(writer->add(EntryKind::plain, 2, base::view("more")));
  EXPECT_FALSE(writer->flush());
  EXPECT_FALSE(writer->ready());
  EXPECT_FALSE(std::filesystem::exists(tail(1)));
  EXPECT_EQ(read_all(viewer).events.size(), 1U);
}

TEST_F(WriterTest, AFailedWriteIsFinal) {
  auto writer = create();
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = 0;
  ::signal(SIGXFSZ, SIG_IGN);
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FALSE(writer->flush());
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(writer->flush());
  EXPECT_FALSE(writer->take_close_job({}, "", 0));
}

TEST_F(WriterTest, OneRecordPerId) {
  auto writer = create();
  auto second = Writer::create(options(), signer, random);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, base::Errc::exists);
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
  close(*writer);
  EXPECT_EQ(read_all(viewer).events.size(), 1U);
}

TEST_F(WriterTest, KeysOpenForTheirRecipientsAlone) {
  auto writer = create();
  auto file = base::read_file(keys_path(directory, id), kMaxKeyFileBytes);
  ASSERT_TRUE(file.has_value());
  RecipientKey stranger;
  stranger.secret_key = base::SecretBytes(random.bytes(32));
  stranger.public_key = *x25519_public(stranger.secret_key);
  auto denied = unwrap_keys(*file, writer->header_hash(), stranger);
  ASSERT_FALSE(denied.has_value());
  EXPECT_EQ(denied.error().code, base::Errc::denied);
  stranger.public_key = auditor.public_key;
  EXPECT_FALSE(unwrap_keys(*file, writer->header_hash(), stranger));
  EXPECT_FALSE(unwrap_keys(*file, Hash{}, auditor));
  ReadKeys wrong = keys(auditor);
  wrong.session.data()[3] ^= 1;
  auto reader = Reader::open(source(), std::move(wrong));
  ASSERT_FALSE(reader.has_value());
  EXPECT_EQ(reader.error().code, base::Errc::denied);
  // Re-wrapping to one more recipient needs no record.
  RecipientKey late;
  late.secret_key = base::SecretBytes(random.bytes(32));
  late.public_key = *x25519_public(late.secret_key);
  const Recipient list[] = {{late.public_key, Recipient::Scope::session_and_input}};
  auto rewrapped = wrap_keys(keys(auditor), writer->header_hash(), list);
  ASSERT_TRUE(rewrapped.has_value());
  EXPECT_TRUE(unwrap_keys(*rewrapped, writer->header_hash(), late));
  EXPECT_FALSE(unwrap_keys(*rewrapped, writer->header_hash(), auditor));
  for (std::size_t i = 0; i < rewrapped->size(); ++i) {
    base::Bytes flipped = *rewrapped;
    flipped[i] ^= 1;
    EXPECT_FALSE(verify_key_file(flipped).empty()) << i;
  }
  EXPECT_TRUE(verify_key_file(*rewrapped).empty());
}

TEST_F(WriterTest, AKeystrokeCostsMicroseconds) {
  auto writer = create();
  const auto start = std::chrono::steady_clock::now();
  constexpr int kRounds = 2000;
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_TRUE(writer->add(EntryKind::input, i, base::view("x")));
    ASSERT_TRUE(writer->flush());
  }
  const double us =
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / kRounds;
  RecordProperty("us_per_keystroke", std::to_string(us));
  printf("add and flush of one keystroke: %.2f us\n", us);
  EXPECT_LT(us, 500);  // a bound for any machine and sanitizer; the number itself is in the log
}

}  // namespace
}  // namespace sallyport::recording::testing
