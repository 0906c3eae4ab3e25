// SPDX-License-Identifier: Apache-2.0
// The live feed's memory.
#include "broker/session/live_feed.h"

#include <algorithm>

#include "broker/node/queue_cost.h"

namespace sallyport::broker {

namespace {
std::size_t cost_of(const FeedEntry& entry) {
  return queue_cost(entry.event ? entry.event->size() : 0);
}
}  // namespace

void LiveFeed::add(RecordPlace at, bool up, base::ByteView event) {
  const std::lock_guard lock(mutex_);
  put({next_seq_++, at, up, std::make_shared<const base::Bytes>(event.begin(), event.end())});
  since_keyframe_ += event.size();
  trim();
  notify();
}

void LiveFeed::put(FeedEntry entry) {
  bytes_ += cost_of(entry);
  entries_.push_back(std::move(entry));
}

void LiveFeed::pop_front() {
  bytes_ -= cost_of(entries_.front());
  entries_.pop_front();
}

void LiveFeed::add_keyframe(RecordPlace at, ScreenOf screen, Part part, base::ByteView event) {
  const std::lock_guard lock(mutex_);
  Keyframe& partial = partial_[screen.channel];
  partial.as_of = screen.as_of;
  const bool kept = keep_part(partial, {0, at, false, std::make_shared<const base::Bytes>(event.begin(), event.end())});
  if (part == Part::more_follow) return;
  if (!kept) return drop(partial_, screen.channel);
  drop(keyframes_, screen.channel);
  keyframes_[screen.channel] = std::move(partial);
  partial_.erase(screen.channel);
  whole(screen.channel, at);
  trim();
  notify();
}

// A screen takes the place of the events that it draws.
void LiveFeed::whole(std::uint32_t channel, RecordPlace at) {
  keyframes_[channel].marker = next_seq_;
  put({next_seq_++, at, false, nullptr, channel});
  keyframe_asked_ = false;
  since_keyframe_ = 0;
  for (const FeedEntry& entry : entries_) {
    if (entry.event && entry.at.sequence > keyframes_[channel].as_of) since_keyframe_ += entry.event->size();
  }
  std::uint64_t oldest = at.sequence;
  for (const auto& [unused, frame] : keyframes_) oldest = std::min(oldest, frame.as_of);
  while (!entries_.empty() && entries_.front().at.sequence <= oldest) pop_front();
}

// False: this one is not kept.
bool LiveFeed::keep_part(Keyframe& partial, const FeedEntry& part) {
  if (partial.too_large) return false;
  if (keyframe_bytes_ + queue_cost(part.event->size()) > kKeyframeCapacityBytes) {
    keyframe_bytes_ -= partial.bytes;
    partial = {};
    partial.too_large = true;
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
  for (const auto& [unused, frame] : keyframes_) dropped(frame.as_of);
  keyframes_.clear();
  for (auto& [unused, partial] : partial_) {
    partial = {};
    partial.too_large = true;
  }
  keyframe_bytes_ = 0;
}

void LiveFeed::dropped(std::uint64_t sequence) {
  dropped_up_to_ = std::max(dropped_up_to_.value_or(0), sequence);
}

void LiveFeed::trim() {
  while (bytes_ > kCapacityBytes && entries_.size() > 1) {
    if (entries_.front().event) dropped(entries_.front().at.sequence);
    pop_front();
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
  out.up_to = std::max(seq, next_seq_ - 1);
  const bool missed = seq + 1 < (entries_.empty() ? next_seq_ : entries_.front().seq);
  if (missed) {
    out.lost = seq != 0;
    take_keyframes(out);
  }
  std::size_t size = 0;
  for (const FeedEntry& entry : entries_) {
    if (entry.seq <= seq) continue;
    if (!entry.event) {
      const auto frame = keyframes_.find(entry.channel);
      if (missed || frame == keyframes_.end() || frame->second.marker != entry.seq) continue;
      for (const FeedEntry& part : frame->second.parts) {
        size += part.event->size();
        out.entries.push_back(part);
      }
      continue;
    }
    if (!out.entries.empty() && size + entry.event->size() > max_bytes) {
      out.up_to = entry.seq - 1;
      return out;
    }
    size += entry.event->size();
    out.entries.push_back(entry);
  }
  out.closed = closed_;
  return out;
}

void LiveFeed::take_keyframes(Batch& out) const {
  out.gap = keyframes_.empty() && dropped_up_to_;
  for (const auto& [unused, frame] : keyframes_) {
    out.keyframes.insert(out.keyframes.end(), frame.parts.begin(), frame.parts.end());
    out.gap = out.gap || (dropped_up_to_ && frame.as_of < *dropped_up_to_);
  }
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
