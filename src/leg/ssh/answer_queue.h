// SPDX-License-Identifier: Apache-2.0
// The order of answers: a peer is owed them in the order of its requests (RFC 4254 §4, §5.4), while some are ours to
// give at once and others come from the far leg. Untrusted side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace sallyport::leg::ssh {

class AnswerQueue {
 public:
  enum class State : std::uint8_t {
    awaited,    ///< the far leg answers
    swallowed,  ///< the far leg answers, but the peer was told yes before
    yes,
    no,
  };
  struct Answer {
    bool ok = false;
    base::Bytes data;  ///< of a global request
  };

  void push(State state) { entries_.push_back({state, {}}); }
  std::size_t size() const { return entries_.size(); }

  /// The far leg's next answer. What state its request was in: nullopt when none is awaited.
  std::optional<State> answered(bool ok, base::ByteView data = {});
  /// Everything that is awaited gets this answer.
  void answer_all(bool ok);
  /// The next answer that may go to the peer now.
  std::optional<Answer> take();

 private:
  struct Entry {
    State state;
    base::Bytes data;
  };
  std::vector<Entry> entries_;
};

}  // namespace sallyport::leg::ssh
