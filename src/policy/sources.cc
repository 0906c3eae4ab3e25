// SPDX-License-Identifier: Apache-2.0
// Addresses and blocks.
#include "policy/sources.h"

#include <algorithm>

#include "keys/address_block.h"

namespace sallyport::policy {

bool is_among(std::string_view source, const std::vector<std::string>& blocks) {
  return std::any_of(blocks.begin(), blocks.end(), [&](const std::string& block) {
    const auto inside = keys::address_in_block(source, block);
    return inside && *inside;
  });
}

bool may_come_from(const User& user, std::string_view source) {
  return !user.is_service() || is_among(source, user.sources);
}

std::string outside_sources_text(const User& user, std::string_view source) {
  const std::string where = source.empty() ? "an address that is not known" : std::string(source);
  return "service account '" + user.name + "' is not used from " + where + ": its key sources does not name it";
}

}  // namespace sallyport::policy
