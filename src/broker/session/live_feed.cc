// SPDX-License-Identifier: Apache-2.0
// The live feed's memory.
#include "broker/session/live_feed.h"

#include <algorithm>

#include "broker/node/queue_cost.h"

namespace sallyport::broker {

void LiveFeed::add(base::Micros time_us, bool up, base::ByteView event) {
  const std::lock_guard lock(mutex_);
  entries_.push_back({next_seq_++, time_us, up, std::make_shared<const base::Bytes>(event.begin(), event.end())});
  bytes_ += queue_cost(event.size());
  since_keyframe_ += event.size();
  trim();
  notify();
}

void LiveFeed::add_keyframe(base::Micros time_us, std::uint32_t channel, Part part, base::ByteView event) {
  const std::lock_guard lock(mutex_);
  const FeedEntry entry{next_seq_++, time_us, false, std::make_shared<const base::Bytes>(event.begin(), event.end())};
  entries_.push_back(entry);
  bytes_ += queue_cost(event.size());
  const bool whole = keep_part(partial_[channel], entry) && part == Part::last;
  if (part == Part::last && !whole) drop(partial_, channel);
  if (whole) {
    drop(keyframes_, channel);
    keyframes_[channel] = std::move(partial_[channel]);
    partial_.erase(channel);
    since_keyframe_ = 0;
    keyframe_asked_ = false;
    // What came before the oldest of the latest keyframes is drawn by them.
    std::uint64_t oldest = entry.seq;
    for (const auto& [unused, frame] : keyframes_) oldest = std::min(oldest, frame.parts.front().seq);
    while (!entries_.empty() && entries_.front().seq < oldest) {
      bytes_ -= queue_cost(entries_.front().event->size());
      entries_.pop_front();
    }
  }
  trim();
  notify();
}

// False: this one is not kept.
bool LiveFeed::keep_part(Keyframe& partial, const FeedEntry& part) {
  if (partial.too_large) return false;
  if (keyframe_bytes_ + queue_cost(part.event->size()) > kKeyframeCapacityBytes) {
    keyframe_bytes_ -= partial.bytes;
    partial = {{}, 0, true};
    return false;
  }
  partial.parts.push_back(part);
  partial.bytes += queue_cost(part.event->size());
  keyframe_bytes_ += queue_cost(part.event->size());
  return true;
}

void LiveFeed::drop(std::map<std::uint32_t, Keyframe>& frames, std::uint32_t channel) {
  const auto found = frames.find(channel);
  if (found == frames.end()) return;
  keyframe_bytes_ -= found->second.bytes;
  frames.erase(found);
}

void LiveFeed::forget(std::uint32_t channel) {
  const std::lock_guard lock(mutex_);
  drop(keyframes_, channel);
  drop(partial_, channel);
}

std::size_t LiveFeed::keyframe_bytes() const {
  const std::lock_guard lock(mutex_);
  return keyframe_bytes_;
}

void LiveFeed::drop_keyframes() {
  const std::lock_guard lock(mutex_);
  keyframes_.clear();
  for (auto& [unused, partial] : partial_) partial = {{}, 0, true};
  keyframe_bytes_ = 0;
  dropped_up_to_ = entries_.empty() ? next_seq_ - 1 : entries_.front().seq - 1;
}

void LiveFeed::trim() {
  while (bytes_ > kCapacityBytes && entries_.size() > 1) {
    dropped_up_to_ = entries_.front().seq;
    bytes_ -= queue_cost(entries_.front().event->size());
    entries_.pop_front();
  }
}

bool LiveFeed::take_keyframe_due() {
  const std::lock_guard lock(mutex_);
  if (keyframe_asked_ || since_keyframe_ < kKeyframeDueBytes) return false;
  keyframe_asked_ = true;
  return true;
}

void LiveFeed::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  notify();
}

LiveFeed::Batch LiveFeed::after(std::uint64_t seq, std::size_t max_bytes) const {
  const std::lock_guard lock(mutex_);
  Batch out;
  std::size_t size = 0;
  const std::uint64_t first = entries_.empty() ? next_seq_ : entries_.front().seq;
  const bool missed = seq + 1 < first;
  if (missed) {
    out.gap = seq != 0 || dropped_up_to_ != 0;
    for (const auto& [unused, frame] : keyframes_) {
      for (const FeedEntry& entry : frame.parts) {
        if (entry.seq < first) out.entries.push_back(entry);
      }
    }
    for (const FeedEntry& entry : out.entries) size += entry.event->size();
  }
  for (const FeedEntry& entry : entries_) {
    if (entry.seq <= seq) continue;
    if (!out.entries.empty() && size + entry.event->size() > max_bytes) return out;
    size += entry.event->size();
    out.entries.push_back(entry);
  }
  out.closed = closed_;
  return out;
}

std::uint64_t LiveFeed::subscribe(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  subscribers_[next_token_] = std::move(wake);
  return next_token_++;
}

void LiveFeed::unsubscribe(std::uint64_t token) {
  const std::lock_guard lock(mutex_);
  subscribers_.erase(token);
}

void LiveFeed::notify() {
  for (const auto& [unused, wake] : subscribers_) wake();
}

}  // namespace sallyport::broker
