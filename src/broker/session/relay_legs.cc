// SPDX-License-Identifier: Apache-2.0
// Sending, and back-pressure.
#include "broker/session/relay_legs.h"

namespace sallyport::broker {

namespace {

// What waits before the target is ready, while the gate is shut, or while a worker is behind. Above this mark the front
// is told to keep its events (it is still read: a suspended session's user answers through it), and a back is not read
// any more; the mark is lower when there is little room for everybody. What was on its way comes on top of that.
constexpr std::size_t kHoldBytes = 1024 * 1024;
constexpr std::size_t kHoldBytesWhenTight = 64 * 1024;

}  // namespace

void RelayLegs::send(Direction to, base::ByteView event) {
  if (to == Direction::up) {
    back_->send_event(event);
  } else if (front_ != nullptr) {
    front_->send_event(event);
  }
}

void RelayLegs::send_credit(Direction from, const ipc::Credit& credit) {
  if (back_ == nullptr || stopped_) return;
  if (from == Direction::up) back_->send_credit(credit);
  if (from == Direction::down && front_ != nullptr) front_->send_credit(credit);
}

void RelayLegs::tell(const Notice& notice) {
  if (front_ != nullptr) front_->tell(notice);
}

void RelayLegs::kill(Direction leg, const std::string& fault) {
  if (leg == Direction::down) return back_->kill(fault);
  if (front_ != nullptr) front_->kill(fault);
}

bool RelayLegs::congested() const {
  return (!back_gone_ && back_->congested()) || (front_ != nullptr && front_->congested());
}

// A worker that does not take its messages makes the other one wait.
void RelayLegs::press(const HeldEvents& held) {
  if (front_ == nullptr || stopped_) return;
  const std::size_t most = held.empty() || !held.tight() ? kHoldBytes : kHoldBytesWhenTight;
  if (held.bytes(Direction::up) > most) front_->hold_events(true);
  if (held.bytes(Direction::up) < most / 2) front_->hold_events(false);
  if (back_ == nullptr) return;
  front_->hold_reading(back_->congested());
  back_->hold_reading(front_->congested() || held.bytes(Direction::down) > most);
}

}  // namespace sallyport::broker
