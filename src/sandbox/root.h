// SPDX-License-Identifier: Apache-2.0
// A root directory with nothing in it that cannot be written.
#pragma once

#include "sandbox/step.h"

namespace sallyport::sandbox {

/// After enter_namespaces. Whatever is needed from the file system must have been read before.
Step enter_empty_root();

}  // namespace sallyport::sandbox
