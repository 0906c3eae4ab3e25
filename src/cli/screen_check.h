// SPDX-License-Identifier: Apache-2.0
// Compares the screens in a record with what its output draws. Untrusted side: foreign bytes, in a contained child. Its
// memory is bounded by cells, whatever a record claims.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "cli/record_access.h"

namespace sallyport::event {
class Keyframe;
}

namespace sallyport::cli {

/// Recorded screens are caches of what the output draws: one that differs is worth knowing, but it is no damage. A
/// screen is as of an event that stands before it in the record (in older records, as of where it stands), so output
/// waits a while to be drawn. In older records a resize took effect a little after it was recorded, so screens of
/// another size are not compared.
class ScreenCheck {
 public:
  /// Output that waits; more than an inspector may be behind.
  static constexpr std::size_t kMaxWaitingBytes = 1024 * 1024;
  /// Cells of all models together: as many as two of the largest terminals have, or 500 usual ones.
  static constexpr std::size_t kMaxCells =
      std::size_t{2} * codec::terminal::kMaxSize.rows * codec::terminal::kMaxSize.columns;

  void see(const EventPlace& at, const event::Event& event);

  std::size_t compared() const { return compared_; }
  std::size_t different() const { return different_; }
  /// Recorded screens that were not compared: there was no room for a model, or the inspector had missed output.
  std::size_t left_out() const { return left_out_; }

 private:
  enum class Kind : std::uint8_t { screen, keyframe };  // a channel's screen, and a recorded one being put together
  using Key = std::pair<std::uint32_t, Kind>;

  /// A change of a terminal that is not drawn yet.
  struct Change {
    std::uint32_t channel = 0;
    std::uint64_t sequence = 0;
    std::string output;
    std::optional<codec::terminal::Size> size;
  };

  void wait(Change change);
  void draw_up_to(std::uint64_t sequence);
  void draw_first();
  codec::terminal::Terminal* screen_of(std::uint32_t channel);
  codec::terminal::Terminal* make(Key key, codec::terminal::Size size);
  void resize(std::uint32_t channel, codec::terminal::Size size);
  void drop(Key key);
  void give_up(std::uint32_t channel);
  void keyframe(const event::Keyframe& part);

  ChannelTracker tracker_;
  std::deque<Change> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::uint32_t, std::uint64_t> drawn_up_to_;  // of each screen
  std::map<Key, codec::terminal::Terminal> models_;
  std::set<std::uint32_t> given_up_;  // channels whose output is not followed any more
  std::size_t cells_ = 0;
  std::size_t compared_ = 0;
  std::size_t different_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace sallyport::cli
