// SPDX-License-Identifier: Apache-2.0
// The screen of a watched session: keyframes are as of an earlier event than the one they follow, so output that a
// keyframe draws already is not drawn again. Untrusted side: foreign bytes, in a contained child.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "codec/terminal/terminal.h"

namespace sallyport::event {
class Event;
class Keyframe;
}  // namespace sallyport::event

namespace sallyport::cli {

/// The first terminal is the one that shows.
class WatchScreen {
 public:
  /// Output kept until a keyframe comes that it follows: as much as the gateway keeps for watchers.
  static constexpr std::size_t kMaxKeptBytes = 1024 * 1024;

  /// sequence: the event's number in the record. True: it was for the terminal that shows, or made one show.
  bool see(std::uint64_t sequence, const event::Event& event);
  /// Events are missing here: the next keyframe is drawn.
  void gap();

  /// Null: no terminal shows yet.
  const codec::terminal::Terminal* screen() const { return screen_ ? &*screen_ : nullptr; }

 private:
  struct Change {
    std::uint32_t channel = 0;
    std::uint64_t sequence = 0;
    std::string output;
    std::optional<codec::terminal::Size> size;
  };
  bool keyframe(const event::Keyframe& keyframe);
  bool change(Change change);
  void keep(Change change);
  void apply(const Change& change);

  std::optional<codec::terminal::Terminal> screen_;
  std::uint32_t channel_ = 0;
  std::uint64_t as_of_ = 0;  // what the screen draws already
  bool whole_ = false;       // nothing was missing since: keyframes draw nothing new
  // A keyframe whose parts are still coming.
  std::optional<codec::terminal::Terminal> coming_;
  std::uint32_t coming_channel_ = 0;
  // What the keyframe that is waited for may not draw.
  std::deque<Change> kept_;
  std::size_t kept_bytes_ = 0;
  std::uint64_t dropped_up_to_ = 0;
};

}  // namespace sallyport::cli
