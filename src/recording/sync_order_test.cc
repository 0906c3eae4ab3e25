// SPDX-License-Identifier: Apache-2.0
// What a power cut could lose, in the order in which it is made durable. The test's own fdatasync stands before the
// system's, and notes what it was asked for.
#include <sys/syscall.h>

#include <algorithm>

#include "recording/record_map.h"
#include "recording/test_record.h"

namespace {

struct Synced {
  std::string name;
  std::uintmax_t record_bytes = 0;  // how long ID.rec was then
};

std::string watched;  // ID.rec
std::vector<Synced>* seen = nullptr;

}  // namespace

extern "C" int fdatasync(int fd) {
  if (seen != nullptr) {
    const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd));
    seen->push_back({path.filename(), std::filesystem::file_size(watched)});
  }
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

namespace sallyport::recording::testing {
namespace {

class SyncOrderTest : public RecordTest {
 protected:
  ~SyncOrderTest() override { seen = nullptr; }
  void watch() {
    watched = rec();
    seen = &synced;
  }
  /// The tail was made durable while the record was still without the chunk that replaces it.
  void expect_tail_first(std::uint64_t number, std::uintmax_t before) {
    ASSERT_GE(synced.size(), 2U);
    EXPECT_EQ(synced[0].name, id + "." + std::to_string(number) + ".tail");
    EXPECT_EQ(synced[0].record_bytes, before);
    EXPECT_EQ(synced[1].name, id + ".rec");
  }
  std::vector<Synced> synced;
};

TEST_F(SyncOrderTest, ATailIsDurableBeforeItsChunkIsWritten) {
  auto writer = create();
  while (!writer->chunk_full()) {
    ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view(std::string(20000, 'x'))));
    ASSERT_TRUE(writer->flush());
  }
  run(*writer, *writer->take_job());  // the next tail
  const auto before = std::filesystem::file_size(rec());
  auto job = *writer->take_job();
  ASSERT_NE(job, nullptr);
  watch();
  run(*writer, std::move(job));
  expect_tail_first(0, before);
}

TEST_F(SyncOrderTest, TheLastTailIsDurableBeforeTheRecordIsClosed) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
  ASSERT_TRUE(writer->flush());
  const auto before = std::filesystem::file_size(rec());
  watch();
  close(*writer);
  expect_tail_first(0, before);
}

TEST_F(SyncOrderTest, ALeftTailIsDurableBeforeItsChunkIsWritten) {
  {
    auto writer = create();
    ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("x")));
    ASSERT_TRUE(writer->flush());
  }
  const auto before = std::filesystem::file_size(rec());
  watch();
  ASSERT_TRUE(recover(directory, id, *signer, "cut", 9));
  expect_tail_first(0, before);
}

// A file's size may be durable before its bytes are.
TEST_F(SyncOrderTest, ASealThatDidNotReachTheDiskIsMadeAgain) {
  auto writer = create();
  ASSERT_TRUE(writer->add(EntryKind::plain, 1, base::view("event")));
  ASSERT_TRUE(writer->flush());
  const std::string open_tail = load(tail(0));
  close(*writer);
  const std::string sealed = load(rec());
  const auto files = source();
  auto map = RecordMap::open(files->record_fd());
  ASSERT_TRUE(map->extend());
  const std::size_t seal = map->seal_offset();
  for (std::size_t from = seal; from < sealed.size(); from += 7) {
    for (const bool keeps_the_end : {false, true}) {
      std::string lost = sealed;
      const std::size_t until = keeps_the_end ? from : sealed.size();
      const std::size_t start = keeps_the_end ? seal : from;
      std::fill(lost.begin() + static_cast<std::ptrdiff_t>(start), lost.begin() + static_cast<std::ptrdiff_t>(until),
                0);
      store(rec(), lost);
      store(tail(0), open_tail);
      auto done = recover(directory, id, *signer, "cut", 9);
      ASSERT_TRUE(done.has_value()) << start - seal << " to " << until - seal << ": " << done.message();
      const Content content = read_all(auditor);
      ASSERT_TRUE(content.ended && content.damage.empty());
      ASSERT_EQ(content.events.size(), 1U);
    }
  }
  // With the tail gone the seal was durable.
  std::string lost = sealed;
  std::fill(lost.begin() + static_cast<std::ptrdiff_t>(seal), lost.end(), 0);
  store(rec(), lost);
  EXPECT_FALSE(recover(directory, id, *signer, "cut", 9));
}

}  // namespace
}  // namespace sallyport::recording::testing
