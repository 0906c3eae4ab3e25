// SPDX-License-Identifier: Apache-2.0
// Events on their way to an inspector: bounded, so that one that does not keep up costs neither time nor memory. What
// does not fit is dropped, and the inspector is told of the gap. Trusted side; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/bytes.h"
#include "ipc/inspector.pb.h"

namespace sallyport::broker {

class InspectorQueue {
 public:
  /// What may wait here; beyond it, all that waits is dropped.
  static constexpr std::size_t kMaxWaitingBytes = 512 * 1024;
  /// What may be sent and not read yet.
  static constexpr std::size_t kMaxSentBytes = 128 * 1024;
  /// Of events in one message. A longer event is never sent: it is a gap.
  static constexpr std::size_t kMaxMessageBytes = 48 * 1024;

  /// False: what waited is dropped, with this event: call drop().
  [[nodiscard]] bool push(std::uint64_t sequence, base::ByteView event);
  /// Nothing up to this event reaches the inspector. gap says which terminals are open after it.
  void drop(std::uint64_t up_to, ipc::InspectorGap gap);

  bool waits() const { return gap_ || !waiting_.empty(); }
  /// So much waits that it is worth a message.
  bool worth_sending() const { return waiting_bytes_ >= kMaxMessageBytes; }
  /// The next message, when there is one and what was sent leaves room for it. Its cost is returned; 0: there is none.
  std::size_t next(ipc::BrokerToInspector& out);
  /// The inspector has read up to there. False: it cannot have.
  [[nodiscard]] bool read(std::uint64_t up_to);

  bool all_read() const { return !waits() && sent_.empty(); }
  std::uint64_t sent_up_to() const { return sent_up_to_; }
  std::uint64_t read_up_to() const { return read_up_to_; }
  void clear();

 private:
  struct Waiting {
    std::uint64_t sequence = 0;
    base::Bytes event;
  };
  struct Sent {
    std::uint64_t up_to = 0;
    std::size_t cost = 0;
  };
  void note_sent(std::uint64_t up_to, std::size_t cost);

  std::optional<ipc::InspectorGap> gap_;  // before what waits
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::deque<Sent> sent_;
  std::size_t sent_bytes_ = 0;
  std::uint64_t sent_up_to_ = 0;
  std::uint64_t read_up_to_ = 0;
};

}  // namespace sallyport::broker
