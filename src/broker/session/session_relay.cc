// SPDX-License-Identifier: Apache-2.0
// The gate of a session: hold, judge, append, then forward. Nothing in this file may forward what was not appended.
#include <array>
#include <optional>

#include "broker/node/queue_cost.h"
#include "broker/session/session.h"
#include "event/event.pb.h"
#include "ipc/ring_memory.h"
#include "ipc/shared.pb.h"

namespace sallyport::broker {

using event::Event;

namespace {

// What waits before the target is ready, while the gate is shut, or while a worker is behind. Above the first mark the
// front is told to keep its events (it is still read: a suspended session's user answers through it), and a back is not
// read any more; the mark is lower when there is little room for everybody. What was on its way comes on top of that.
// No well-behaved leg reaches the second mark.
constexpr std::size_t hold_bytes = 1024 * 1024;
constexpr std::size_t hold_bytes_when_tight = 64 * 1024;
constexpr std::size_t max_held_bytes = 16 * 1024 * 1024;

recording::EntryKind kind_of(Direction from, const Event& event) {
  return from == Direction::up && event.has_data() ? recording::EntryKind::input : recording::EntryKind::plain;
}

}  // namespace

void Session::front_event(base::ByteView event) {
  if (phase_ >= Phase::ending) return;
  take(Direction::up, event);
}

void Session::back_event(base::ByteView event) {
  if (phase_ >= Phase::ending) return;
  take(Direction::down, event);
}

bool Session::must_hold() const {
  return phase_ < Phase::live || faulted_ || handle_->gate_shut() || syncing_ || !record_->ready();
}

void Session::take(Direction from, base::ByteView event) {
  if (held_.empty() && !must_hold()) return process(from, event);
  held_.push_back({from, base::to_bytes(event)});
  held_bytes(from) += queue_cost(event.size());
  if (too_much_is_held(from)) return;
  update_back_pressure();
  if (!draining_ && !must_hold()) drain_held();
}

bool Session::too_much_is_held(Direction from) {
  if (held_bytes(from) > max_held_bytes) {
    leg_broke_rules(from, "it sends more than it may");
    return true;
  }
  held_share_.set(held_up_bytes_ + held_down_bytes_);
  if (held_share_.fits()) return false;
  const char* text =
      "The gateway holds too much for this user, or for all: this session waited with more than there is room for.";
  phase_ < Phase::live ? refuse(text, "too much is held") : end("too much is held", std::string("Sallyport: ") + text);
  return true;
}

// The end of its worker ends the session. An ended back has left something behind that is only judged now.
void Session::leg_broke_rules(Direction leg, const std::string& fault) {
  faulted_ = true;
  if (leg == Direction::up) return front_->kill(fault);
  back_done_ ? end_for_fault_of_back(fault) : back_->kill(fault);
}

void Session::drain_held() {
  if (draining_) return;
  draining_ = true;
  if (phase_ == Phase::live && blocks_to_acknowledge_ != 0)
    acknowledge_blocks(std::exchange(blocks_to_acknowledge_, 0));
  while (!held_.empty() && phase_ == Phase::live && !must_hold() && !congested()) {
    const Held next = std::move(held_.front());
    held_.pop_front();
    held_bytes(next.from) -= queue_cost(next.event.size());
    next.recorded_as ? pass_on(next.from, next.event, *next.recorded_as) : process(next.from, next.event);
  }
  draining_ = false;
  held_share_.set(held_up_bytes_ + held_down_bytes_);
  update_back_pressure();
  if (held_.empty() && phase_ == Phase::live && end_when_drained_) end_when_drained_();
}

// Under `record: strict`, what takes effect at the target waits until it is on the disk.
bool Session::needs_sync(Direction from, const Event& event) {
  return grant_.record.strict && from == Direction::up && rules_->effect(event, book_).from_byte;
}

void Session::process(Direction from, base::ByteView bytes) {
  Event event;
  const auto fault = [&](const std::string& reason) { leg_broke_rules(from, reason); };
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return fault("malformed event");
  if (from == Direction::up && rules_->begins(event) &&
      !services_.policy.current()->counts(facts_.identity.user, facts_.identity.incarnation)) {
    rules_->bar_what_is_new();
  }
  const Judgement judgement = rules_->judge(event, from, book_);
  switch (judgement.ruling) {
    case Ruling::fault:
      return fault(judgement.reason);
    case Ruling::refuse:
      return refuse_event(from, event, judgement);
    case Ruling::keep:
      if (record(kind_of(from, event), from, event, bytes)) after_keep(event);
      return;
    case Ruling::pass:
      break;
  }
  const recording::EntryKind kind = kind_of(from, event);
  const base::Micros now = services_.clock.now_us();
  if (!record_->append(kind, now, bytes)) return;
  const std::uint64_t sequence = record_->entries() - 1;
  if (needs_sync(from, event)) {
    show(kind, now, from, event, bytes);
    syncing_ = true;
    record_->synced([self = shared_from_this(), from, sequence, copy = base::to_bytes(bytes)](bool ok) mutable {
      self->syncing_ = false;
      if (self->phase_ != Phase::live) return;
      if (!ok) return self->end("recording stopped: the record cannot be synced", "Recording stopped.");
      // The gate may have been shut meanwhile: it is the first to pass when it opens.
      self->held_bytes(from) += queue_cost(copy.size());
      self->held_.push_front({from, std::move(copy), sequence});
      self->drain_held();
    });
    return;
  }
  if (!say_passing(event, sequence)) return;
  forward(from, bytes);
  show(kind, now, from, event, bytes);  // those who watch can wait for those who work
  after_pass(from, event);
  const base::Micros since_boot = services_.clock.monotonic_us();
  thread_.home().look(since_boot);
  home_.passed(bytes.size(), thread_.home(), since_boot);
}

bool Session::record(recording::EntryKind kind, Direction from, const Event& event, base::ByteView bytes) {
  const base::Micros now = services_.clock.now_us();
  if (!record_->append(kind, now, bytes)) return false;
  show(kind, now, from, event, bytes);
  return true;
}

void Session::show(recording::EntryKind kind, base::Micros time_us, Direction from, const Event& event,
                   base::ByteView bytes) {
  if (event.has_keyframe()) {
    handle_->feed().add_keyframe(time_us, event.keyframe().channel(),
                                 event.keyframe().more() ? LiveFeed::Part::more_follow : LiveFeed::Part::last, bytes);
    screens_share_.set(handle_->feed().keyframe_bytes());
    if (!screens_share_.fits()) handle_->feed().drop_keyframes();
  } else if (kind == recording::EntryKind::plain) {
    handle_->feed().add(time_us, from == Direction::up, bytes);
    if (handle_->feed().take_keyframe_due()) ask_keyframe();
  }
}

bool Session::record_own(const Event& event) {
  if (!record_) return false;
  const std::string bytes = event.SerializeAsString();
  return record(recording::EntryKind::plain, Direction::down, event, base::view(bytes));
}

void Session::forward(Direction to, base::ByteView bytes) {
  if (to == Direction::up) {
    back_->send_event(bytes);
  } else if (front_ != nullptr) {
    front_->send_event(bytes);
  }
  update_back_pressure();
}

void Session::after_pass(Direction from, const Event& event) {
  Outbox outbox;
  rules_->passed(event, from, book_, outbox);
  say_own(outbox);
  if (event.has_close()) {
    const Channel* channel = book_.find(event.close().channel());
    if (channel->closed_up && channel->closed_down) handle_->feed().forget(channel->number);
  } else if (event.has_data()) {
    data_moved(from, book_.find(event.data().channel()));
    consider_bulk(from, event.data().channel(), event.data().stream() == event::STREAM_STDERR);
  }
}

// An event that is in the record, and on the disk where the policy wants that.
void Session::pass_on(Direction from, base::ByteView bytes, std::uint64_t sequence) {
  Event event;
  event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!say_passing(event, sequence)) return;
  forward(from, bytes);
  after_pass(from, event);
}

// A block may go on when it is in the record; under `record: strict`, one for the target when it is on the disk, and
// those behind it in their turn, since an acknowledgement covers all before it.
void Session::after_keep(const Event& event) {
  if (!event.has_stream_block()) return;
  thread_.home().disturb();
  const std::uint64_t number = event.stream_block().number();
  data_moved(event.stream_block().up() ? Direction::up : Direction::down, nullptr);  // no terminal's
  if (!grant_.record.strict || (!event.stream_block().up() && blocks_syncing_ == 0)) return acknowledge_blocks(number);
  ++blocks_syncing_;
  record_->synced([self = shared_from_this(), number](bool ok) {
    --self->blocks_syncing_;
    if (self->phase_ != Phase::live) return;
    if (!ok) return self->end("recording stopped: the record cannot be synced", "Recording stopped.");
    self->acknowledge_blocks(number);
  });
}

void Session::acknowledge_blocks(std::uint64_t up_to) {
  if (handle_->gate_shut() || faulted_) {
    blocks_to_acknowledge_ = up_to;
    return;
  }
  back_->recorded(up_to);
}

// Each event is in the record before it is sent. False: the record failed.
bool Session::say_own(const Outbox& outbox) {
  for (const auto& said : outbox) {
    if (const auto* notice = std::get_if<ChannelNotice>(&said)) {
      if (front_ != nullptr) front_->tell({notice->text, notice->channel});
      continue;
    }
    const OwnEvent& own = std::get<OwnEvent>(said);
    const std::string bytes = own.event.SerializeAsString();
    if (!record(recording::EntryKind::plain, Direction::down, own.event, base::view(bytes))) return false;
    if (own.to) forward(*own.to, base::view(bytes));
  }
  return true;
}

bool Session::say_passing(const Event& event, std::uint64_t sequence) {
  Outbox outbox;
  rules_->passing(event, sequence, outbox);
  return say_own(outbox);
}

void Session::refuse_event(Direction from, const Event& event, const Judgement& judgement) {
  if (!record(kind_of(from, event), from, event, base::view(event.SerializeAsString()))) return;
  Outbox outbox;
  rules_->refused(event, from, record_->entries() - 1, judgement, book_, outbox);
  // Each refusal is in the record; the audit log has the first of a flood, and its length.
  services_.user_audit.write(
      {"session.refused", facts_.identity.user, id_, {{"what", judgement.name}, {"reason", judgement.reason}}});
  say_own(outbox);
}

void Session::consider_bulk(Direction from, std::uint32_t number, bool is_stderr) {
  Channel* channel = book_.find(number);
  if (channel == nullptr || channel->pty) return;
  StreamCount& stream = channel->stream(from, is_stderr);
  if (stream.bulk_ordered || stream.as_events < static_cast<std::uint64_t>(grant_.record.bulk_after_bytes)) return;
  std::optional<ipc::RingMemory> ring;  // the workers' own once they have it
  if (!ring_attached_) {
    auto made = ipc::RingMemory::create();
    if (!made) return;  // it goes on verbatim: dearer, never less recorded
    ring = std::move(*made);
    ring_attached_ = true;
  }
  stream.bulk_ordered = true;
  home_.leave_for_good(thread_.home());
  Event remark;
  remark.mutable_verdict()->set_channel(number);
  remark.mutable_verdict()->set_subject("bulk");
  remark.mutable_verdict()->set_name(channel->purpose);
  remark.mutable_verdict()->set_verdict("allow");
  remark.mutable_verdict()->set_reason(grant_.record.bulk_hash ? "from here on counted and hashed"
                                                               : "from here on counted");
  if (!record_own(remark) || front_ == nullptr) return;
  ipc::BulkStart start;
  start.set_channel(number);
  start.set_stream(is_stderr ? event::STREAM_STDERR : event::STREAM_MAIN);
  start.set_up(from == Direction::up);
  start.set_ring_attached(ring.has_value());
  std::array<int, 3> for_back{}, for_front{};
  if (ring) for_back = ring->fds_for_back(), for_front = ring->fds_for_front();
  const std::size_t passed = ring ? for_back.size() : 0;
  back_->send_bulk_start(start, {for_back.data(), passed});
  front_->send_bulk_start(start, {for_front.data(), passed});
}

void Session::ask_keyframe() {
  if (!back_ || phase_ != Phase::live) return;
  back_->want_keyframe();
}

void Session::front_credit(const ipc::Credit& credit) {
  if (phase_ != Phase::live) return;
  back_->send_credit(credit);
}

void Session::back_credit(const ipc::Credit& credit) {
  if (phase_ != Phase::live || front_ == nullptr) return;
  front_->send_credit(credit);
}

// A worker that does not take its messages makes the other one wait.
void Session::update_back_pressure() {
  if (phase_ >= Phase::ending) return;
  const std::size_t most = held_.empty() || !held_share_.tight() ? hold_bytes : hold_bytes_when_tight;
  if (front_ != nullptr) {
    if (held_up_bytes_ > most) front_->hold_events(true);
    if (held_up_bytes_ < most / 2) front_->hold_events(false);
  }
  if (front_ != nullptr && back_) {
    front_->hold_reading(back_->congested());
    back_->hold_reading(front_->congested() || held_down_bytes_ > most);
  }
}

bool Session::congested() const {
  return (!back_done_ && back_->congested()) || (front_ != nullptr && front_->congested());
}

void Session::front_drained() {
  update_back_pressure();
  drain_held();
}
void Session::back_drained() {
  update_back_pressure();
  drain_held();
}

}  // namespace sallyport::broker
