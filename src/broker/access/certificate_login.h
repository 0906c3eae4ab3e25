// SPDX-License-Identifier: Apache-2.0
// The certificate that a user logged in with: how long it counts, what it permits, and what the audit log says of it.
// Trusted side; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "keys/certificate.h"
#include "policy/proof_limits.h"

namespace sallyport::broker {

struct CertificateLogin {
  keys::Certificate certificate;
  std::string authority;    ///< the resource that admitted it
  std::string source_host;  ///< from where it was shown
};

/// key_id, serial, ca and ca_key.
std::vector<audit::Field> audit_fields(const CertificateLogin& login);

/// The wall clock's first moment after it; 0: it never ends.
base::Micros ends_at_us(const keys::Certificate& certificate);

/// What its extensions and its critical options leave of what policies allow (OpenSSH's PROTOCOL.certkeys).
policy::ProofLimits limits_of(const keys::Certificate& certificate);

/// Why the certificate does not permit this command, for the user; empty when it does.
std::string forbids_command(const keys::Certificate& certificate, std::string_view command);

}  // namespace sallyport::broker
