// SPDX-License-Identifier: Apache-2.0
// Labels, selectors, blocks of addresses and subjects from JSON. Trusted side, pure; an empty choice must never come to
// mean every target.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/json_object.h"
#include "policy/resource.h"

namespace sallyport::policy {

/// A selector, which must be there; errors go to `in`.
Selector read_selector(JsonObject& in, std::string_view key);

/// The labels that a target bears; none when the key is absent.
std::map<std::string, std::string> read_labels(JsonObject& in, std::string_view key);

/// Addresses and blocks of them, such as 10.0.0.0/8: some, when the key is there.
std::vector<std::string> read_blocks(JsonObject& in, std::string_view key);

/// Users and groups under this key: some of either.
Subjects read_subjects(JsonObject& in, std::string_view key = "subjects");

}  // namespace sallyport::policy
