// SPDX-License-Identifier: Apache-2.0
// Attaching to the ring: the memory must be exactly what the broker makes.
#include "leg/ring.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cassert>
#include <utility>

namespace sallyport::leg {
namespace {

using base::Errc;

ipc::RingControl& control_at(void* memory, std::size_t offset) {
  return *reinterpret_cast<ipc::RingControl*>(static_cast<std::uint8_t*>(memory) + offset);
}

ipc::RingControl& outgoing(RingSide side, void* memory) {
  return control_at(memory, side == RingSide::front ? ipc::kRingControlFrontToBack : ipc::kRingControlBackToFront);
}

ipc::RingControl& incoming(RingSide side, void* memory) {
  return outgoing(side == RingSide::front ? RingSide::back : RingSide::front, memory);
}

std::uint8_t* outgoing_data(RingSide side, void* memory, std::size_t capacity) {
  return static_cast<std::uint8_t*>(memory) + ipc::kRingData + (side == RingSide::front ? 0 : capacity);
}

std::uint8_t* incoming_data(RingSide side, void* memory, std::size_t capacity) {
  return outgoing_data(side == RingSide::front ? RingSide::back : RingSide::front, memory, capacity);
}

}  // namespace

base::Result<std::unique_ptr<Ring>> Ring::attach(RingSide side, std::span<base::Fd> fds) {
  if (fds.size() != 3) return base::fail(Errc::invalid, "a ring comes as three descriptors");
  // Without the seals the peer could shrink the file and make every access here a bus error.
  const int seals = ::fcntl(fds[0].get(), F_GET_SEALS);
  constexpr int kNeeded = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (seals < 0 || (seals & kNeeded) != kNeeded) return base::fail(Errc::invalid, "the ring's memory is not sealed");
  const off_t size = ::lseek(fds[0].get(), 0, SEEK_END);  // fstat is one call more than the sandbox needs to allow
  const std::size_t bytes = size < 0 ? 0 : static_cast<std::size_t>(size);
  const std::size_t capacity = bytes < ipc::kRingData ? 0 : (bytes - ipc::kRingData) / 2;
  if (!ipc::is_ring_capacity(capacity) || ipc::ring_memory_bytes(capacity) != bytes) {
    return base::fail(Errc::invalid, "the ring's memory has an impossible size");
  }
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0].get(), 0);
  if (memory == MAP_FAILED) return base::fail_errno("mapping the ring");
  fds[0].reset();  // the mapping is enough
  return std::unique_ptr<Ring>(new Ring(side, memory, capacity, std::move(fds[1]), std::move(fds[2])));
}

Ring::Ring(RingSide side, void* memory, std::size_t capacity, base::Fd own_bell, base::Fd peer_bell)
    : memory_(memory),
      capacity_(capacity),
      own_bell_(std::move(own_bell)),
      peer_bell_(std::move(peer_bell)),
      writer_(outgoing(side, memory), outgoing_data(side, memory, capacity), capacity, peer_bell_.get()),
      reader_(incoming(side, memory), incoming_data(side, memory, capacity), capacity, peer_bell_.get()) {}

Ring::~Ring() {
  ::munmap(memory_, ipc::ring_memory_bytes(capacity_));
}

void Ring::silence() {
  std::uint64_t rung;
  // Whether it had rung does not matter: the indices tell what there is to do.
  [[maybe_unused]] const ssize_t n = ::read(own_bell_.get(), &rung, sizeof(rung));
}

}  // namespace sallyport::leg
