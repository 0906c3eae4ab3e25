// SPDX-License-Identifier: Apache-2.0
// The node's public key in its own data directory: a shared database in which everything of this node was erased, or
// another database, does not pass for one that it is new to. Trusted side.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::broker {

/// Holds the key to the mark; none is none. Errors: corrupt (it is another key's), those of the file system.
base::Status check_node_mark(const std::string& data_dir, const base::Bytes& public_key);
/// Leaves the mark where there is none, once the key is in the database for good.
base::Status leave_node_mark(const std::string& data_dir, const base::Bytes& public_key);

}  // namespace sallyport::broker
