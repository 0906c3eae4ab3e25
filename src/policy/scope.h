// SPDX-License-Identifier: Apache-2.0
// Whether one policy acts wherever another one does. Trusted side, pure. It says yes only when that is so whatever
// users and targets are declared later.
#pragma once

#include <string_view>
#include <vector>

#include "policy/decide.h"

namespace sallyport::policy {

/// The list is "*" alone.
bool is_every(const std::vector<std::string>& list);

/// Subjects, targets, accounts and conditions of `wide` hold all of those of `narrow`.
bool covers(const Snapshot& snapshot, const Policy& wide, const Policy& narrow);

/// Names of the policies that may cover this one, itself among them.
std::vector<std::string_view> may_cover(const Snapshot& snapshot, const Policy& narrow);

}  // namespace sallyport::policy
