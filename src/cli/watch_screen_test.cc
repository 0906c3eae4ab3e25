// SPDX-License-Identifier: Apache-2.0
// Whoever joins, follows, misses events or joins again sees the screen that the session's terminal shows, however late
// keyframes come.
#include "cli/watch_screen.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "broker/session/inspector_queue.h"
#include "broker/session/live_feed.h"
#include "event/event.pb.h"

namespace sallyport::cli {
namespace {

using broker::FeedEntry;
using broker::LiveFeed;
using codec::terminal::Terminal;
using event::Event;

Event output(const std::string& bytes, std::uint32_t channel = 0) {
  Event event;
  event.mutable_data()->set_channel(channel);
  event.mutable_data()->set_bytes(bytes);
  return event;
}

Event keyframe(const Terminal& of, std::uint64_t as_of) {
  Event event;
  event.mutable_keyframe()->set_columns(static_cast<std::uint32_t>(of.size().columns));
  event.mutable_keyframe()->set_rows(static_cast<std::uint32_t>(of.size().rows));
  event.mutable_keyframe()->set_ansi(of.keyframe());
  event.mutable_keyframe()->set_as_of(as_of);
  return event;
}

TEST(WatchScreen, OutputThatAKeyframeDrawsIsNotDrawnAgain) {
  Terminal terminal({24, 80});
  terminal.feed(base::view("one two "));
  WatchScreen watch;
  EXPECT_TRUE(watch.see(9, keyframe(terminal, 5)));
  watch.see(4, output("one "));
  watch.see(5, output("two "));
  watch.see(6, output("three"));
  ASSERT_NE(watch.screen(), nullptr);
  EXPECT_EQ(watch.screen()->rendered_text()[0], "one two three");
}

TEST(WatchScreen, OutputBeforeALateKeyframeIsKept) {
  Terminal terminal({24, 80});
  terminal.feed(base::view("one "));
  WatchScreen watch;
  watch.see(5, output("two "));
  watch.see(6, output("not here", 2));
  watch.see(7, output("three"));
  EXPECT_EQ(watch.screen(), nullptr);
  watch.see(8, keyframe(terminal, 4));
  EXPECT_EQ(watch.screen()->rendered_text()[0], "one two three");
}

TEST(WatchScreen, WhoMissedNothingHasNoUseForKeyframes) {
  Event pty;
  pty.mutable_request()->mutable_pty()->set_columns(80);
  WatchScreen watch;
  EXPECT_TRUE(watch.see(1, pty));
  watch.see(2, output("right"));
  Terminal other({24, 80});
  other.feed(base::view("wrong"));
  watch.see(3, keyframe(other, 1));
  EXPECT_EQ(watch.screen()->rendered_text()[0], "right");
  watch.gap();
  watch.see(9, keyframe(other, 8));
  EXPECT_EQ(watch.screen()->rendered_text()[0], "wrong") << "after a gap it has";
}

/// A session under heavy output: an inspector that lags as far behind as the broker's queue lets it without a gap, and
/// says keyframes of what it has read.
class HeavyOutput {
 public:
  explicit HeavyOutput(unsigned seed) : random_(seed) {}

  void step() {
    std::string bytes;
    const std::size_t size = random_() % 3 == 0 ? 32 * 1024 : random_() % 500;
    while (bytes.size() < size) bytes += piece();
    bytes.resize(std::min<std::size_t>(bytes.size(), 32 * 1024));  // which may cut a sequence
    const std::string said = output(bytes).SerializeAsString();
    truth_.feed(base::view(bytes));
    ++sequence_;
    while (!queue_.push(sequence_, base::view(said))) ASSERT_TRUE(read_one());
    feed.add({sequence_, 1}, false, base::view(said));
    if (queue_.worth_sending()) send();
    if (feed.take_keyframe_due()) want();
    if (random_() % 8 == 0) read_one();
  }
  const Terminal& truth() const { return truth_; }
  void want() {
    send();
    ipc::BrokerToInspector wanted;
    wanted.mutable_keyframes_wanted();
    sent_.push_back(wanted);
  }

  LiveFeed feed;

 private:
  void send() {
    ipc::BrokerToInspector message;
    while (queue_.next(message) != 0) sent_.push_back(message);
  }
  std::string piece() {
    switch (random_() % 6) {
      case 0:
        return "\x1b[" + std::to_string(1 + random_() % 24) + ";" + std::to_string(1 + random_() % 80) + "H";
      case 1:
        return "\x1b[3" + std::to_string(random_() % 8) + "m";
      case 2:
        return random_() % 2 == 0 ? "\x1b[?1049h" : "\x1b[?1049l";
      case 3:
        return "\x1b[K\xc3\xa4";
      case 4:
        return "\r\n";
      default:
        return "line " + std::to_string(random_());
    }
  }
  bool read_one() {
    if (sent_.empty()) send();
    if (sent_.empty()) return false;
    const ipc::BrokerToInspector message = std::move(sent_.front());
    sent_.pop_front();
    for (const auto& one : message.events().events()) {
      Event event;
      EXPECT_TRUE(event.ParseFromString(one.event()));
      model_.feed(base::view(event.data().bytes()));
      EXPECT_TRUE(queue_.read(read_up_to_ = one.sequence()));
    }
    if (message.has_keyframes_wanted()) {
      const std::string said = keyframe(model_, read_up_to_).SerializeAsString();
      feed.add_keyframe({++sequence_, 1}, {0, read_up_to_}, LiveFeed::Part::last, base::view(said));
    }
    send();
    return true;
  }

  std::mt19937 random_;
  Terminal truth_{{24, 80}, 0};
  Terminal model_{{24, 80}, 0};
  broker::InspectorQueue queue_;
  std::deque<ipc::BrokerToInspector> sent_;
  std::uint64_t sequence_ = 0;
  std::uint64_t read_up_to_ = 0;
};

class Watching {
 public:
  explicit Watching(const LiveFeed& feed) : feed_(feed) {}
  void look(std::size_t most) {
    const auto batch = feed_.after(seq_, most);
    if (batch.lost) watch.gap();
    for (const FeedEntry& entry : batch.keyframes) see(entry);
    if (batch.gap) {
      ++gaps;
      watch.gap();
    }
    for (const FeedEntry& entry : batch.entries) see(entry);
    seq_ = batch.up_to;
  }
  void catch_up() {
    for (std::uint64_t before = seq_ + 1; before != seq_;) {
      before = seq_;
      look(128 * 1024);
    }
  }
  WatchScreen watch;
  unsigned gaps = 0;

 private:
  void see(const FeedEntry& entry) {
    Event event;
    ASSERT_TRUE(event.ParseFromArray(entry.event->data(), static_cast<int>(entry.event->size())));
    watch.see(entry.at.sequence, event);
  }
  const LiveFeed& feed_;
  std::uint64_t seq_ = 0;
};

TEST(WatchScreen, WhoeverJoinsUnderHeavyOutputSeesTheScreenOfTheTerminal) {
  unsigned compared = 0;
  for (unsigned seed = 0; seed < 3; ++seed) {
    HeavyOutput session(seed);
    session.want();
    for (int i = 0; i < 150; ++i) session.step();
    Watching slow(session.feed);  // looks now and then, and misses much
    for (int join = 0; join < 5; ++join) {
      Watching late(session.feed);
      for (int i = 0; i < 20; ++i) {
        session.step();
        late.look(64 * 1024);
      }
      late.catch_up();
      slow.catch_up();
      EXPECT_EQ(late.gaps, 0u) << "seed " << seed << ", join " << join;
      for (const Watching* one : {&late, &slow}) {
        ASSERT_NE(one->watch.screen(), nullptr);
        ASSERT_EQ(one->watch.screen()->cells(), session.truth().cells()) << "seed " << seed << ", join " << join;
        ASSERT_EQ(one->watch.screen()->cursor(), session.truth().cursor());
        ++compared;
      }
      for (int i = 0; i < 30; ++i) session.step();
    }
  }
  EXPECT_EQ(compared, 3u * 5 * 2);
}

}  // namespace
}  // namespace sallyport::cli
