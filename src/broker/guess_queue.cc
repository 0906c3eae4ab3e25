// SPDX-License-Identifier: Apache-2.0
// One guess of each source in turn.
#include "broker/guess_queue.h"

#include <algorithm>
#include <utility>

namespace sallyport::broker {

void GuessQueue::add(const std::string& source, Guess guess) {
  std::function<void()> turned_away;
  {
    const std::lock_guard lock(mutex_);
    if (const auto own = waiting_.find(source); own != waiting_.end() && own->second.size() >= source_limit) {
      turned_away = std::move(guess.turn_away);
    } else {
      turned_away = make_room();
      waiting_[source].push_back(std::move(guess));
      ++count_;
      // One job for each that waits: who takes another's place takes its job too.
      if (!turned_away) hash_thread_.post([this] { judge_next(); });
    }
  }
  if (turned_away) turned_away();
}

/// What turns away the guess that has to go, if one has to. Never the last of a source, unless each has but one.
std::function<void()> GuessQueue::make_room() {
  if (count_ < total_limit) return {};
  const auto longest = std::max_element(waiting_.begin(), waiting_.end(),
                                        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
  std::function<void()> out = std::move(longest->second.back().turn_away);
  longest->second.pop_back();
  if (longest->second.empty()) waiting_.erase(longest);
  --count_;
  return out;
}

void GuessQueue::judge_next() {
  std::function<void()> judge;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;  // cleared
    auto next = waiting_.upper_bound(last_);
    if (next == waiting_.end()) next = waiting_.begin();
    last_ = next->first;
    judge = std::move(next->second.front().judge);
    next->second.pop_front();
    if (next->second.empty()) waiting_.erase(next);
    --count_;
  }
  judge();
}

void GuessQueue::clear() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  count_ = 0;
}

}  // namespace sallyport::broker
