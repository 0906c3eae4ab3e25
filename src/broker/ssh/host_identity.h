// SPDX-License-Identifier: Apache-2.0
// What an SSH front proves itself with: host keys that stay here, and their signatures over exchange hashes that were
// computed here. Trusted side.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "keys/private_key.h"
#include "vault/vault.h"

namespace sallyport::broker {

/// Immutable; shared by the sessions that show this identity.
class HostIdentity {
 public:
  /// The listener's: Ed25519 and RSA from the vault, which must outlive it.
  static std::shared_ptr<const HostIdentity> of_listener(const vault::Vault& vault);

  /// The inner leg of a jump: the target's own key of this gateway, with a certificate of the gateway's host CA for
  /// exactly the host name that the user asked for. Blocks on the store.
  static base::Result<std::shared_ptr<const HostIdentity>> of_jump_target(vault::Vault& vault,
                                                                          const std::string& target,
                                                                          const std::string& host_asked,
                                                                          const base::Clock& clock,
                                                                          base::Random& random);

  /// Host key algorithms, best first.
  const std::vector<std::string>& algorithms() const { return algorithms_; }
  /// K_S under a negotiated algorithm. Errors: invalid, for one that was not offered.
  base::Result<base::ByteView> key_blob(const std::string& algorithm) const;
  /// The signature blob over H. Errors: invalid, internal.
  base::Result<base::Bytes> sign(const std::string& algorithm, base::ByteView exchange_hash) const;

 private:
  struct Entry {
    std::string algorithm;
    base::Bytes blob;
    const keys::PrivateKey* key;
  };
  const Entry* find(const std::string& algorithm) const;

  std::vector<std::string> algorithms_;
  std::vector<Entry> entries_;
  std::unique_ptr<keys::PrivateKey> own_;  // of a jump target
};

}  // namespace sallyport::broker
