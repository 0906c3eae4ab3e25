// SPDX-License-Identifier: Apache-2.0
// The keys that the gateway itself has. Trusted side; only src/vault includes this.
#pragma once

#include <utility>

#include "vault/vault.h"

namespace sallyport::vault {

struct Vault::NodeKeys {
  keys::PrivateKey host_ed25519;
  keys::PrivateKey host_rsa;
  keys::PrivateKey user_ca;
  keys::PrivateKey host_ca;
  base::SecretBytes signing_secret;  ///< as libsodium holds it: seed and public key
  base::Bytes signing_public;
  bool signing_made = false;  ///< by this start
  RecordingRecipient recipient;
};

// Names in the store's credentials. They are under every seal: to change one is to lose what was sealed under it.
inline constexpr const char* kSealedKinds[] = {"account", "change", "factor", "gateway", "node", "target"};

}  // namespace sallyport::vault
