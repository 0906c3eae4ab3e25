// SPDX-License-Identifier: Apache-2.0
// From where a service account may be used. Trusted side, pure, and closed: an address that cannot be read is in no
// block.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/resource.h"

namespace sallyport::policy {

/// Whether the numeric address lies in one of the blocks.
bool is_among(std::string_view source, const std::vector<std::string>& blocks);

/// Whether the user's own resource allows the address: it restricts service accounts alone.
bool may_come_from(const User& user, std::string_view source);

/// Why not, for the audit log and `policy test`.
std::string outside_sources_text(const User& user, std::string_view source);

}  // namespace sallyport::policy
