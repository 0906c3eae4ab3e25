// SPDX-License-Identifier: Apache-2.0
// Where the master key of this start comes from, asked of whoever starts the gateway where that is a passphrase.
// Trusted side; never echoes one.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "vault/master_key.h"

namespace sallyport::broker {

/// first_start: the passphrase is a new one. Errors: invalid, not_found.
base::Result<vault::MasterKeySource> find_master_key(const config::MasterKey& key, bool first_start);

}  // namespace sallyport::broker
