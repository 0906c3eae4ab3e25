// SPDX-License-Identifier: Apache-2.0
// Resources as a caller sends them: read, and checked for what this gateway can carry out. Trusted side.
#pragma once

#include <vector>

#include "base/result.h"
#include "ipc/api.pb.h"
#include "policy/decide.h"

namespace sallyport::broker::api {

/// One resource an item. An error names the document by its number, from 1 on.
base::Result<std::vector<policy::Resource>> parse_documents(const std::vector<ipc::ApplyItem>& items);

/// The resources as they would be after these were applied; nothing is stored. Reads files of time zones.
base::Result<policy::Snapshot> with_documents(const policy::Snapshot& resources,
                                              const std::vector<ipc::ApplyItem>& items);

}  // namespace sallyport::broker::api
