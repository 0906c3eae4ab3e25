// SPDX-License-Identifier: Apache-2.0
// Landlock with nothing allowed: a second wall behind the empty root, where a file descriptor of a directory might
// leak.
#pragma once

#include "sandbox/step.h"

namespace sallyport::sandbox {

/// The ABI that the kernel offers, 0 if none.
int landlock_abi();

/// Forbids everything that the highest present ABI can forbid: files (1), TCP (4), device ioctl (5), signals and
/// abstract sockets outside (6). Needs forbid_new_privileges() first.
Step forbid_file_access();

}  // namespace sallyport::sandbox
