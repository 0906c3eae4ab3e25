// SPDX-License-Identifier: Apache-2.0
// A hostile peer in both roles: it writes indices and data between our calls. Ours must stay inside the ring and either
// go on or report corruption.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "leg/ring.h"

namespace sallyport::leg {
namespace {

constexpr std::size_t kCapacity = 4096;

struct Input {
  const std::uint8_t* data;
  std::size_t size;
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t out = 0;
    const std::size_t n = std::min(bytes, size);
    std::memcpy(&out, data, n);
    data += n;
    size -= n;
    return out;
  }
};

void must(bool holds) {
  if (!holds) std::abort();
}

bool inside(std::span<std::uint8_t> part, const std::uint8_t* data) {
  return part.empty() || (part.data() >= data && part.data() + part.size() <= data + kCapacity);
}

struct Rings {
  ipc::RingControl control{};
  // Its own allocation: a byte beyond it is seen by the address sanitizer.
  std::unique_ptr<std::uint8_t[]> data = std::make_unique<std::uint8_t[]>(kCapacity);
};

bool produce(RingWriter& writer, const Rings& ring, Input& in) {
  const std::size_t want = in.number(2) % 5000 + 1;
  auto room = writer.reserve(want);
  if (!room) return false;
  must(room->size() <= want && inside(room->first, ring.data.get()) && inside(room->second, ring.data.get()));
  std::ranges::fill(room->first, std::uint8_t{1});
  std::ranges::fill(room->second, std::uint8_t{2});
  if (room->size() > 0) writer.commit(1, 0, in.number(2) % room->size() + 1);
  return true;
}

bool consume(RingReader& reader, Input& in) {
  auto record = reader.next();
  if (!record) return false;
  if (!*record) return reader.arm_wake_up().has_value();
  must((*record)->remaining >= 1 && (*record)->remaining <= kCapacity - sizeof(ipc::RingRecordHeader));
  base::Bytes out(in.number(2) % (*record)->remaining + 1);
  if (in.number(1) % 2 == 0) {
    reader.read(out);
    return true;
  }
  const auto piece = reader.peek(out.size());
  must(!piece.empty() && piece.size() <= out.size());
  std::ranges::copy(piece, out.begin());  // the sanitizer looks whether it lies in the ring
  reader.pass(piece.size());
  return true;
}

/// One step of the peer or of ours; false ends the session, as corruption does.
bool step(RingReader& reader, RingWriter& writer, Rings& incoming, Rings& outgoing, Input& in) {
  switch (in.number(1) % 8) {
    case 0:
      incoming.control.head = in.number(8);
      return true;
    case 1:
      incoming.control.head += in.number(2);
      return true;
    case 2: {
      const std::size_t at = in.number(2) % (kCapacity - 16);
      const std::uint64_t low = in.number(8);
      const std::uint64_t high = in.number(8);
      std::memcpy(incoming.data.get() + at, &low, 8);
      std::memcpy(incoming.data.get() + at + 8, &high, 8);
      return true;
    }
    case 3:
      outgoing.control.tail = in.number(8);
      return true;
    case 4:
      outgoing.control.tail += in.number(2);
      return true;
    case 5:
      return produce(writer, outgoing, in);
    case 6: {  // an honest record, to get further in
      const ipc::RingRecordHeader header{1, 0, {}, static_cast<std::uint32_t>(in.number(1) + 1), 0};
      std::memcpy(incoming.data.get() + (incoming.control.head & (kCapacity - 16)), &header, sizeof(header));
      incoming.control.head += 16 + ((header.length + 15) & ~15u);
      return true;
    }
    default:
      return consume(reader, in);
  }
}

}  // namespace
}  // namespace sallyport::leg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport::leg;
  if (size > 4096) return 0;
  Rings incoming;
  Rings outgoing;
  RingReader reader(incoming.control, incoming.data.get(), kCapacity, -1);
  RingWriter writer(outgoing.control, outgoing.data.get(), kCapacity, -1);
  Input in{data, size};
  while (in.size > 0 && step(reader, writer, incoming, outgoing, in)) {
  }
  return 0;
}
