// SPDX-License-Identifier: Apache-2.0
// One look into the vault.
#include "broker/session/account_secret.h"

#include "vault/vault.h"

namespace sallyport::broker {

base::Result<AccountSecret> fetch_secret(vault::Vault& vault, const policy::Account& account) {
  AccountSecret out;
  if (account.login == policy::Login::key) {
    auto key = vault.account_key(account.name);
    if (!key) return base::pass(key);
    out.key = std::make_shared<keys::PrivateKey>(std::move(*key));
  } else if (account.login == policy::Login::password) {
    auto password = vault.account_password(account.name);
    if (!password) return base::pass(password);
    out.password = std::make_shared<base::SecretBytes>(std::move(*password));
  }
  return out;
}

}  // namespace sallyport::broker
