// SPDX-License-Identifier: Apache-2.0
// One ring for a session, made when it is first needed.
#include "broker/session/bulk_switch.h"

#include <array>
#include <optional>

#include "event/event.pb.h"
#include "ipc/ring_memory.h"
#include "ipc/worker.pb.h"

namespace sallyport::broker {

bool BulkSwitch::consider(Direction from, Channel& channel, bool is_stderr, Journal& journal, FrontSide* front,
                          BackSide& back) {
  if (channel.pty) return false;
  StreamCount& stream = channel.stream(from, is_stderr);
  if (stream.bulk_ordered || stream.as_events < static_cast<std::uint64_t>(rules_.bulk_after_bytes)) return false;
  std::optional<ipc::RingMemory> ring;  // the workers' own once they have it
  if (!ring_attached_) {
    auto made = ipc::RingMemory::create();
    if (!made) return false;  // it goes on verbatim: dearer, never less recorded
    ring = std::move(*made);
    ring_attached_ = true;
  }
  stream.bulk_ordered = true;
  event::Event remark;
  remark.mutable_verdict()->set_channel(channel.number);
  remark.mutable_verdict()->set_subject("bulk");
  remark.mutable_verdict()->set_name(channel.purpose);
  remark.mutable_verdict()->set_verdict("allow");
  remark.mutable_verdict()->set_reason(rules_.bulk_hash ? "from here on counted and hashed" : "from here on counted");
  if (!journal.write_own(remark) || front == nullptr) return true;
  ipc::BulkStart start;
  start.set_channel(channel.number);
  start.set_stream(is_stderr ? event::STREAM_STDERR : event::STREAM_MAIN);
  start.set_up(from == Direction::up);
  start.set_ring_attached(ring.has_value());
  std::array<int, 3> for_back{}, for_front{};
  if (ring) for_back = ring->fds_for_back(), for_front = ring->fds_for_front();
  const std::size_t passed = ring ? for_back.size() : 0;
  back.send_bulk_start(start, {for_back.data(), passed});
  front->send_bulk_start(start, {for_front.data(), passed});
  return true;
}

}  // namespace sallyport::broker
