// SPDX-License-Identifier: Apache-2.0
// One read of up to the transport's buffer a wake-up, everything decoded at once, one write a wake-up unless output
// piles up: few system calls under load, none of them late when idle.
#include "leg/ssh/peer.h"

#include <poll.h>

#include <cerrno>
#include <cstring>

#include "leg/stream.h"

namespace sallyport::leg::ssh {

namespace {
constexpr std::size_t kFlushAtBytes = 256 * 1024;
// Full buffers read before the broker's messages get their turn.
constexpr int kReadsPerTurn = 4;
}  // namespace

Peer::Peer(Loop& loop, int fd, codec::ssh::Transport& transport, PeerHandler& handler)
    : loop_(loop),
      fd_(fd),
      transport_(transport),
      handler_(handler),
      watch_(loop.watch(fd, POLLIN, [this](short revents) { ready(revents); })) {}

Peer::~Peer() {
  if (watch_) loop_.unwatch(*watch_);
}

void Peer::ready(short revents) {
  if ((revents & POLLOUT) != 0) flush();
  if ((revents & (POLLHUP | POLLERR)) != 0) return hung_up();
  if ((revents & POLLIN) == 0) return;
  for (int i = 0; i < kReadsPerTurn && reading_ && !handler_.peer_held(); ++i) {
    if (read_some() != Read::all_there_was_room_for) return;
  }
}

// What came before the hang-up is still to be read, when the peer is no longer held: see resume().
void Peer::hung_up() {
  loop_.unwatch(*watch_);
  watch_.reset();
  writing_ = false;
}

Peer::Read Peer::read_some() {
  const auto space = transport_.in_space();
  if (space.empty()) {  // events wait to be taken
    stalled_ = true;
    return Read::nothing;
  }
  const StreamResult r = receive_some(fd_, space);
  switch (r.state) {
    case StreamState::open:
      active_ = true;
      transport_.in_commit(r.bytes);
      process();
      return r.bytes == space.size() ? Read::all_there_was_room_for : Read::some;
    case StreamState::would_block:
      break;
    case StreamState::ended:
      write_error_ == 0 ? end(PeerEnd::closed, "connection closed") : end(PeerEnd::lost, std::strerror(write_error_));
      break;
    case StreamState::failed:
      end(PeerEnd::lost, std::strerror(r.error));
      break;
  }
  return Read::nothing;
}

void Peer::process() {
  stalled_ = choked_ = false;
  while (reading_) {
    if (handler_.peer_held()) {
      stalled_ = true;
      return;
    }
    auto event = transport_.next();
    if (!event) {
      end(PeerEnd::breach, event.error().message);
      return;
    }
    base::Status handled;
    switch (event->kind) {
      case codec::ssh::EventKind::none:
        choked_ = transport_.paused();
        return;
      case codec::ssh::EventKind::message:
        handled = handler_.peer_message(event->payload);
        break;
      case codec::ssh::EventKind::disconnected:
        end(PeerEnd::disconnected, transport_.peer_disconnect().text);
        return;
      case codec::ssh::EventKind::need_host_signature:
      case codec::ssh::EventKind::need_host_check:
      case codec::ssh::EventKind::keys_changed:
        handled = handler_.peer_event(event->kind);
        break;
    }
    if (!handled) {
      transport_.disconnect(codec::ssh::DisconnectReason::protocol_error, handled.error().message);
      end(PeerEnd::breach, handled.error().message);
      return;
    }
    if (transport_.out_view().size() >= kFlushAtBytes) flush();
  }
}

void Peer::resume() {
  if (stalled_ && reading_) process();
  while (!watch_ && reading_ && !stalled_ && !handler_.peer_held() && read_some() != Read::nothing) {
  }
  if (!watch_ && reading_ && !stalled_ && !handler_.peer_held()) end(PeerEnd::lost, "connection lost");
}

void Peer::flush() {
  while (writing_) {
    const base::ByteView out = transport_.out_view();
    if (out.empty()) break;
    const StreamResult r = send_some(fd_, out);
    if (r.state == StreamState::open) {
      made_room_ = active_ = true;
      if (choked_) stalled_ = true;
      transport_.out_consume(r.bytes);
      continue;
    }
    if (r.state != StreamState::would_block) write_failed(r.error);
    break;
  }
  // Nobody takes it: a full buffer would keep what the peer said last from being read.
  if (!writing_ && !transport_.out_view().empty()) {
    if (choked_) stalled_ = true;
    transport_.out_consume(transport_.out_view().size());
  }
}

// A peer that has hung up may have said much before: that is still to be read, and its end comes with the reading.
void Peer::write_failed(int error) {
  writing_ = false;
  write_error_ = error;
  const bool gone = error == EPIPE || error == ECONNRESET;
  if (!gone && reading_) end(PeerEnd::lost, std::strerror(error));
}

Loop::Before Peer::arm(Watch watch) {
  const bool takes = reading_ && !handler_.peer_held();
  if (watch_) {
    short events = 0;
    if (takes && !stalled_ && !choked_) events |= POLLIN;
    if (writing_ && !transport_.out_view().empty()) events |= POLLOUT;
    if (watch == Watch::nothing) events = 0;
    loop_.set_events(*watch_, events);
  }
  return takes && stalled_ ? Loop::Before::poll_at_once : Loop::Before::sleep;
}

bool Peer::drained() const {
  return !writing_ || transport_.out_view().empty();
}

bool Peer::take_activity() {
  const bool was = active_;
  active_ = false;
  return was;
}

void Peer::end(PeerEnd how, std::string_view text) {
  reading_ = false;
  if (how == PeerEnd::lost) writing_ = false;
  if (ended_) return;
  ended_ = true;
  handler_.peer_ended(how, text);
}

}  // namespace sallyport::leg::ssh
