// SPDX-License-Identifier: Apache-2.0
// What the portal proves itself with: a certificate and its key, from files or from the gateway's own authority.
// Trusted side; any thread may call. Workers get the certificates; the key stays here and signs handshakes.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "keys/tls_key.h"
#include "vault/vault.h"

namespace sallyport::broker {

class PortalIdentity {
 public:
  /// One that the gateway's authority issues lives so long, and is replaced when a third of it is left.
  static constexpr base::Micros kLifeUs = base::Micros{90} * 86'400 * 1'000'000;

  struct Current {
    std::vector<base::Bytes> chain;  ///< DER, its own first
    keys::TlsKey key;
    base::Micros valid_until_us = 0;
    std::string files;  ///< what the files looked like; empty: from the authority
  };

  /// Blocks. Errors: invalid (a file that cannot be used), io, those of the vault.
  static base::Result<std::unique_ptr<PortalIdentity>> make(const config::Config& config, vault::Vault& vault,
                                                            const base::Clock& clock);

  std::shared_ptr<const Current> current() const;
  /// Takes changed files, or a fresh certificate where the old one ends soon. Blocks. After an error the old one stays.
  base::Status renew();

 private:
  PortalIdentity(const config::Config& config, vault::Vault& vault, const base::Clock& clock)
      : config_(config), vault_(vault), clock_(clock) {}
  base::Result<Current> from_files() const;
  base::Result<Current> from_authority() const;
  keys::TlsNames names() const;

  const config::Config& config_;
  vault::Vault& vault_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Current> current_;
};

}  // namespace sallyport::broker
