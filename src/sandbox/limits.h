// SPDX-License-Identifier: Apache-2.0
// What a contained process may use up.
#pragma once

#include <cstdint>

#include "sandbox/step.h"

namespace sallyport::sandbox {

/// Address space of a worker: its terminal model, its buffers and both directions of the largest ring, several times
/// over. Not limited in sanitizer builds, whose shadow memory needs terabytes of it.
inline constexpr std::uint64_t kWorkerAddressSpaceBytes = std::uint64_t{1} << 30;
/// A worker has two descriptors and is given five more at most.
inline constexpr std::uint64_t kWorkerDescriptors = 16;

Step limit_zygote();
Step limit_worker();

}  // namespace sallyport::sandbox
