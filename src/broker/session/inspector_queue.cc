// SPDX-License-Identifier: Apache-2.0
// Messages of what waits.
#include "broker/session/inspector_queue.h"

#include <utility>

#include "broker/node/queue_cost.h"

namespace sallyport::broker {

bool InspectorQueue::push(std::uint64_t sequence, base::ByteView event) {
  const std::size_t cost = queue_cost(event.size());
  if (event.size() > kMaxMessageBytes || waiting_bytes_ + cost > kMaxWaitingBytes) return false;
  waiting_bytes_ += cost;
  waiting_.push_back({sequence, base::to_bytes(event)});
  return true;
}

void InspectorQueue::drop(std::uint64_t up_to, ipc::InspectorGap gap) {
  waiting_.clear();
  waiting_bytes_ = 0;
  gap.set_up_to(up_to);
  gap_ = std::move(gap);
}

std::size_t InspectorQueue::next(ipc::BrokerToInspector& out) {
  out.Clear();
  if (sent_bytes_ >= kMaxSentBytes) return 0;
  if (gap_) {
    const std::uint64_t up_to = gap_->up_to();
    *out.mutable_gap() = std::move(*gap_);
    gap_.reset();
    const std::size_t cost = queue_cost(out.ByteSizeLong());
    note_sent(up_to, cost);
    return cost;
  }
  std::size_t cost = 0;
  std::uint64_t last = 0;
  while (!waiting_.empty()) {
    Waiting& first = waiting_.front();
    const std::size_t more = queue_cost(first.event.size());
    if (cost != 0 && cost + more > kMaxMessageBytes) break;
    ipc::RecordedEvent& one = *out.mutable_events()->add_events();
    one.set_sequence(first.sequence);
    one.set_event(first.event.data(), first.event.size());
    last = first.sequence;
    cost += more;
    waiting_bytes_ -= more;
    waiting_.pop_front();
  }
  if (cost != 0) note_sent(last, cost);
  return cost;
}

void InspectorQueue::note_sent(std::uint64_t up_to, std::size_t cost) {
  sent_.push_back({up_to, cost});
  sent_bytes_ += cost;
  sent_up_to_ = up_to;
}

bool InspectorQueue::read(std::uint64_t up_to) {
  if (up_to <= read_up_to_ || up_to > sent_up_to_) return false;
  read_up_to_ = up_to;
  while (!sent_.empty() && sent_.front().up_to <= up_to) {
    sent_bytes_ -= sent_.front().cost;
    sent_.pop_front();
  }
  return true;
}

void InspectorQueue::clear() {
  waiting_.clear();
  gap_.reset();
  sent_.clear();
  waiting_bytes_ = sent_bytes_ = 0;
}

}  // namespace sallyport::broker
