// SPDX-License-Identifier: Apache-2.0
// Changes as callers name them. Trusted side; blocks on the store given.
#pragma once

#include <string>

#include "base/result.h"
#include "store/store.h"

namespace sallyport::broker::api {

/// By id, or by the code of one that waits or is to be reviewed. Errors: not_found, invalid (several have the code).
base::Result<store::ChangeRow> find_change(store::Store& store, const std::string& name);

}  // namespace sallyport::broker::api
