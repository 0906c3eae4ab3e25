// SPDX-License-Identifier: Apache-2.0
// memfd_create, seals, eventfd.
#include "ipc/ring_memory.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sallyport::ipc {

base::Result<RingMemory> RingMemory::create(std::size_t capacity) {
  if (!is_ring_capacity(capacity))
    return base::fail(base::Errc::invalid, "a ring's size is a power of two, 4 KiB to 64 MiB");
  RingMemory ring;
  ring.memory = base::Fd(::memfd_create("sallyport-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!ring.memory) return base::fail_errno("memfd_create");
  if (::ftruncate(ring.memory.get(), static_cast<off_t>(ring_memory_bytes(capacity))) < 0) {
    return base::fail_errno("ftruncate of the ring");
  }
  if (::fcntl(ring.memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
    return base::fail_errno("fcntl(F_ADD_SEALS)");
  }
  ring.front_bell = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ring.back_bell = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ring.front_bell || !ring.back_bell) return base::fail_errno("eventfd");
  return ring;
}

}  // namespace sallyport::ipc
