// SPDX-License-Identifier: Apache-2.0
// What differs between two versions of a resource, key by key. Trusted side, pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::policy {

/// One key that differs, or one item of a list of words. Values are JSON.
struct Difference {
  std::string path;    ///< "when.hours"
  std::string before;  ///< empty: it was not there
  std::string after;   ///< empty: it is not there any more
  bool operator==(const Difference&) const = default;
};

/// From one canonical JSON to another, in the order of paths; an empty text is a resource that is not there. The order
/// of a list of words is no difference. Errors: invalid, when a text is no JSON object.
base::Result<std::vector<Difference>> differences(std::string_view before, std::string_view after);

}  // namespace sallyport::policy
