// SPDX-License-Identifier: Apache-2.0
// What a zygote may ask of the kernel: what a worker may, and what it takes to make one.
#pragma once

#include "sandbox/filter.h"
#include "sandbox/limits.h"

namespace sallyport::sandbox {

/// The filter of a zygote; workers inherit it and add their own.
Step zygote_filter(const WorkerNeeds& needs, Filter& out);

}  // namespace sallyport::sandbox
