// SPDX-License-Identifier: Apache-2.0
// The administrator's terminal as a contained reader has it: a pipe that takes what is to show, and a socket on which
// the command line tells it of keys, of the terminal's size and of a watched session's events. Untrusted side.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "cli/tty.h"
#include "codec/terminal/terminal.h"

namespace sallyport::cli {

/// First byte of a message of the command line to its reader; the rest is the order's.
enum class Order : std::uint8_t {
  key = 'k',        ///< a Key
  size = 's',       ///< rows and columns, two bytes each, little-endian
  watched = 'w',    ///< an ipc::WatchEvent, serialized
  watch_end = 'e',  ///< the session that is watched is over
};

/// First byte of a message of a reader to the command line.
enum class Word : std::uint8_t {
  screen = 'S',  ///< take the terminal's screen: what follows on standard output is painted
  result = 'R',  ///< the last: what became of the verb
};

class Viewer {
 public:
  Viewer(int orders_fd, int out_fd, codec::terminal::Size size) : orders_(orders_fd), out_(out_fd), size_(size) {}

  void take_screen();
  void write(const std::string& bytes);
  codec::terminal::Size size() const { return size_; }
  /// Whether the size may have changed since the last call.
  bool take_resized();
  /// Waits up to timeout_ms for an order; what has come by then is taken in.
  void wait(int timeout_ms);
  /// The next key, after waiting up to timeout_ms for one.
  Key wait_key(int timeout_ms);
  /// The next event of the watched session that has come: an ipc::WatchEvent. Empty: none.
  std::string take_watched();
  bool watch_ended() const { return watch_ended_ && watched_.empty(); }
  /// The command line is gone: nobody looks any more.
  bool left() const { return left_; }

 private:
  bool take_order(int timeout_ms);

  int orders_;
  int out_;
  codec::terminal::Size size_;
  std::deque<Key> keys_;
  std::deque<std::string> watched_;
  bool resized_ = false;
  bool watch_ended_ = false;
  bool left_ = false;
};

}  // namespace sallyport::cli
