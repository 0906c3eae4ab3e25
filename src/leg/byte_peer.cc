// SPDX-License-Identifier: Apache-2.0
// A few reads a wake-up, one write.
#include "leg/byte_peer.h"

#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "leg/stream.h"

namespace sallyport::leg {

namespace {
constexpr std::size_t kReadBytes = 16 * 1024;
// Full buffers read before the broker's messages get their turn.
constexpr int kReadsPerTurn = 4;
}  // namespace

BytePeer::BytePeer(Loop& loop, int fd, base::Bytes& output, BytePeerHandler& handler)
    : loop_(loop),
      fd_(fd),
      output_(output),
      handler_(handler),
      watch_(loop.watch(fd, POLLIN, [this](short revents) { ready(revents); })) {}

BytePeer::~BytePeer() {
  if (watch_) loop_.unwatch(*watch_);
}

void BytePeer::ready(short revents) {
  if ((revents & POLLOUT) != 0) flush();
  if ((revents & (POLLHUP | POLLERR)) != 0) {
    // What came before the hang-up is still to be read, when the peer is no longer held: see resume().
    loop_.unwatch(*watch_);
    watch_.reset();
    writing_ = false;
    return;
  }
  if ((revents & POLLIN) == 0) return;
  for (int i = 0; i < kReadsPerTurn && reading_ && !handler_.peer_held(); ++i) {
    if (!read_some()) return;
  }
}

// True: there may be more.
bool BytePeer::read_some() {
  std::array<std::uint8_t, kReadBytes> buffer;
  const StreamResult r = receive_some(fd_, buffer);
  switch (r.state) {
    case StreamState::open: {
      active_ = true;
      auto taken = handler_.peer_bytes(base::ByteView(buffer).first(r.bytes));
      if (!taken) end(BytePeerEnd::breach, taken.error().message);
      return taken.has_value() && (r.bytes == buffer.size() || !watch_);
    }
    case StreamState::would_block:
      return false;
    case StreamState::ended:
      end(BytePeerEnd::closed, "connection closed");
      return false;
    case StreamState::failed:
      end(BytePeerEnd::lost, std::strerror(r.error));
      return false;
  }
  return false;
}

void BytePeer::resume() {
  if (watch_) return;
  while (reading_ && !handler_.peer_held() && read_some()) {
  }
  if (reading_ && !handler_.peer_held()) end(BytePeerEnd::lost, "connection lost");
}

void BytePeer::flush() {
  std::size_t written = 0;
  while (writing_ && written < output_.size()) {
    const StreamResult r = send_some(fd_, base::ByteView(output_).subspan(written));
    if (r.state == StreamState::open) {
      made_room_ = active_ = true;
      written += r.bytes;
      continue;
    }
    // A peer that takes no more may have said much before: its end comes with the reading.
    if (r.state != StreamState::would_block) writing_ = false;
    break;
  }
  if (!writing_) written = output_.size();  // nobody takes it
  output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(written));
}

Loop::Before BytePeer::arm() {
  if (!watch_) return Loop::Before::sleep;
  short events = 0;
  if (reading_ && !handler_.peer_held()) events |= POLLIN;
  if (writing_ && !output_.empty()) events |= POLLOUT;
  loop_.set_events(*watch_, events);
  return Loop::Before::sleep;
}

bool BytePeer::take_room() {
  return std::exchange(made_room_, false);
}

bool BytePeer::take_activity() {
  return std::exchange(active_, false);
}

void BytePeer::end(BytePeerEnd how, std::string_view text) {
  if (!reading_) return;
  reading_ = false;
  if (how == BytePeerEnd::lost) writing_ = false;
  handler_.peer_ended(how, text);
}

}  // namespace sallyport::leg
