// SPDX-License-Identifier: Apache-2.0
// The gateway's own authority of TLS servers, for where no certificate is configured. Trusted side; its key is the
// vault's.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "keys/tls_key.h"
#include "vault/vault.h"

namespace sallyport::broker {

/// Made when it is first asked for; all nodes of a store share it. Blocks. Errors: corrupt, those of the store.
base::Result<keys::TlsAuthority> tls_authority(vault::Vault& vault, const base::Clock& clock);

}  // namespace sallyport::broker
