// SPDX-License-Identifier: Apache-2.0
// Bulk between a front and a back through shared memory, after the broker allowed it. Untrusted side, and each side
// distrusts the other: own indices are private copies, the peer's are checked, and what is read is copied out before it
// is looked at (or is not looked at, only encrypted). The worst a hostile peer can do is to stop its own session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/fd.h"
#include "base/result.h"
#include "ipc/ring_layout.h"

namespace sallyport::leg {

enum class RingSide { front, back };

/// Writable memory inside the ring, in order; the second part is empty unless the data wraps. The peer can change it at
/// any time: write, never read.
struct RingSpans {
  std::span<std::uint8_t> first;
  std::span<std::uint8_t> second;
  std::size_t size() const { return first.size() + second.size(); }
};

/// One direction's producer. control and data are shared; capacity satisfies ipc::is_ring_capacity.
class RingWriter {
 public:
  RingWriter(ipc::RingControl& control, std::uint8_t* data, std::size_t capacity, int peer_bell)
      : control_(control), data_(data), capacity_(capacity), peer_bell_(peer_bell) {}

  /// Room for a record's payload, up to max bytes, less when less is free; empty when full (then arm_wake_up).
  /// Errc::corrupt: the peer's index is impossible; end the session.
  base::Result<RingSpans> reserve(std::size_t max);
  /// Publishes the first n bytes (1 to the size reserved) as one record, and rings if the reader sleeps.
  void commit(std::uint32_t channel, std::uint8_t stream, std::size_t n);
  /// Copies as much of data as fits now as one record; returns how much.
  base::Result<std::size_t> write(std::uint32_t channel, std::uint8_t stream, std::span<const std::uint8_t> data);
  /// Call before sleeping for want of room. True: sleep, the bell will ring. False: there is room already.
  base::Result<bool> arm_wake_up();

 private:
  base::Result<std::size_t> free_bytes();

  ipc::RingControl& control_;
  std::uint8_t* data_;
  std::size_t capacity_;
  int peer_bell_;
  std::uint64_t head_ = 0;       // ours: the shared one is only ever written
  std::uint64_t tail_seen_ = 0;  // the peer's, as last validated
  std::size_t reserved_ = 0;
};

struct RingRecord {
  std::uint32_t channel = 0;
  std::uint8_t stream = 0;
  std::size_t remaining = 0;  ///< payload bytes not read yet
};

/// One direction's consumer.
class RingReader {
 public:
  RingReader(ipc::RingControl& control, const std::uint8_t* data, std::size_t capacity, int peer_bell)
      : control_(control), data_(data), capacity_(capacity), peer_bell_(peer_bell) {}

  /// The record being read, or the next; nullopt when there is none (then arm_wake_up). Errc::corrupt: an index or a
  /// header is impossible; end the session.
  base::Result<std::optional<RingRecord>> next();
  /// Copies out the next out.size() bytes of the current record (1 to remaining) and gives their room back.
  void read(std::span<std::uint8_t> out);
  /// The next bytes of the current record where they lie: at least one, at most max. The peer can change them at any
  /// time: for an encryption that reads them once, nothing else. They stay until pass() gives n of them back.
  std::span<const std::uint8_t> peek(std::size_t max) const;
  void pass(std::size_t n);
  /// Call before sleeping for want of records. True: sleep, the bell will ring. False: something is there already.
  base::Result<bool> arm_wake_up();

 private:
  base::Result<std::size_t> available();
  void publish_tail();

  ipc::RingControl& control_;
  const std::uint8_t* data_;
  std::size_t capacity_;
  int peer_bell_;
  std::uint64_t tail_ = 0;       // ours
  std::uint64_t head_seen_ = 0;  // the peer's, as last validated
  RingRecord record_;
  std::size_t padding_ = 0;  // after the current record
};

/// Both directions as one side sees them: maps the memory, keeps the bells.
class Ring {
 public:
  /// fds: memory, own bell, peer's bell, as ipc::RingMemory::fds_for_front/back() order them; consumed. Errc::invalid
  /// when they are not what the broker makes (size, seals).
  static base::Result<std::unique_ptr<Ring>> attach(RingSide side, std::span<base::Fd> fds);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  RingWriter& writer() { return writer_; }
  RingReader& reader() { return reader_; }
  /// Poll this for POLLIN; call silence() when it is readable, then look at both directions.
  int bell() const { return own_bell_.get(); }
  void silence();

 private:
  Ring(RingSide side, void* memory, std::size_t capacity, base::Fd own_bell, base::Fd peer_bell);

  void* memory_;
  std::size_t capacity_;
  base::Fd own_bell_;
  base::Fd peer_bell_;
  RingWriter writer_;
  RingReader reader_;
};

}  // namespace sallyport::leg
