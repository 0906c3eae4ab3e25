// SPDX-License-Identifier: Apache-2.0
// The ring's memory cannot be resized by whoever holds it, and its bells ring.
#include "ipc/ring_memory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sallyport::ipc {
namespace {

TEST(RingMemory, IsSealedAgainstResizing) {
  auto ring = RingMemory::create(1 << 16);
  ASSERT_TRUE(ring) << ring.message();
  struct stat st {};
  ASSERT_EQ(::fstat(ring->memory.get(), &st), 0);
  EXPECT_EQ(static_cast<std::size_t>(st.st_size), ring_memory_bytes(1 << 16));
  for (const off_t size : {off_t{0}, st.st_size - 1, st.st_size + 1}) {
    EXPECT_EQ(::ftruncate(ring->memory.get(), size), -1);
    EXPECT_EQ(errno, EPERM);
  }
  EXPECT_EQ(::fcntl(ring->memory.get(), F_ADD_SEALS, F_SEAL_WRITE), -1);
}

TEST(RingMemory, RefusesOddSizes) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{2048}, std::size_t{5000}, kRingMaxCapacity * 2}) {
    EXPECT_EQ(RingMemory::create(n).error().code, base::Errc::invalid);
  }
}

TEST(RingMemory, GivesEachSideItsOwnBellFirst) {
  auto ring = RingMemory::create();
  ASSERT_TRUE(ring);
  const auto front = ring->fds_for_front();
  const auto back = ring->fds_for_back();
  EXPECT_EQ(front[0], back[0]);
  EXPECT_EQ(front[1], back[2]);
  EXPECT_EQ(front[2], back[1]);
  std::uint64_t n = 0;
  EXPECT_EQ(::read(front[1], &n, sizeof(n)), -1);
  EXPECT_EQ(errno, EAGAIN);
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(back[2], &one, sizeof(one)), 8);
  EXPECT_EQ(::read(front[1], &n, sizeof(n)), 8);
}

}  // namespace
}  // namespace sallyport::ipc
