// SPDX-License-Identifier: Apache-2.0
// Whether a peer's address lies in a CIDR block, as the source-address option of certificates asks. Pure: it resolves
// nothing.
#pragma once

#include <string_view>

#include "base/result.h"

namespace sallyport::keys {

/// True when the numeric address lies in the block "ADDRESS" or "ADDRESS/BITS". An IPv4-mapped IPv6 address counts as
/// IPv4. Errors: invalid, when either cannot be read or bits below the mask are set.
base::Result<bool> address_in_block(std::string_view address, std::string_view block);

/// Ok when the block can be read.
base::Status check_address_block(std::string_view block);

}  // namespace sallyport::keys
