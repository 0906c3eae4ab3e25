// SPDX-License-Identifier: Apache-2.0
// The secret of an account, as a session has it between the vault and the one login that uses it. Trusted side.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "keys/private_key.h"
#include "policy/resource.h"

namespace sallyport::vault {
class Vault;
}

namespace sallyport::broker {

/// Empty for login by certificate.
struct AccountSecret {
  std::shared_ptr<keys::PrivateKey> key;
  std::shared_ptr<base::SecretBytes> password;
};

/// Blocks on the store. Errors: what the vault says.
base::Result<AccountSecret> fetch_secret(vault::Vault& vault, const policy::Account& account);

}  // namespace sallyport::broker
