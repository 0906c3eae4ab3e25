// SPDX-License-Identifier: Apache-2.0
// The way of an event.
#include "broker/session/session_relay.h"

#include <utility>

#include "event/event.pb.h"
#include "ipc/worker.pb.h"

namespace sallyport::broker {

using event::Event;

namespace {

// What may wait for the target, for the gate, or for a worker that is behind. No well-behaved leg reaches it: each is
// told to wait long before.
constexpr std::size_t kMaxHeldBytes = 16 * 1024 * 1024;

Event parsed(base::ByteView bytes) {
  Event event;
  event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return event;
}

}  // namespace

SessionRelay::SessionRelay(Owner& owner, Meter& meter, FrontSide& front, HeldBudget& budget, const std::string& user)
    : owner_(owner), meter_(meter), legs_(front), held_(budget, user) {}

void SessionRelay::open(const Live& live) {
  if (stopped_) return;
  live_.emplace(live);
  bulk_.emplace(live.settings);
  blocks_.emplace(live.back, live.handle, live.settings.strict);
  legs_.open(live.back);
  go_on();
}

void SessionRelay::stop() {
  stopped_ = true;
  live_.reset();
  legs_.stop();
  when_drained_ = nullptr;
  held_.clear();
}

bool SessionRelay::must_wait() const {
  return !live_ || faulted_ || live_->handle.gate_shut() || !live_->journal.ready();
}

void SessionRelay::take(Direction from, base::ByteView event) {
  if (stopped_) return;
  if (held_.empty() && !must_wait()) return process(from, event);
  held_.push(lane_of(parsed(event), from), event);
  if (held_.bytes(from) > kMaxHeldBytes) return broke_rules(from, "it sends more than it may");
  if (!held_.fits()) {
    return owner_.relay_failed(
        "too much is held",
        "The gateway holds too much for this user, or for all: this session waited with more than there is room for.");
  }
  legs_.press(held_);
  if (!must_wait()) go_on();
}

// The end of its worker ends the session. An ended back has left something behind that is only judged now.
void SessionRelay::broke_rules(Direction leg, const std::string& fault) {
  faulted_ = true;
  if (blocks_) blocks_->stop();
  if (leg == Direction::down && legs_.is_back_gone()) return owner_.dead_back_broke_rules(fault);
  legs_.kill(leg, fault);
}

void SessionRelay::go_on() {
  if (draining_ || stopped_) return;
  draining_ = true;
  if (live_) blocks_->go_on();
  while (!must_wait() && !legs_.congested()) {
    const auto next = held_.next();
    if (!next) break;
    act(*next);
  }
  draining_ = false;
  legs_.press(held_);
  if (live_ && when_drained_ && held_.flows(Direction::down)) std::exchange(when_drained_, nullptr)();
}

void SessionRelay::act(const HeldEvents::Entry& entry) {
  if (!entry.recorded_as) return process(entry.lane.from, entry.event);
  const Event event = parsed(entry.event);
  if (entry.denied) return refuse(entry.lane.from, event, *entry.recorded_as, *entry.denied);
  if (!say_passing(event, *entry.recorded_as)) return;
  send(entry.lane.from, entry.event);
  forwarded(entry.lane.from, event);
}

// Typed text is cut where it may take effect, and the rest is judged by itself: only that has to wait.
void SessionRelay::process(Direction from, base::ByteView bytes) {
  Event event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return broke_rules(from, "malformed event");
  if (!event.has_data() || !needs_sync(from, event)) return judge(from, event, bytes);
  const std::size_t cut = *live_->rules.effect(event, book_).from_byte;
  if (cut == 0) return judge(from, event, bytes);
  Event rest = event;
  *rest.mutable_data()->mutable_bytes() = event.data().bytes().substr(cut);
  event.mutable_data()->mutable_bytes()->resize(cut);
  const std::string text = event.SerializeAsString(), effective = rest.SerializeAsString();
  judge(from, event, base::view(text));
  if (stopped_) return;
  const Lane lane = lane_of(rest, from);
  if (must_wait() || held_.waits(lane)) return held_.put_back({lane, base::to_bytes(base::view(effective))});
  judge(from, rest, base::view(effective));
}

void SessionRelay::judge(Direction from, const Event& event, base::ByteView bytes) {
  Rules& rules = live_->rules;
  if (from == Direction::up && rules.begins(event) && !owner_.login_counts()) rules.bar_what_is_new();
  const Judgement judgement = rules.judge(event, from, book_);
  switch (judgement.ruling) {
    case Ruling::fault:
      return broke_rules(from, judgement.reason);
    case Ruling::refuse:
      if (live_->journal.write(from, event, bytes)) refuse(from, event, live_->journal.entries() - 1, judgement);
      return;
    case Ruling::keep:
      if (live_->journal.write(from, event, bytes)) keep(event);
      return;
    case Ruling::hold:
    case Ruling::pass:
      return pass(from, event, bytes, judgement);
  }
}

void SessionRelay::pass(Direction from, const Event& event, base::ByteView bytes, const Judgement& judgement) {
  Journal& journal = live_->journal;
  const auto at = journal.append(from, event, bytes);
  if (!at) return;
  const std::uint64_t sequence = at->sequence;
  if (judgement.ruling == Ruling::hold || needs_sync(from, event)) {
    journal.show(*at, from, event, bytes);
    owner_.event_recorded(sequence, from, event, bytes);
    return hold(from, event, {lane_of(event, from), base::to_bytes(bytes), sequence}, judgement);
  }
  if (!say_passing(event, sequence)) return;
  send(from, bytes);
  journal.show(*at, from, event, bytes);  // those who watch can wait for those who work
  owner_.event_recorded(sequence, from, event, bytes);
  forwarded(from, event);
  meter_.event_passed(bytes.size());
}

// Its lane waits: for the disk, for a verdict, or for both. The gate may be shut when it is settled; the event is then
// the first of its lane to pass, or to be refused, when the gate opens.
void SessionRelay::hold(Direction from, const Event& event, HeldEvents::Entry entry, const Judgement& judgement) {
  const bool sync = needs_sync(from, event), ask = judgement.ruling == Ruling::hold;
  const Lane lane = entry.lane;
  const std::uint64_t number = held_.hold(std::move(entry), (sync ? 1U : 0U) + (ask ? 1U : 0U));
  const auto settle = [this, lane, number](std::optional<Judgement> denied) {
    if (stopped_) return;
    held_.settle(lane, number, std::move(denied));
    go_on();
  };
  if (sync) when_synced([settle] { settle(std::nullopt); });
  if (!ask || stopped_) return;
  owner_.decide(event, judgement, [settle, alive = std::weak_ptr(alive_)](std::optional<Judgement> denied) {
    if (!alive.expired()) settle(std::move(denied));
  });
}

void SessionRelay::when_synced(std::function<void()> then) {
  live_->journal.synced([this, then = std::move(then), alive = std::weak_ptr(alive_)](bool ok) {
    if (alive.expired() || stopped_) return;
    if (!ok) return owner_.relay_failed("recording stopped: the record cannot be synced", "Recording stopped.");
    then();
  });
}

// Under `record: strict`, what takes effect at the target waits until it is on the disk.
bool SessionRelay::needs_sync(Direction from, const Event& event) const {
  return live_->settings.strict && from == Direction::up && live_->rules.effect(event, book_).from_byte;
}

void SessionRelay::send(Direction to, base::ByteView bytes) {
  legs_.send(to, bytes);
  legs_.press(held_);
}

void SessionRelay::forwarded(Direction from, const Event& event) {
  Outbox outbox;
  live_->rules.passed(event, from, book_, outbox);
  if (!say_own(outbox)) return;
  if (event.has_close()) {
    const Channel* channel = book_.find(event.close().channel());
    if (channel->closed_up && channel->closed_down) live_->journal.forget(channel->number);
  } else if (event.has_data()) {
    Channel* channel = book_.find(event.data().channel());
    meter_.data_moved(from, channel);
    const bool is_stderr = event.data().stream() == event::STREAM_STDERR;
    if (channel != nullptr && bulk_->consider(from, *channel, is_stderr, live_->journal, legs_.front(), live_->back))
      meter_.bulk_begins();
  }
}

// A block may go on when it is in the record; under `record: strict`, one for the target when it is on the disk.
void SessionRelay::keep(const Event& event) {
  if (!event.has_stream_block()) return;
  meter_.bulk_flows();
  const event::StreamBlock& block = event.stream_block();
  meter_.data_moved(block.up() ? Direction::up : Direction::down, nullptr);  // no terminal's
  if (!blocks_->must_sync(block)) return;
  when_synced([this, number = block.number()] { blocks_->synced(number); });
}

void SessionRelay::refuse(Direction from, const Event& event, std::uint64_t sequence, const Judgement& judgement) {
  Outbox outbox;
  live_->rules.refused(event, from, sequence, judgement, book_, outbox);
  owner_.refused(judgement);
  say_own(outbox);
}

bool SessionRelay::say_passing(const Event& event, std::uint64_t sequence) {
  Outbox outbox;
  live_->rules.passing(event, sequence, outbox);
  return say_own(outbox);
}

// Each event is in the record before it is sent. False: the record failed.
bool SessionRelay::say_own(const Outbox& outbox) {
  for (const auto& said : outbox) {
    if (const auto* notice = std::get_if<ChannelNotice>(&said)) {
      legs_.tell({notice->text, notice->channel});
      continue;
    }
    const OwnEvent& own = std::get<OwnEvent>(said);
    const std::string bytes = own.event.SerializeAsString();
    if (!live_->journal.write(Direction::down, own.event, base::view(bytes)) || stopped_) return false;
    if (own.to) send(*own.to, base::view(bytes));
  }
  return true;
}

void SessionRelay::credit(Direction from, const ipc::Credit& credit) {
  legs_.send_credit(from, credit);
}

void SessionRelay::back_gone(std::function<void()> then) {
  legs_.back_gone();
  when_drained_ = std::move(then);
  if (when_drained_) go_on();  // a back that is gone is in nobody's way
}

}  // namespace sallyport::broker
