// SPDX-License-Identifier: Apache-2.0
// The same for a record that is still being written: its newest frames lie in a tail, one by one.
#include <unistd.h>

#include <functional>
#include <map>

#include "recording/file_io.h"
#include "recording/frame.h"
#include "recording/verify_test.h"

namespace sallyport::recording::testing {
namespace {

class TailTest : public VerifyTest {
 protected:
  void write_live() {
    writer = create();
    for (int i = 0; i < 6; ++i) {
      ASSERT_TRUE(
          writer->add(EntryKind::plain, 100 + i, base::view(std::string(static_cast<std::size_t>(8 + i), 'e'))));
      ASSERT_TRUE(writer->flush());
    }
    sound = load(tail(0));
    walk = walk_frames(base::view(std::string_view(sound).substr(kTailHeadBytes)), writer->header_hash());
    ASSERT_EQ(walk.frames.size(), 6U);
  }
  std::string frame(std::size_t i) const {
    return sound.substr(kTailHeadBytes + walk.frames[i].offset, walk.frames[i].size);
  }
  void put_frames(const std::vector<std::string>& frames) {
    std::string bytes = sound.substr(0, kTailHeadBytes);
    for (const std::string& f : frames) bytes += f;
    bytes.resize(sound.size());
    store(tail(0), bytes);
  }
  std::unique_ptr<Writer> writer;
  std::string sound;
  FrameWalk walk;
};

TEST_F(TailTest, ALiveRecordIsSound) {
  write_live();
  const auto k = keys(auditor);
  EXPECT_TRUE(check(&k).sound()) << text(check(&k));
  EXPECT_EQ(check().state, VerifyReport::State::live);
  EXPECT_EQ(check().tail_frames, 6U);
}

/// What the gateway hands out of a record under way: descriptors, while the writer goes on.
class HeldFiles final : public RecordSource {
 public:
  HeldFiles(const std::string& directory, const std::string& id) : files_(std::move(*open_directory(directory, id))) {
    const auto numbers = list_tails(directory, id);
    for (const std::uint64_t n : *numbers) tails_[n] = std::move(*files_->open_tail(n));
  }
  int record_fd() const override { return files_->record_fd(); }
  base::Result<base::Fd> open_tail(std::uint64_t number) const override {
    before_tail();
    const auto found = tails_.find(number);
    if (found == tails_.end()) return base::fail(base::Errc::not_found, "no tail");
    return base::Fd(::dup(found->second.get()));
  }
  std::function<void()> before_tail;

 private:
  std::unique_ptr<RecordSource> files_;
  std::map<std::uint64_t, base::Fd> tails_;
};

TEST_F(TailTest, ARecordThatGrowsMeanwhileIsSoundAsFarAsItsTailsWereHanded) {
  writer = create();
  const auto go_on = [&](int events) {
    for (int i = 0; i < events; ++i) {
      ASSERT_TRUE(writer->add(EntryKind::plain, 100, base::view(std::string(20'000, 'e'))));
      ASSERT_TRUE(writer->flush());
      run_jobs(*writer);
    }
  };
  // Between the hand-over and the look at the record, and between looks at its tails.
  for (const auto& [before, between] : {std::pair{25, 1}, {0, 2}, {0, 3}, {0, 6}}) {
    int grown = 0;
    for (int start = 1; start <= 40; start += 3) {
      go_on(start);
      VerifyOptions o;
      o.record_bytes = std::filesystem::file_size(rec());
      HeldFiles held(directory, id);
      go_on(before);
      held.before_tail = [&, n = between] { go_on(n); };
      const auto report = verify(held, o);
      ASSERT_TRUE(report.has_value());
      ASSERT_TRUE(report->sound()) << before << " " << between << " " << start << "\n" << text(*report);
      if (std::filesystem::file_size(rec()) > o.record_bytes) ++grown;
    }
    EXPECT_GT(grown, 3) << "the record hardly grew: nothing was tried";
  }
}

TEST_F(TailTest, ARecordThatIsBeingClosedIsSoundAtEveryMoment) {
  write_live();
  const std::size_t open = load(rec()).size();
  close(*writer);
  const std::string sealed = load(rec());
  auto s = source();
  auto map = RecordMap::open(s->record_fd());
  ASSERT_TRUE(map->extend());
  for (std::size_t size = open; size <= sealed.size(); ++size) {
    store(rec(), sealed.substr(0, size));
    store(tail(0), sound);
    ASSERT_TRUE(check().sound()) << size << "\n" << text(check());
  }
  // What is no tail of this chunk does not stand for the seal.
  store(rec(), sealed.substr(0, map->seal_offset()));
  std::string other = sound;
  other[kTailHeadBytes + walk.frames[0].offset + 20] ^= 1;
  for (const std::string& planted : {std::string(), std::string(sound.size(), '\0'), other}) {
    store(tail(0), planted);
    EXPECT_FALSE(check().sound()) << planted.size();
  }
  std::filesystem::remove(tail(0));
  EXPECT_FALSE(check().sound());
}

TEST_F(TailTest, EveryFlippedByteOfATailNamesItsFrame) {
  write_live();
  for (std::size_t i = 0; i < kTailHeadBytes; ++i) {
    std::string bad = sound;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    store(tail(0), bad);
    ASSERT_FALSE(check().sound()) << "head byte " << i;
    ASSERT_TRUE(names(check(), "tail 0")) << text(check());
  }
  for (const WalkedFrame& f : walk.frames) {
    for (std::size_t i = 0; i < f.size; ++i) {
      std::string bad = sound;
      char& byte = bad[kTailHeadBytes + f.offset + i];
      byte = static_cast<char>(byte ^ 0x10);
      store(tail(0), bad);
      const VerifyReport report = check();
      ASSERT_FALSE(report.sound()) << "frame " << f.head.number << " byte " << i << "\n" << text(report);
      ASSERT_TRUE(names(report, "tail 0, frame " + std::to_string(f.head.number)) ||
                  names(report, "tail 0, frame " + std::to_string(f.head.number ^ 0x10)))
          << "frame " << f.head.number << " byte " << i << "\n"
          << text(report);
    }
  }
}

TEST_F(TailTest, AFlippedByteIsNoTornWriteWhereTheHashEndsInAZero) {
  writer = create();
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_TRUE(writer->ready());
    ASSERT_TRUE(writer->add(EntryKind::plain, 100 + i, base::view("e")));
    ASSERT_TRUE(writer->flush());
    sound = load(tail(0));
    if (sound[writer->tail_bytes() - 1] == 0) break;
  }
  ASSERT_EQ(sound[writer->tail_bytes() - 1], 0);
  walk = walk_frames(base::view(std::string_view(sound).substr(kTailHeadBytes)), writer->header_hash());
  const WalkedFrame& last = walk.frames.back();
  for (std::size_t i = 0; i < last.size; ++i) {
    std::string bad = sound;
    char& byte = bad[kTailHeadBytes + last.offset + i];
    byte = static_cast<char>(byte ^ 0x10);
    store(tail(0), bad);
    ASSERT_FALSE(check().sound()) << "byte " << i << "\n" << text(check());
  }
}

TEST_F(TailTest, FramesMissingDoubledAndSwappedAreNamed) {
  write_live();
  std::vector<std::string> frames;
  for (std::size_t i = 0; i < 6; ++i) frames.push_back(frame(i));
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string name = "frame " + std::to_string(i);
    auto changed = frames;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    put_frames(changed);
    EXPECT_NE(text(check()).find(name + ": missing"), std::string::npos) << text(check());
    changed = frames;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), frames[i]);
    put_frames(changed);
    EXPECT_NE(text(check()).find("duplicate of " + name), std::string::npos) << text(check());
    changed = frames;
    std::swap(changed[i], changed[i + 1]);
    put_frames(changed);
    EXPECT_TRUE(names(check(), "tail 0, " + name)) << text(check());
    EXPECT_FALSE(check().sound());
  }
}

TEST_F(TailTest, ALostTailIsNamed) {
  write_live();
  std::filesystem::remove(tail(0));
  EXPECT_FALSE(check().sound());
  EXPECT_TRUE(names(check(), "end")) << text(check());
}

TEST_F(TailTest, ADamagedFrameCostsItselfInReading) {
  write_live();
  std::string bad = sound;
  bad[kTailHeadBytes + walk.frames[2].offset + kFrameHeadBytes + 3] ^= 1;
  store(tail(0), bad);
  const auto content = read_all(viewer);
  EXPECT_EQ(content.events.size(), 5U);
  ASSERT_EQ(content.damage.size(), 1U);
  EXPECT_NE(content.damage[0].where.find("frame 2"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::recording::testing
