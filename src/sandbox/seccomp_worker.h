// SPDX-License-Identifier: Apache-2.0
// What a worker may ask of the kernel: bytes on the descriptors it was given, memory, time, randomness, its own end.
#pragma once

#include "sandbox/filter.h"
#include "sandbox/limits.h"

namespace sallyport::sandbox {

/// The calls that both zygotes and workers may make.
void add_worker_rules(const WorkerNeeds& needs, Rules& rules);
/// Parts of them that readers of recordings have too: memory that is not executable; time, randomness, signals to
/// oneself, an end; and what a sanitizer needs, in its builds.
void add_memory_rules(Rules& rules);
void add_process_rules(Rules& rules);
void add_sanitizer_rules(Rules& rules);
/// The filter of a worker.
Step worker_filter(const WorkerNeeds& needs, Filter& out);

}  // namespace sallyport::sandbox
