// SPDX-License-Identifier: Apache-2.0
// What an SSH worker does in the steps of a worker's life: moves bulk and the relay, and rests while bulk is fast.
#include "leg/ssh/worker.h"

#include <algorithm>
#include <utility>

#include "ipc/worker.pb.h"

namespace sallyport::leg::ssh {

namespace {
// While bulk flows fast, the worker rests between two looks at its descriptors, whatever comes: it then handles much at
// once. A wake-up costs more than the bytes it would bring. The rest grows and shrinks to bring about half a MiB.
constexpr base::Micros kShortRestUs = 50;
constexpr base::Micros kLongRestUs = 1000;
constexpr std::uint64_t kTooLittle = 128 * 1024;
constexpr std::uint64_t kEnough = 384 * 1024;
constexpr std::uint64_t kFastBytes = 64 * 1024;
}  // namespace

Worker::Worker(Side side, WorkerSockets sockets, const base::Clock& clock, base::Random& random)
    : WorkerLife(sockets, clock), side_(side), random_(random), peer_fd_(sockets.peer), rest_(loop(), clock) {}

Worker::~Worker() = default;

void Worker::open_transport(codec::ssh::TransportConfig config, std::uint32_t rekey_seconds) {
  transport_ = std::make_unique<codec::ssh::Transport>(std::move(config), random_);
  peer_ = std::make_unique<Peer>(loop(), peer_fd_, *transport_, *this);
  attach(*peer_);
  if (rekey_seconds > 0) rekey_after(rekey_seconds);
}

void Worker::rekey_after(std::uint32_t seconds) {
  loop().after(base::Micros{seconds} * 1'000'000, [this, seconds] {
    transport_->request_rekey();
    rekey_after(seconds);
  });
}

void Worker::go_live(std::uint32_t max_channels) {
  transport_->set_authenticated();
  codec::ssh::ChannelLimits limits;
  if (max_channels > 0) limits.max_channels = max_channels;
  connection_ = std::make_unique<codec::ssh::Connection>(*transport_, limits);
  relay_ = std::make_unique<Relay>(side_, *transport_, *connection_, port(), *this);
}

base::Status Worker::start_bulk(const ipc::BulkStart& start, std::span<base::Fd> fds) {
  if (!relay_) return base::fail(base::Errc::corrupt, "bulk out of phase");
  if (!bulk_) bulk_ = make_bulk_path();
  if (start.ring_attached()) {
    if (auto attached = bulk_->attach(fds); !attached) return attached;
  }
  if (start.stream() >= kStreams) return base::fail(base::Errc::corrupt, "unknown stream");
  relay_->start_bulk(start.channel(), static_cast<StreamId>(start.stream()), start.up());
  return {};
}

base::Status Worker::peer_message(base::ByteView payload) {
  return relay_ ? relay_->peer_message(payload) : before_live(payload);
}

base::Status Worker::peer_event(codec::ssh::EventKind kind) {
  if (kind != codec::ssh::EventKind::keys_changed) return demand(kind);
  if (relay_) relay_->touch();
  return {};
}

void Worker::watch_peer(std::uint32_t seconds, unsigned patience, std::string silence) {
  loop().after(base::Micros{seconds} * 1'000'000, [this, seconds, patience, silence = std::move(silence)]() mutable {
    if (draining() || finishing()) return;
    const bool heard = heard_peer_since_last_asked();
    if (heard || peer_held()) {  // of a peer that is not read now, nothing can be heard
      unanswered_ = 0;
    } else if (unanswered_ >= patience) {
      return finish(std::move(silence), Ending::broken);
    } else {
      ++unanswered_;
      (void)relay_->ask_peer(codec::ssh::KeepaliveRequest{});
    }
    watch_peer(seconds, patience, std::move(silence));
  });
}

// Whatever it was: some answer a keepalive with UNIMPLEMENTED (RFC 4253 section 11.4).
bool Worker::heard_peer_since_last_asked() {
  const std::uint64_t now = transport_->bytes_in();
  return std::exchange(heard_bytes_, now) != now;
}

void Worker::peer_ended(PeerEnd end, std::string_view text) {
  peer_end_ = end;
  bool clean = end == PeerEnd::disconnected || end == PeerEnd::closed;
  // Some servers reset the connection once they have closed the last channel: nothing was cut short.
  clean = clean || (end == PeerEnd::lost && relay_ && relay_->peer_closed_all());
  const Ending how = clean ? Ending::clean : Ending::broken;
  if (side_ == Side::front || !relay_ || end == PeerEnd::breach) return finish(std::string(text), how);
  drain(std::string(text), how);
}

// What came from the target goes on until the far leg has all of it; then the broker is told that this leg is over.
base::Result<std::uint64_t> Worker::left_to_drain() {
  return bulk_ ? bulk_->drain() : base::Result<std::uint64_t>(0);
}

bool Worker::peer_held() {
  if (holds_peer(Awaited::yes) || role_holds_peer() || (bulk_ && bulk_->holds_peer())) return true;
  return holds_peer(Awaited::no) && !role_awaits_peer();
}

void Worker::bulk_data(RelayChannel& channel, StreamId stream, base::ByteView data) {
  bulk_->data(channel, stream, data);
}

void Worker::bulk_before_end(RelayChannel& channel) {
  if (bulk_) bulk_->before_end(channel);
}

base::Status Worker::move() {
  peer_->resume();
  if (bulk_) {
    if (auto s = bulk_->pump(*peer_); !s) return s;
  }
  if (auto s = role_pump(); !s) return s;
  return relay_ ? relay_->pump() : base::Status{};
}

void Worker::made_room() {
  if (relay_) relay_->touch();
}

Loop::Before Worker::arm() {
  auto before = Loop::Before::sleep;
  const bool resting = rests();
  if (!finishing() && !draining() && bulk_ && !resting) {
    auto armed = bulk_->arm();
    if (!armed) {
      finish(armed.error().message, Ending::broken);
    } else if (*armed == Loop::Before::poll_at_once) {
      before = Loop::Before::poll_at_once;
    }
  }
  const auto watch = resting ? Peer::Watch::nothing : Peer::Watch::everything;
  return peer_->arm(watch) == Loop::Before::poll_at_once ? Loop::Before::poll_at_once : before;
}

// Whether the loop only waits for time.
bool Worker::rests() {
  bool resting = false;
  if (bulk_ && !finishing()) {
    const std::uint64_t wire = transport_->bytes_in() + transport_->bytes_out();
    const std::uint64_t moved = wire - moved_before_;
    if (rest_.over() && moved >= kFastBytes) {
      if (moved < kTooLittle) rest_us_ = std::min(rest_us_ * 3 / 2, kLongRestUs);
      if (moved > kEnough) rest_us_ = std::max(rest_us_ * 2 / 3, kShortRestUs);
      moved_before_ = wire;
      rest_.begin(rest_us_);
    }
    if (moved < kFastBytes && rest_.over()) moved_before_ = wire;
    resting = !rest_.over();
  }
  if (resting != link_paused_) {
    link_paused_ = resting;
    resting ? link().pause_receiving() : link().resume_receiving();
  }
  return resting;
}

void Worker::give_back_buffers() {
  transport_->give_back_buffers();
  if (bulk_) bulk_->give_back_buffers();
}

void Worker::say_broken() {
  if (transport_) transport_->disconnect(codec::ssh::DisconnectReason::by_application, "internal error");
}

void Worker::disconnect(codec::ssh::DisconnectReason reason, std::string_view text, std::string why, Ending how) {
  if (finishing()) return;
  if (transport_) transport_->disconnect(reason, text);
  finish(std::move(why), how);
}

}  // namespace sallyport::leg::ssh
