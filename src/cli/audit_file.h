// SPDX-License-Identifier: Apache-2.0
// An exported audit log, checked without a gateway.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/output.h"

namespace sallyport::cli {

/// heads: lines, as `audit heads` prints them. node_key: base64; empty: the heads need only hold in themselves. The
/// verdict is the gateway's, with signer_trusted. Errors: invalid (a line that is no part of an export, which is
/// named), those of the file.
base::Result<Json> verdict_of_file(const std::string& path, const std::vector<std::string>& heads,
                                   std::vector<std::int64_t> known_faults, const std::string& node_key);

}  // namespace sallyport::cli
