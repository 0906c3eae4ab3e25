// SPDX-License-Identifier: Apache-2.0
// The ring in one process: wrapping, filling, sleeping, and a peer that writes anything it likes.
#include "leg/ring.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "ipc/ring_memory.h"

namespace sallyport::leg {
namespace {

using base::Bytes;
using base::Errc;
using base::Fd;

struct BothSides {
  ipc::RingMemory memory;
  std::unique_ptr<Ring> front;
  std::unique_ptr<Ring> back;

  explicit BothSides(std::size_t capacity) : memory(std::move(ipc::RingMemory::create(capacity).value())) {
    front = attach(RingSide::front, memory.fds_for_front());
    back = attach(RingSide::back, memory.fds_for_back());
  }
  static std::unique_ptr<Ring> attach(RingSide side, const std::array<int, 3>& raw) {
    std::array<Fd, 3> fds;
    for (std::size_t i = 0; i < fds.size(); ++i) fds[i] = Fd(::dup(raw[i]));
    auto ring = Ring::attach(side, fds);
    EXPECT_TRUE(ring) << ring.message();
    return std::move(*ring);
  }
};

bool rings(int bell) {
  pollfd p{bell, POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

Bytes take(RingReader& reader, std::size_t n) {
  Bytes out(n);
  reader.read(out);
  return out;
}

/// The same, taken from where it lies.
Bytes take_in_place(RingReader& reader, std::size_t n) {
  Bytes out;
  while (out.size() < n) {
    const auto piece = reader.peek(n - out.size());
    out.insert(out.end(), piece.begin(), piece.end());
    reader.pass(piece.size());
  }
  return out;
}

TEST(Ring, CarriesRecordsBothWays) {
  BothSides both(4096);
  EXPECT_EQ(both.front->writer().write(7, 1, base::view("up")).value(), 2u);
  EXPECT_EQ(both.back->writer().write(8, 0, base::view("down")).value(), 4u);
  auto up = both.back->reader().next().value();
  ASSERT_TRUE(up);
  EXPECT_EQ(up->channel, 7u);
  EXPECT_EQ(up->stream, 1);
  EXPECT_EQ(base::to_text(take(both.back->reader(), 2)), "up");
  auto down = both.front->reader().next().value();
  ASSERT_TRUE(down);
  EXPECT_EQ(base::to_text(take(both.front->reader(), 4)), "down");
  EXPECT_FALSE(both.front->reader().next().value());
  EXPECT_FALSE(both.back->reader().next().value());
}

TEST(Ring, ARecordMayBeReadInPieces) {
  BothSides both(4096);
  ASSERT_EQ(both.front->writer().write(1, 0, base::view("piecemeal")).value(), 9u);
  auto& reader = both.back->reader();
  EXPECT_EQ(reader.next().value()->remaining, 9u);
  EXPECT_EQ(base::to_text(take(reader, 5)), "piece");
  EXPECT_EQ(reader.next().value()->remaining, 4u);
  EXPECT_EQ(base::to_text(take(reader, 4)), "meal");
  EXPECT_FALSE(reader.next().value());
}

TEST(Ring, EveryByteSurvivesWrappingAtEverySize) {
  BothSides both(4096);
  std::mt19937 random(1);
  std::uint8_t in = 0;
  std::uint8_t out = 0;
  std::size_t sent = 0;
  std::size_t got = 0;
  while (got < 1'000'000) {
    const std::size_t want = random() % 3000 + 1;
    auto room = both.front->writer().reserve(want).value();
    if (room.size() > 0) {
      for (auto span : {room.first, room.second}) {
        for (auto& b : span) b = in++;
      }
      both.front->writer().commit(1, 0, room.size());
      sent += room.size();
    }
    while (auto record = both.back->reader().next().value()) {
      const std::size_t n = random() % record->remaining + 1;
      const Bytes part = random() % 2 == 0 ? take(both.back->reader(), n) : take_in_place(both.back->reader(), n);
      for (const auto b : part) ASSERT_EQ(b, out++);
      got += part.size();
      if (random() % 4 == 0) break;
    }
  }
  EXPECT_GT(sent, 0u);
}

TEST(Ring, AFullRingTakesNothingAndWakesItsWriterWhenThereIsRoomAgain) {
  BothSides both(4096);
  auto& writer = both.front->writer();
  while (writer.write(1, 0, Bytes(500, 1)).value() > 0) {
  }
  EXPECT_EQ(writer.reserve(4096)->size(), 0u);
  EXPECT_TRUE(writer.arm_wake_up().value());
  EXPECT_FALSE(rings(both.front->bell()));
  while (auto record = both.back->reader().next().value()) take(both.back->reader(), record->remaining);
  EXPECT_TRUE(rings(both.front->bell()));
  both.front->silence();
  EXPECT_FALSE(rings(both.front->bell()));
  EXPECT_GT(writer.reserve(100)->size(), 0u);
  EXPECT_FALSE(writer.arm_wake_up().value());
}

TEST(Ring, OnlyASleepingReaderIsWoken) {
  BothSides both(4096);
  ASSERT_EQ(both.front->writer().write(1, 0, base::view("a")).value(), 1u);
  EXPECT_FALSE(rings(both.back->bell()));
  EXPECT_FALSE(both.back->reader().arm_wake_up().value());
  ASSERT_TRUE(both.back->reader().next().value());
  take(both.back->reader(), 1);
  EXPECT_TRUE(both.back->reader().arm_wake_up().value());
  ASSERT_EQ(both.front->writer().write(1, 0, base::view("b")).value(), 1u);
  EXPECT_TRUE(rings(both.back->bell()));
  both.back->silence();
  ASSERT_EQ(both.front->writer().write(1, 0, base::view("c")).value(), 1u);
  EXPECT_FALSE(rings(both.back->bell()));
}

TEST(Ring, RefusesMemoryThatIsNotTheBrokers) {
  auto memory = std::move(ipc::RingMemory::create(4096).value());
  std::array<Fd, 3> two{Fd(::dup(memory.memory.get())), Fd(::dup(memory.front_bell.get())), Fd()};
  EXPECT_EQ(Ring::attach(RingSide::front, std::span(two).first(2)).error().code, Errc::invalid);
  std::array<Fd, 3> swapped{Fd(::dup(memory.front_bell.get())), Fd(::dup(memory.memory.get())), Fd()};
  EXPECT_FALSE(Ring::attach(RingSide::front, swapped));
}

// A peer that publishes whatever it likes.
struct HostilePeer : ::testing::Test {
  static constexpr std::size_t kCapacity = 4096;
  ipc::RingControl control{};
  alignas(16) std::array<std::uint8_t, kCapacity> data{};
  RingReader reader{control, data.data(), kCapacity, -1};
  RingWriter writer{control, data.data(), kCapacity, -1};

  void put_header(ipc::RingRecordHeader h, std::uint64_t head) {
    std::memcpy(data.data(), &h, sizeof(h));
    control.head = head;
  }
  Errc refused() {
    auto r = reader.next();
    return r ? Errc::exists : r.error().code;
  }
};

TEST_F(HostilePeer, ReaderRefusesIndicesBeyondTheRing) {
  for (const std::uint64_t head : {std::uint64_t{4112}, std::uint64_t{1} << 40, ~std::uint64_t{15}}) {
    control.head = head;
    EXPECT_EQ(refused(), Errc::corrupt) << head;
    EXPECT_FALSE(reader.arm_wake_up());
  }
  control.head = 33;
  EXPECT_EQ(refused(), Errc::corrupt);
}

TEST_F(HostilePeer, ReaderRefusesAnIndexThatGoesBack) {
  put_header({1, 0, {}, 16, 0}, 64);
  ASSERT_TRUE(reader.next().value());
  take(reader, 16);
  control.head = 32;
  EXPECT_EQ(refused(), Errc::corrupt);
}

TEST_F(HostilePeer, ReaderRefusesLengthsThatWereNotPublished) {
  put_header({1, 0, {}, 17, 0}, 32);
  EXPECT_EQ(refused(), Errc::corrupt);
  put_header({1, 0, {}, 0xffffffff, 0}, 4096);
  EXPECT_EQ(refused(), Errc::corrupt);
  put_header({1, 0, {}, 0xfffffff1, 0}, 4096);
  EXPECT_EQ(refused(), Errc::corrupt);
  put_header({1, 0, {}, 0, 0}, 32);
  EXPECT_EQ(refused(), Errc::corrupt);
  put_header({1, 0, {0, 1, 0}, 8, 0}, 32);
  EXPECT_EQ(refused(), Errc::corrupt);
  put_header({1, 0, {}, 8, 1}, 32);
  EXPECT_EQ(refused(), Errc::corrupt);
  put_header({1, 0, {}, 8, 0}, 16);
  EXPECT_EQ(refused(), Errc::corrupt);
}

TEST_F(HostilePeer, ReaderUsesTheLengthThatItChecked) {
  put_header({1, 0, {}, 16, 0}, 32);
  ASSERT_EQ(reader.next().value()->remaining, 16u);
  put_header({1, 0, {}, 4000, 0}, 32);  // changed after the look
  EXPECT_EQ(reader.next().value()->remaining, 16u);
}

TEST_F(HostilePeer, WriterRefusesImpossibleTails) {
  ASSERT_EQ(writer.write(1, 0, Bytes(100, 1)).value(), 100u);
  control.tail = 1 << 20;
  EXPECT_EQ(writer.reserve(10).error().code, Errc::corrupt);
  control.tail = ~std::uint64_t{0};
  EXPECT_EQ(writer.reserve(10).error().code, Errc::corrupt);
  control.tail = 128;
  EXPECT_TRUE(writer.reserve(10));
  control.tail = 64;
  EXPECT_EQ(writer.reserve(10).error().code, Errc::corrupt);
  EXPECT_FALSE(writer.arm_wake_up());
}

TEST_F(HostilePeer, WriterStaysInsideWhateverTheTail) {
  std::mt19937 random(3);
  for (int i = 0; i < 100'000; ++i) {
    control.tail = random() % 3 == 0 ? random() : control.head - random() % 5000;
    auto room = writer.reserve(random() % 5000 + 1);
    if (!room) {
      control.tail = control.head;
      continue;
    }
    for (auto span : {room->first, room->second}) {
      if (span.empty()) continue;
      ASSERT_GE(span.data(), data.data());
      ASSERT_LE(span.data() + span.size(), data.data() + kCapacity);
    }
    if (room->size() > 0) writer.commit(1, 0, random() % room->size() + 1);
  }
}

// Two threads, each asleep whenever it can be: one lost wake-up and this never ends.
TEST(RingStress, NoWakeUpIsLost) {
  BothSides both(4096);
  constexpr std::uint64_t kTotal = 32u << 20;
  std::atomic<bool> failed{false};
  std::atomic<std::uint64_t> sleeps{0};
  const auto wait = [&](Ring& ring) {
    pollfd p{ring.bell(), POLLIN, 0};
    if (::poll(&p, 1, 20000) != 1) failed = true;
    ring.silence();
    ++sleeps;
  };
  std::thread producer([&] {
    std::mt19937 random(5);
    std::uint64_t sent = 0;
    Bytes block(2000);
    while (sent < kTotal && !failed) {
      const std::size_t want = random() % 8 == 0 ? random() % block.size() + 1 : random() % 64 + 1;
      for (std::size_t i = 0; i < want; ++i) block[i] = static_cast<std::uint8_t>((sent + i) * 7);
      auto n = both.front->writer().write(1, 0, std::span(block).first(want));
      if (!n) {
        failed = true;
      } else if (*n > 0) {
        sent += *n;
      } else if (both.front->writer().arm_wake_up().value_or(false)) {
        wait(*both.front);
      }
    }
  });
  std::mt19937 random(6);
  std::uint64_t got = 0;
  Bytes block(2000);
  while (got < kTotal && !failed) {
    auto record = both.back->reader().next();
    if (!record) {
      failed = true;
    } else if (!*record) {
      if (both.back->reader().arm_wake_up().value_or(false)) wait(*both.back);
    } else {
      const std::size_t n = std::min<std::size_t>((*record)->remaining, random() % 1500 + 1);
      both.back->reader().read(std::span(block).first(n));
      for (std::size_t i = 0; i < n; ++i) {
        if (block[i] != static_cast<std::uint8_t>((got + i) * 7)) failed = true;
      }
      got += n;
    }
  }
  producer.join();
  EXPECT_FALSE(failed);
  EXPECT_GE(got, kTotal);
  EXPECT_GT(sleeps.load(), 10u);  // otherwise this tested nothing
}

}  // namespace
}  // namespace sallyport::leg
