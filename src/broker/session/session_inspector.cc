// SPDX-License-Identifier: Apache-2.0
// What goes to the inspector, and what comes of it.
#include "broker/session/session_inspector.h"

#include <algorithm>
#include <utility>

#include "event/event.pb.h"
#include "ipc/inspector.pb.h"

namespace sallyport::broker {

using event::Event;

namespace {
// Of channels that may yet get a terminal: a user has few. One that is not kept costs the inspector nothing but its
// opening.
constexpr std::size_t kMaxOpenings = 64;
constexpr std::size_t kMaxOpeningBytes = 512;
}  // namespace

void SessionInspector::begin(Journal& journal, FrontSide& front) {
  journal_ = &journal;
  front_ = &front;
}

void SessionInspector::see(std::uint64_t sequence, Direction from, const Event& event, base::ByteView bytes) {
  const bool reads = terminals_.see(event, from);
  if (state_ == State::gone || state_ == State::stopped) return;
  if (event.has_channel_open()) return keep_opening(sequence, event, bytes);
  if (!reads) {
    if (event.has_close())
      std::erase_if(openings_, [&](const auto& o) { return o.channel == event.close().channel(); });
    return;
  }
  if (state_ == State::unneeded) start();
  push(sequence, bytes);
}

void SessionInspector::keep_opening(std::uint64_t sequence, const Event& event, base::ByteView bytes) {
  if (bytes.size() > kMaxOpeningBytes) return;
  if (state_ != State::unneeded) return push(sequence, bytes);
  if (openings_.size() == kMaxOpenings) openings_.erase(openings_.begin());
  openings_.push_back({event.channel_open().channel(), sequence, base::to_bytes(bytes)});
}

void SessionInspector::start() {
  state_ = State::starting;
  for (const Opening& opening : std::exchange(openings_, {})) push(opening.sequence, opening.event);
  open_([this, alive = std::weak_ptr(alive_)](base::Result<std::unique_ptr<InspectorSide>> side) {
    if (!alive.expired()) started(std::move(side));
  });
}

void SessionInspector::started(base::Result<std::unique_ptr<InspectorSide>> side) {
  if (state_ != State::starting) return;
  if (!side) return lose("it could not be started: " + side.message(), "");
  state_ = State::running;
  side_ = std::move(*side);
  side_->start(*this);
  gathered();
  if (std::exchange(keyframes_wanted_, false)) ask_keyframes();
}

void SessionInspector::push(std::uint64_t sequence, base::ByteView bytes) {
  if (!queue_.push(sequence, bytes)) {
    ipc::InspectorGap gap;
    terminals_.describe(gap);
    queue_.drop(sequence, std::move(gap));
  }
  send_soon();
}

void SessionInspector::send_soon() {
  if (state_ != State::running) return;
  if (queue_.worth_sending() || settling()) return gathered();
  if (!queue_.waits() || std::exchange(gathering_, true)) return;
  gather_.after_us(kGatherUs, [this] { gathered(); });
}

void SessionInspector::gathered() {
  gather_.cancel();
  gathering_ = false;
  if (state_ != State::running) return;
  ipc::BrokerToInspector message;
  while (const std::size_t cost = queue_.next(message)) {
    rules_.sent(cost);
    side_->send(message);
  }
}

void SessionInspector::want_keyframes() {
  if (state_ == State::starting) keyframes_wanted_ = true;
  if (state_ != State::running) return;
  gathered();
  ask_keyframes();
}

void SessionInspector::ask_keyframes() {
  rules_.asked(terminals_.open().size());
  ipc::BrokerToInspector message;
  message.mutable_keyframes_wanted();
  side_->send(message);
}

void SessionInspector::inspector_read(ipc::InspectorRead& read) {
  if (!queue_.read(read.up_to())) return side_->kill("it read what it was not sent");
  send_soon();
  if (settling() && knows_all()) settled();
}

bool SessionInspector::speaks_of(std::uint32_t channel) {
  const TerminalBook::State state = terminals_.state(channel);
  if (state == TerminalBook::State::none) side_->kill("a derived event of no terminal");
  return state == TerminalBook::State::open;
}

// What is recorded is made anew of what is known, so nothing else is carried along.
void SessionInspector::inspector_keyframe(event::Keyframe& keyframe) {
  if (!speaks_of(keyframe.channel())) return;
  if (auto fits = rules_.check(keyframe, queue_.sent_up_to()); !fits) return side_->kill(fits.message());
  Event event;
  event::Keyframe& out = *event.mutable_keyframe();
  out.set_channel(keyframe.channel());
  out.set_columns(keyframe.columns());
  out.set_rows(keyframe.rows());
  out.set_ansi(std::move(*keyframe.mutable_ansi()));
  out.set_more(keyframe.more());
  out.set_as_of(keyframe.as_of());
  out.set_follows_gap(keyframe.follows_gap());
  derived(std::move(event));
}

void SessionInspector::inspector_state(event::TerminalState& state) {
  if (!speaks_of(state.channel())) return;
  if (auto fits = rules_.check(state, queue_.sent_up_to()); !fits) return side_->kill(fits.message());
  Event event;
  event::TerminalState& out = *event.mutable_terminal_state();
  out.set_channel(state.channel());
  out.mutable_traits()->CopyFrom(state.traits());
  out.set_as_of(state.as_of());
  out.set_unknown(state.unknown());
  derived(std::move(event));
}

void SessionInspector::derived(Event event) {
  if (state_ != State::running) return;
  if (waiting_.empty() && journal_->ready()) return record(event);
  waiting_.push_back(std::move(event));
  side_->hold_reading(true);
}

void SessionInspector::record(const Event& event) {
  const std::string bytes = event.SerializeAsString();
  if (!journal_->write(Direction::down, event, base::view(bytes))) return;
  if (event.has_terminal_state() && front_ != nullptr) front_->send_event(base::view(bytes));
}

void SessionInspector::go_on() {
  std::size_t done = 0;
  while (done < waiting_.size() && journal_->ready()) record(waiting_[done++]);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(done));
  if (done != 0 && waiting_.empty() && side_) side_->hold_reading(false);
  if (settling() && knows_all()) settled();
}

void SessionInspector::inspector_ended(const std::string& fault) {
  if (state_ == State::running) lose(fault.empty() ? "it ended unexpectedly" : fault, fault);
}

void SessionInspector::lose(const std::string& reason, const std::string& fault) {
  state_ = State::gone;
  gather_.cancel();
  queue_.clear();
  loop_.post([gone = std::shared_ptr<InspectorSide>(std::move(side_))] {});  // it is on the way up
  Event event;
  event.mutable_inspector_gone()->set_reason(reason);
  event.mutable_inspector_gone()->set_read_up_to(queue_.read_up_to());
  waiting_.push_back(std::move(event));
  go_on();
  gone_(reason, fault);
  if (settling()) settled();
}

void SessionInspector::settle(std::function<void()> then) {
  if (state_ == State::stopped || front_ == nullptr || terminals_.open().empty()) return then();
  then_ = std::move(then);
  gathered();
  if (state_ == State::gone || knows_all()) return settled();
  deadline_.after_us(kSettleUs, [this] { too_late(); });
}

// Whoever did not read all does not know.
void SessionInspector::settled() {
  deadline_.cancel();
  for (const std::uint32_t channel : knows_all() ? std::vector<std::uint32_t>() : terminals_.open()) {
    Event event;
    event.mutable_terminal_state()->set_channel(channel);
    event.mutable_terminal_state()->set_as_of(queue_.read_up_to());
    event.mutable_terminal_state()->set_unknown(true);
    if (journal_->ready()) record(event);
  }
  std::exchange(then_, nullptr)();
}

void SessionInspector::stop() {
  state_ = State::stopped;
  gather_.cancel();
  deadline_.cancel();
  then_ = nullptr;
  side_.reset();
}

}  // namespace sallyport::broker
