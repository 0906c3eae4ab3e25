// SPDX-License-Identifier: Apache-2.0
// What a contained process may use up.
#pragma once

#include <cstdint>

#include "sandbox/step.h"

namespace sallyport::sandbox {

/// Address space of a worker: its terminal model, its buffers and both directions of the largest ring, several times
/// over. Not limited in sanitizer builds, whose shadow memory needs terabytes of it.
inline constexpr std::uint64_t kWorkerAddressSpaceBytes = std::uint64_t{1} << 30;
/// A worker has its standard streams and two sockets, and is given the three of a ring; a program whose workers are
/// given others says how many (WorkerNeeds).
inline constexpr std::uint64_t kWorkerDescriptors = 16;

/// What a program's workers may have beyond what every worker may.
struct WorkerNeeds {
  std::uint64_t descriptors = 0;
  /// A worker that has no peer owns no socket but the broker's.
  enum class Peer : bool { none, socket } peer = Peer::socket;
  /// A worker that reads files is handed them open, by the broker, and can open none.
  enum class Files : bool { none, passed } files = Files::none;
};

Step limit_zygote(const WorkerNeeds& needs);
Step limit_worker(const WorkerNeeds& needs);
/// No file it could grow, no process beside it, so much address space and so many descriptors.
Step limit_reader(std::uint64_t address_space_bytes, std::uint64_t descriptors);
Step forbid_core_dumps();

}  // namespace sallyport::sandbox
