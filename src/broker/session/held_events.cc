// SPDX-License-Identifier: Apache-2.0
// Queues. An entry moves at most once, from the queue of all to its lane: no sender can make that dear.
#include "broker/session/held_events.h"

#include <algorithm>
#include <utility>

#include "broker/node/queue_cost.h"

namespace sallyport::broker {

void HeldEvents::count(const Entry& entry) {
  (entry.lane.from == Direction::up ? up_bytes_ : down_bytes_) += queue_cost(entry.event.size());
  share_.set(up_bytes_ + down_bytes_);
}

HeldEvents::Entry HeldEvents::take(std::deque<Entry>& from) {
  Entry out = std::move(from.front());
  from.pop_front();
  (out.lane.from == Direction::up ? up_bytes_ : down_bytes_) -= queue_cost(out.event.size());
  share_.set(up_bytes_ + down_bytes_);
  return out;
}

void HeldEvents::push(Lane lane, base::ByteView event) {
  queue_.push_back({lane, base::to_bytes(event)});
  count(queue_.back());
}

void HeldEvents::put_back(Entry entry) {
  count(entry);
  const auto found = lanes_.find(entry.lane);
  if (found == lanes_.end()) return queue_.push_front(std::move(entry));
  Waiting& lane = found->second;
  lane.entries.insert(lane.entries.begin() + (lane.waits > 0 ? 1 : 0), std::move(entry));
}

bool HeldEvents::waits(Lane lane) const {
  const auto found = lanes_.find(lane);
  return found != lanes_.end() && found->second.waits > 0;
}

std::uint64_t HeldEvents::hold(Entry entry, unsigned waits) {
  count(entry);
  Waiting& lane = lanes_[entry.lane];
  ready_.erase(entry.lane);
  lane.entries.push_front(std::move(entry));
  lane.waits = waits;
  lane.number = ++last_number_;
  return lane.number;
}

void HeldEvents::settle(Lane lane, std::uint64_t number, std::optional<Judgement> denied) {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end() || found->second.number != number || found->second.waits == 0) return;
  if (denied) found->second.entries.front().denied = std::move(denied);
  if (--found->second.waits == 0) ready_.insert(lane);
}

std::optional<HeldEvents::Entry> HeldEvents::next() {
  if (!ready_.empty()) {
    const auto lane = lanes_.find(*ready_.begin());
    Entry out = take(lane->second.entries);
    if (lane->second.entries.empty()) {
      ready_.erase(lane->first);
      lanes_.erase(lane);
    }
    return out;
  }
  while (!queue_.empty()) {
    const auto waiting = lanes_.find(queue_.front().lane);
    if (waiting == lanes_.end()) return take(queue_);
    waiting->second.entries.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return std::nullopt;
}

void HeldEvents::clear() {
  queue_.clear();
  lanes_.clear();
  ready_.clear();
  up_bytes_ = down_bytes_ = 0;
  share_.set(0);
}

bool HeldEvents::flows(Direction from) const {
  return queue_.empty() && ready_.empty() &&
         std::none_of(lanes_.begin(), lanes_.end(), [from](const auto& lane) { return lane.first.from == from; });
}

}  // namespace sallyport::broker
