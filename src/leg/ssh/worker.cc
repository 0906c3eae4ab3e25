// SPDX-License-Identifier: Apache-2.0
// One wake-up: broker messages and the peer's bytes are handled as they come; before the next wait everything they set
// in motion is moved, written out at once, and only then the loop sleeps.
#include "leg/ssh/worker.h"

#include <malloc.h>

#include "ipc/message_kind.h"
#include "ipc/shared.pb.h"

namespace sallyport::leg::ssh {

namespace {
constexpr base::Micros kFlushAtEndUs = 500'000;
// So long what a target said last may stand still (a user who does not read, a record that does not grow) before it is
// given up. The broker can end the wait at any time.
constexpr base::Micros kDrainPatienceUs = 10'000'000;
constexpr base::Micros kIdleUs = 1'000'000;
// While bulk flows fast, the worker rests between two looks at its descriptors, whatever comes: it then handles much at
// once. A wake-up costs more than the bytes it would bring. The rest grows and shrinks to bring about half a MiB.
constexpr base::Micros kShortRestUs = 50;
constexpr base::Micros kLongRestUs = 1000;
constexpr std::uint64_t kTooLittle = 128 * 1024;
constexpr std::uint64_t kEnough = 384 * 1024;
constexpr std::uint64_t kFastBytes = 64 * 1024;
// A key, and how soon a target on the same network echoes it.
constexpr std::size_t kKeyBytes = 64;
constexpr base::Micros kEchoUs = 300;
// What is kept of the peer's while the broker takes no events: the windows of a few uploads. Somebody who is asked for
// a password is read a little further, to the answer.
constexpr std::size_t kMaxKeptBytes = 4 * 1024 * 1024;
constexpr std::size_t kMaxKeptForAnswerBytes = 32 * 1024 * 1024;
// Rounds of moving and writing before the loop looks at its descriptors again.
constexpr int kRounds = 4;
}  // namespace

Worker::Worker(Side side, WorkerSockets sockets, const base::Clock& clock, base::Random& random)
    : side_(side),
      clock_(clock),
      random_(random),
      peer_fd_(sockets.peer),
      loop_(clock),
      link_(loop_, sockets.broker,
            [this](base::ByteView message, std::span<base::Fd> fds) { on_message(message, fds); }),
      port_(link_),
      rest_(loop_, clock) {
  loop_.before_wait([this] { return before_wait(); });
  link_.on_clear([this] {
    port_.pump();
    if (peer_) peer_->wake();
  });
  link_.on_first([this] {
    if (peer_) peer_->flush();
  });
}

Worker::~Worker() = default;

int Worker::run() {
  return loop_.run();
}

void Worker::on_message(base::ByteView message, std::span<base::Fd> fds) {
  if (finishing_) return;
  const auto kind = static_cast<ipc::MessageKind>(message[0]);
  const bool event = kind == ipc::MessageKind::event || kind == ipc::MessageKind::event_part;
  if (draining_ && event) return;  // there is nobody to tell
  const base::ByteView body = message.subspan(1);
  base::Status done;
  if (kind == ipc::MessageKind::control) {
    done = on_control(body, fds);
  } else if (event && relay_) {
    done = on_event(kind, body);
  } else {
    done = base::fail(base::Errc::corrupt, "a message out of phase");
  }
  if (done) return;
  // Two ways to get here: the broker's message cannot be, or the connection could not take what it asked for.
  if (transport_) transport_->disconnect(codec::ssh::DisconnectReason::by_application, "internal error");
  finish(done.error().message, Ending::broken);
}

base::Status Worker::on_event(ipc::MessageKind kind, base::ByteView part) {
  auto whole = joiner_.take(kind, part);
  if (!whole) return base::pass(whole);
  if (!*whole) return {};
  auto done = relay_->far_event(**whole);
  if (side_ == Side::back && !bulk_ && part.size() <= kKeyBytes && echo_.worth()) loop_.linger(kEchoUs, echo_);
  return done;
}

void Worker::open_transport(codec::ssh::TransportConfig config, std::uint32_t rekey_seconds) {
  transport_ = std::make_unique<codec::ssh::Transport>(std::move(config), random_);
  peer_ = std::make_unique<Peer>(loop_, peer_fd_, *transport_, *this);
  if (rekey_seconds > 0) rekey_after(rekey_seconds);
}

void Worker::rekey_after(std::uint32_t seconds) {
  loop_.after(base::Micros{seconds} * 1'000'000, [this, seconds] {
    transport_->request_rekey();
    rekey_after(seconds);
  });
}

void Worker::go_live(std::uint32_t max_channels) {
  transport_->set_authenticated();
  codec::ssh::ChannelLimits limits;
  if (max_channels > 0) limits.max_channels = max_channels;
  connection_ = std::make_unique<codec::ssh::Connection>(*transport_, limits);
  relay_ = std::make_unique<Relay>(side_, *transport_, *connection_, port_, *this);
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
  loop_.after(base::Micros{seconds} * 1'000'000, [this, seconds, patience, silence = std::move(silence)]() mutable {
    if (draining_ || finishing_) return;
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
  draining_ = true;
  reason_ = std::string(text);
  how_ = how;
  wait_for_drain();
}

void Worker::wait_for_drain() {
  loop_.cancel(drain_timer_);
  drain_timer_ = loop_.after(kDrainPatienceUs, [this] { finish(std::move(reason_), how_); });
}

// What came from the target goes on until the far leg has all of it; then the broker is told that this leg is over.
void Worker::drain() {
  auto left = bulk_ ? bulk_->drain() : base::Result<std::uint64_t>(0);
  if (!left) return finish(left.error().message, Ending::broken);
  if (*left == 0 && !port_.congested()) return finish(std::move(reason_), how_);
  if (*left != std::exchange(left_to_drain_, *left)) wait_for_drain();
}

bool Worker::peer_held() {
  if (finishing_ || port_.congested() || role_holds_peer() || (bulk_ && bulk_->holds_peer())) return true;
  if (port_.kept_bytes() <= kMaxKeptBytes) return false;
  return port_.kept_bytes() > kMaxKeptForAnswerBytes || !role_awaits_peer();
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

Loop::Before Worker::before_wait() {
  if (!peer_) return Loop::Before::sleep;
  auto before = Loop::Before::sleep;
  for (int round = 0; !finishing_ && !draining_; ++round) {
    if (auto s = move(); !s) {
      transport_->disconnect(codec::ssh::DisconnectReason::by_application, "internal error");
      finish(s.error().message, Ending::broken);
      break;
    }
    peer_->flush();
    if (!peer_->take_room()) break;
    if (relay_) relay_->touch();
    if (round == kRounds) {
      before = Loop::Before::poll_at_once;
      break;
    }
  }
  if (draining_ && !finishing_) drain();
  if (draining_ || finishing_) peer_->flush();
  const bool resting = rests();
  if (!finishing_ && !draining_ && bulk_ && !resting) {
    auto armed = bulk_->arm();
    if (!armed) {
      finish(armed.error().message, Ending::broken);
    } else if (*armed == Loop::Before::poll_at_once) {
      before = Loop::Before::poll_at_once;
    }
  }
  const auto watch = resting ? Peer::Watch::nothing : Peer::Watch::everything;
  if (peer_->arm(watch) == Loop::Before::poll_at_once) before = Loop::Before::poll_at_once;
  stop_when_told();
  if (peer_->take_activity()) {
    active_ = true;
    if (!idle_timer_) look_for_idleness();
  }
  return before;
}

// Whether the loop only waits for time.
bool Worker::rests() {
  bool resting = false;
  if (bulk_ && !finishing_) {
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
    resting ? link_.pause_receiving() : link_.resume_receiving();
  }
  return resting;
}

void Worker::look_for_idleness() {
  idle_timer_ = true;
  active_ = false;
  loop_.after(kIdleUs, [this] {
    idle_timer_ = false;
    if (active_) return look_for_idleness();
    transport_->give_back_buffers();
    port_.give_back_buffers();
    if (bulk_) bulk_->give_back_buffers();
    ::malloc_trim(0);
  });
}

void Worker::disconnect(codec::ssh::DisconnectReason reason, std::string_view text, std::string why, Ending how) {
  if (finishing_) return;
  if (transport_) transport_->disconnect(reason, text);
  finish(std::move(why), how);
}

void Worker::finish(std::string reason, Ending how) {
  if (finishing_) return;
  finishing_ = true;
  reason_ = std::move(reason);
  how_ = how;
  if (peer_) peer_->stop_reading();
  // Whatever does not go out in this time never will.
  loop_.after(kFlushAtEndUs, [this] {
    if (!told_) tell_ended(reason_, how_);
    told_ = true;
    loop_.stop(0);
  });
  if (!peer_) stop_when_told();
}

void Worker::stop_when_told() {
  if (!finishing_ || (peer_ && !peer_->drained())) return;
  if (!told_) {
    told_ = true;
    tell_ended(reason_, how_);
  }
  if (!port_.congested()) loop_.stop(0);
}

}  // namespace sallyport::leg::ssh
