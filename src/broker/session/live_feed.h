// SPDX-License-Identifier: Apache-2.0
// What watchers of a live session see: the last keyframes and everything since the events that these keyframes draw, in
// memory, so that watching needs neither the disk nor the session's loop. Trusted side; any thread may call. It never
// holds what the user typed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "broker/record/record_sink.h"

namespace sallyport::broker {

struct FeedEntry {
  std::uint64_t seq = 0;  ///< in the feed
  RecordPlace at;
  bool up = false;
  std::shared_ptr<const base::Bytes> event;  ///< a serialized event.Event; none: the keyframe of a channel came here
  std::uint32_t channel = 0;                 ///< which channel
};

class LiveFeed {
 public:
  /// Bytes of events kept; older ones go, and a watcher that needs them is told of the gap. A keyframe is as of an
  /// earlier event: as much as an inspector may be behind (InspectorQueue) and as makes a keyframe due fits.
  static constexpr std::size_t kCapacityBytes = 1024 * 1024;
  /// After this much without a keyframe one is wanted, so that joining stays cheap.
  static constexpr std::size_t kKeyframeDueBytes = 128 * 1024;
  /// Bytes of keyframes kept of all channels: the largest screen in its richest colours fits. One that does not fit is
  /// not kept; watchers then see what came since.
  static constexpr std::size_t kKeyframeCapacityBytes = 32 * 1024 * 1024;

  /// A large screen comes in several events.
  enum class Part { more_follow, last };

  struct ScreenOf {
    std::uint32_t channel = 0;
    std::uint64_t as_of = 0;  ///< the record's number of the last event that is drawn in it
  };

  /// Session loop: an event that is in the record already.
  void add(RecordPlace at, bool up, base::ByteView event);
  /// Session loop: a part of a keyframe of one channel; what the whole one makes superfluous is dropped with its last.
  void add_keyframe(RecordPlace at, ScreenOf screen, Part part, base::ByteView event);
  /// Session loop: the channel has ended, its screen is of no use to whoever joins.
  void forget(std::uint32_t channel);
  std::size_t keyframe_bytes() const;
  /// There is no room for them: watchers see what came since.
  void drop_keyframes();
  /// Whether a keyframe should be asked for. Says so once per due.
  bool take_keyframe_due();
  /// No more will come.
  void close();

  struct Batch {
    bool lost = false;                 ///< the watcher missed events; what follows begins with the keyframes
    std::vector<FeedEntry> keyframes;  ///< each as of an event; entries that it draws already may follow
    bool gap = false;                  ///< events behind the keyframes and before the entries are gone
    std::vector<FeedEntry> entries;
    std::uint64_t up_to = 0;  ///< where the watcher goes on
    bool closed = false;      ///< nothing will follow
    bool empty() const { return keyframes.empty() && entries.empty(); }
  };
  /// The entries after a place in the feed (0: from the keyframes on), at most max_bytes of them.
  Batch after(std::uint64_t seq, std::size_t max_bytes) const;

  /// Calls back, on the session's loop, whenever there is something new; returns a token for unsubscribe(). The
  /// callback must only wake somebody up.
  std::uint64_t subscribe(std::function<void()> wake);
  void unsubscribe(std::uint64_t token);

 private:
  struct Keyframe {
    std::vector<FeedEntry> parts;
    std::size_t bytes = 0;
    bool too_large = false;
    std::uint64_t as_of = 0;
    std::uint64_t marker = 0;  // the entry that stands for it
  };
  void notify();
  void trim();
  void put(FeedEntry entry);
  void pop_front();
  void dropped(std::uint64_t sequence);
  bool keep_part(Keyframe& partial, const FeedEntry& part);
  void whole(std::uint32_t channel, RecordPlace at);
  void take_keyframes(Batch& out) const;
  void drop(std::map<std::uint32_t, Keyframe>& frames, std::uint32_t channel);

  mutable std::mutex mutex_;
  std::deque<FeedEntry> entries_;
  std::map<std::uint32_t, Keyframe> keyframes_;  // the latest whole one of each channel
  std::map<std::uint32_t, Keyframe> partial_;    // parts whose last is still to come
  std::size_t keyframe_bytes_ = 0;               // of both
  std::size_t bytes_ = 0;
  std::size_t since_keyframe_ = 0;
  std::uint64_t next_seq_ = 1;
  // The highest number in the record of an entry that went although no keyframe drew it.
  std::optional<std::uint64_t> dropped_up_to_;
  bool keyframe_asked_ = false;
  bool closed_ = false;
  std::map<std::uint64_t, std::function<void()>> subscribers_;
  std::uint64_t next_token_ = 1;
};

}  // namespace sallyport::broker
