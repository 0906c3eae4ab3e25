// SPDX-License-Identifier: Apache-2.0
// Long events as several messages, and back. Both sides of the trust line: what comes is foreign, and bounded.
#pragma once

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "ipc/message_kind.h"

namespace sallyport::ipc {

/// Calls send(message) for each message of the event, in order: one for most, whose kind is MessageKind::event. scratch
/// is where they are built.
template <class Send>
void send_in_parts(base::ByteView event, base::Bytes& scratch, Send&& send) {
  do {
    const base::ByteView part = event.first(std::min(event.size(), kMaxMessageBytes - 1));
    event = event.subspan(part.size());
    scratch.clear();
    scratch.push_back(static_cast<std::uint8_t>(event.empty() ? MessageKind::event : MessageKind::event_part));
    scratch.insert(scratch.end(), part.begin(), part.end());
    send(scratch);
  } while (!event.empty());
}

/// Puts events together again. Between an event_part and the event that ends it no other event comes; control messages
/// may.
class EventJoiner {
 public:
  /// The payload of an event_part or an event. The whole event, when this was its last part: valid until the next call,
  /// or as long as the payload. Errors: full, for an event longer than kMaxEventBytes.
  base::Result<std::optional<base::ByteView>> take(MessageKind kind, base::ByteView payload) {
    if (complete_) {
      complete_ = false;
      base::Bytes().swap(parts_);
    }
    if (kind == MessageKind::event && parts_.empty()) return std::optional(payload);
    if (payload.empty() || parts_.size() + payload.size() > kMaxEventBytes) {
      return base::fail(base::Errc::full, "an event longer than any");
    }
    parts_.insert(parts_.end(), payload.begin(), payload.end());
    if (kind == MessageKind::event_part) return std::optional<base::ByteView>();
    complete_ = true;
    return std::optional<base::ByteView>(parts_);
  }

 private:
  base::Bytes parts_;
  bool complete_ = false;
};

}  // namespace sallyport::ipc
