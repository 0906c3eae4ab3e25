// SPDX-License-Identifier: Apache-2.0
// One guess of each source in turn.
#include "broker/intake/guess_queue.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sallyport::broker {

void GuessQueue::add(const std::string& source, Guess guess) {
  std::function<void()> turned_away;
  {
    const std::lock_guard lock(mutex_);
    if (const auto own = waiting_.find(source); own != waiting_.end() && own->second.size() >= kSourceLimit) {
      turned_away = std::move(guess.turn_away);
    } else {
      turned_away = make_room();
      waiting_[source].push_back(std::move(guess));
      ++count_;
      go_on();
    }
  }
  if (turned_away) turned_away();
}

/// What turns away the guess that has to go, if one has to. Never the last of a source, unless each has but one.
std::function<void()> GuessQueue::make_room() {
  if (count_ < kTotalLimit) return {};
  const auto longest = std::max_element(waiting_.begin(), waiting_.end(),
                                        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  std::function<void()> out = std::move(longest->second.back().turn_away);
  longest->second.pop_back();
  if (longest->second.empty()) waiting_.erase(longest);
  --count_;
  return out;
}

/// Has the next guess judged, or sees to it that somebody comes back when a source may guess again. With the lock.
void GuessQueue::go_on() {
  if (judging_ || waiting_.empty()) return;
  base::Micros shortest = std::numeric_limits<base::Micros>::max();
  for (const auto& [source, guesses] : waiting_) shortest = std::min(shortest, wait_us(source));
  if (shortest == 0) {
    judging_ = true;
    hash_thread_.post([this] { judge_next(); });
    return;
  }
  const base::Micros at = clock_.monotonic_us() + shortest;
  if (wakes_at_ && *wakes_at_ <= at) return;
  wakes_at_ = at;
  later_(shortest, [this, at] {
    const std::lock_guard lock(mutex_);
    if (wakes_at_ == at) wakes_at_.reset();
    go_on();
  });
}

/// The next one has its turn whatever becomes of this one.
struct GuessQueue::Judging {
  explicit Judging(GuessQueue& of) : queue(of) {}
  ~Judging() {
    const std::lock_guard lock(queue.mutex_);
    queue.judging_ = false;
    queue.go_on();
  }
  Judging(const Judging&) = delete;
  Judging& operator=(const Judging&) = delete;
  GuessQueue& queue;
};

void GuessQueue::judge_next() {
  const Judging judging(*this);
  std::optional<std::pair<std::string, Guess>> next;
  {
    const std::lock_guard lock(mutex_);
    next = take_next();
  }
  if (!next || next->second.judge() != Outcome::wrong) return;
  const std::lock_guard lock(mutex_);
  charge(next->first);
}

/// Of the source after the last one, among those that may guess now.
std::optional<std::pair<std::string, GuessQueue::Guess>> GuessQueue::take_next() {
  auto next = waiting_.upper_bound(last_);
  for (std::size_t looked_at = 0; looked_at < waiting_.size(); ++looked_at, ++next) {
    if (next == waiting_.end()) next = waiting_.begin();
    if (wait_us(next->first) > 0) continue;
    last_ = next->first;
    std::pair<std::string, Guess> out{next->first, std::move(next->second.front())};
    next->second.pop_front();
    if (next->second.empty()) waiting_.erase(next);
    --count_;
    return out;
  }
  return std::nullopt;  // cleared
}

void GuessQueue::charge(const std::string& source) {
  const base::Micros now = clock_.monotonic_us();
  std::erase_if(wrong_of_, [now](const auto& one) { return one.second.rested(now); });
  wrong_of_.try_emplace(source, wrong_).first->second.charge(now);
}

base::Micros GuessQueue::wait_us(const std::string& source) {
  const auto own = wrong_of_.find(source);
  return own == wrong_of_.end() ? 0 : own->second.wait_us(clock_.monotonic_us());
}

void GuessQueue::clear() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  count_ = 0;
}

}  // namespace sallyport::broker
