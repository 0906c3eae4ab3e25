// SPDX-License-Identifier: Apache-2.0
// Which user a contained process runs as.
#pragma once

#include <sys/types.h>

namespace sallyport::sandbox {

/// Never root: contain() refuses 0 for either.
struct Identity {
  uid_t uid;
  gid_t gid;
};

}  // namespace sallyport::sandbox
