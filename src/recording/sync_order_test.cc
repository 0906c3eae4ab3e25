// SPDX-License-Identifier: Apache-2.0
// What a power cut could lose, in the order in which it is made durable. The test's own fdatasync stands before the
// system's, and notes what it was asked for.
#include <sys/syscall.h>

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

}  // namespace
}  // namespace sallyport::recording::testing
