// SPDX-License-Identifier: Apache-2.0
// What a reader of recordings may ask of the kernel: bytes of the descriptors it was given, memory, time, its own end.
#pragma once

#include "sandbox/filter.h"

namespace sallyport::sandbox {

/// The filter of a process that decodes and writes down what it found.
Step reader_filter(Filter& out);

}  // namespace sallyport::sandbox
