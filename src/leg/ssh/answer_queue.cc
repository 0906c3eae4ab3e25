// SPDX-License-Identifier: Apache-2.0
// A handful of entries at most (the codec bounds pending requests), so a scan is fine.
#include "leg/ssh/answer_queue.h"

#include <utility>

namespace sallyport::leg::ssh {

std::optional<AnswerQueue::State> AnswerQueue::answered(bool ok, base::ByteView data) {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    Entry& e = entries_[i];
    if (e.state == State::awaited) {
      e.state = ok ? State::yes : State::no;
      e.data = base::to_bytes(data);
      return State::awaited;
    }
    if (e.state == State::swallowed) {
      entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
      return State::swallowed;
    }
  }
  return std::nullopt;
}

void AnswerQueue::answer_all(bool ok) {
  std::erase_if(entries_, [](const Entry& e) { return e.state == State::swallowed; });
  for (Entry& e : entries_) {
    if (e.state == State::awaited) e.state = ok ? State::yes : State::no;
  }
}

std::optional<AnswerQueue::Answer> AnswerQueue::take() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const State state = entries_[i].state;
    if (state == State::swallowed) continue;  // nothing is owed for it any more
    if (state == State::awaited) return std::nullopt;
    Answer answer{state == State::yes, std::move(entries_[i].data)};
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
    return answer;
  }
  return std::nullopt;
}

}  // namespace sallyport::leg::ssh
