// SPDX-License-Identifier: Apache-2.0
// Judges certificates that users log in with, by the authorities that administrators declare. Trusted side; pure, and
// closed: what is not known means no. Whether the client holds the certified key takes a signature, which is judged
// elsewhere.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "keys/certificate.h"
#include "policy/user_ca.h"

namespace sallyport::broker {

/// A certificate's "valid after" may lie so long before it was made: authorities backdate for clocks that are late.
inline constexpr std::int64_t kBackdatedSeconds = 5 * 60;

class UserAuthorities {
 public:
  using Declared = std::map<std::string, policy::UserCa, std::less<>>;

  /// Trusts nobody.
  UserAuthorities() = default;
  /// Errors: corrupt, naming the authority, when one of its keys cannot be read.
  static base::Result<UserAuthorities> of(const Declared& declared);

  struct Presented {
    const keys::Certificate& certificate;
    std::string_view user;
    std::string_view source_host;  ///< the client's numeric address
    base::Micros now_us = 0;       ///< wall clock
  };
  struct Admitted {
    std::string authority;  ///< the resource's name
    keys::TouchRule touch;  ///< what the signature of a certified security key must show
  };
  /// Whether some authority lets the certificate log in this user, from there, now, and none has revoked it. Errors:
  /// denied, with the reason for the audit log.
  base::Result<Admitted> judge(const Presented& presented) const;

  /// The first authority for which the key signs; empty: none, and nothing that such a certificate says is worth
  /// repeating.
  std::string name_of(const keys::PublicKey& ca) const;

 private:
  struct Authority {
    policy::UserCa rules;
    std::vector<keys::PublicKey> keys;
    bool has(const keys::PublicKey& ca) const;
  };
  static base::Result<Admitted> judge_by(const Authority& authority, const Presented& presented);
  base::Status check_revoked(const keys::Certificate& certificate) const;

  std::vector<Authority> authorities_;
  std::set<std::string, std::less<>> revoked_keys_;  ///< fingerprints, of all authorities
};

}  // namespace sallyport::broker
