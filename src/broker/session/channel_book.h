// SPDX-License-Identifier: Apache-2.0
// What a session's channels are and how many bytes went through them: the ground for verdicts and for the coverage
// manifest. Trusted side; pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::event {
class ChannelCoverage;
class StreamBlock;
}  // namespace sallyport::event

namespace sallyport::broker {

/// Up: from the user to the target.
enum class Direction : std::uint8_t { up, down };

/// One stream of a channel in one direction.
struct StreamCount {
  std::uint64_t as_events = 0;           ///< bytes that went as Data, verbatim in the record
  bool bulk_ordered = false;             ///< BulkStart was sent
  bool bulk_begun = false;               ///< BulkBegin was seen
  std::uint64_t bulk_bytes = 0;          ///< counted (and hashed) by the back
  base::Bytes sha256;                    ///< of the bulk part so far
  std::optional<std::uint64_t> claimed;  ///< what the sender said the total is, at its end
  std::uint64_t total() const { return as_events + bulk_bytes; }
};

/// Requests that wait for an answer, in order. true: refused by the broker, to be answered in its turn. Takes no memory
/// while none waits: a session has thousands of channels.
class AnswersDue {
 public:
  void push_back(bool refused) { entries_.push_back(refused); }
  void pop_front();
  bool front() const { return entries_[first_]; }
  bool empty() const { return first_ == entries_.size(); }
  std::size_t size() const { return entries_.size() - first_; }

 private:
  std::vector<bool> entries_;
  std::size_t first_ = 0;
};

struct Channel {
  std::uint32_t number = 0;
  Direction opener = Direction::up;
  std::string type;     ///< as it was opened, cut to what the coverage manifest names
  std::string purpose;  ///< the programs that were let through, in the protocol's words, or the type
  bool pty = false;
  bool answered = false;  ///< opened or refused
  bool refused = false;
  bool eof_up = false, eof_down = false;
  bool closed_up = false, closed_down = false;
  StreamCount up, down, down_stderr;
  AnswersDue answers_due;  ///< requests of the front

  /// A program that was asked for and let through. All of them are named: which one runs, a user may lie about.
  void add_purpose(const std::string& what) {
    if (purpose == type) {
      purpose = what;
    } else if (purpose.find(what) == std::string::npos) {
      purpose += " + " + what;
    }
  }

  StreamCount& stream(Direction direction, bool is_stderr) {
    return direction == Direction::up ? up : is_stderr ? down_stderr : down;
  }
};

class ChannelBook {
 public:
  /// Channels that a session may have over its life; the numbers are never used twice.
  static constexpr std::size_t kMaxEver = 10'000;
  /// The most that one block may cover: a back tells at most a MiB at a time (src/back/ssh/bulk.cc).
  static constexpr std::uint64_t kMaxBlockBytes = 16 * 1024 * 1024;
  /// Requests of a channel that may wait for their answers: the engine takes no more from an honest client.
  static constexpr std::size_t kMaxAnswersDue = 2048;

  /// Null when there is none with this number.
  Channel* find(std::uint32_t number);
  const Channel* find(std::uint32_t number) const;
  /// Errors: invalid (a number that is not the opener's to choose, or was used), full (there have been kMaxEver).
  base::Result<Channel*> open(std::uint32_t number, Direction opener, const std::string& type);
  /// Whether a channel that has a terminal is open on either side.
  bool has_open_terminal() const;
  /// Open channels now.
  std::size_t open_count() const;
  std::map<std::uint32_t, Channel>& all() { return channels_; }
  const std::map<std::uint32_t, Channel>& all() const { return channels_; }

  /// Books a block that the back counted. Errors: invalid (no such bulk stream, a gap, an overlap).
  base::Status book_block(const event::StreamBlock& block);

  /// One line of the coverage manifest, with long names cut. hashed: the policy had bulk bytes hashed.
  static void describe(const Channel& channel, bool hashed, event::ChannelCoverage& out);

 private:
  std::map<std::uint32_t, Channel> channels_;
  std::int64_t last_up_ = -2, last_down_ = -1;
};

}  // namespace sallyport::broker
