// SPDX-License-Identifier: Apache-2.0
// Authorities whose certificates log users in at the gateway, as administrators declare them. Trusted side, pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::policy {

/// Serial numbers of certificates, both ends included.
struct SerialRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool operator==(const SerialRange&) const = default;
};

/// "7" or "7-12". 0 is what certificates without a number have, so it names none. Errors: invalid.
base::Result<SerialRange> serials_from(std::string_view text);
std::string to_string(const SerialRange& serials);

/// "SHA256:…", as ssh-keygen -l prints it.
bool is_fingerprint(std::string_view text);

/// Certificates that count no more, although they have not expired.
struct RevokedCertificates {
  std::vector<SerialRange> serials;  ///< of certificates of this authority
  std::vector<std::string> key_ids;  ///< of certificates of this authority
  std::vector<std::string> keys;     ///< fingerprints: of certified keys, and of authorities' keys; whoever signed
  bool empty() const { return serials.empty() && key_ids.empty() && keys.empty(); }
  bool operator==(const RevokedCertificates&) const = default;
};

inline constexpr std::int64_t kDefaultCertificateSeconds = 24 * 3600;

struct UserCa {
  /// Principal → the users whom a certificate that names it logs in.
  using Principals = std::map<std::string, std::vector<std::string>>;

  std::string name;
  std::string description;
  std::vector<std::string> public_keys;  ///< key lines: any of them signs
  std::optional<Principals> principals;  ///< none: a principal logs in the user of the same name
  std::vector<std::string> sources;      ///< blocks of addresses, one of which has the client's; none: anywhere
  std::int64_t max_lifetime_seconds = kDefaultCertificateSeconds;  ///< of a certificate, from its first second on
  RevokedCertificates revoked;
  bool operator==(const UserCa&) const = default;
};

/// Whether a certificate that names the principal may log in the user.
bool leads_to(const UserCa& authority, const std::string& principal, std::string_view user);
/// Whether it is among the authority's revoked serials or key ids.
bool revokes(const RevokedCertificates& revoked, std::uint64_t serial, std::string_view key_id);

}  // namespace sallyport::policy
