// SPDX-License-Identifier: Apache-2.0
// One-time codes by time (RFC 6238), as authenticator apps make them, and recovery codes for when the app is lost.
// Trusted side; blocks on the store. The vault seals the secrets; nothing here is ever logged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "identity/factor.h"
#include "store/store.h"
#include "vault/vault.h"

namespace sallyport::identity {

inline constexpr std::string_view kTotpName = "totp";

/// How a guesser is slowed down. The counts are in the store: a restart changes nothing.
inline constexpr std::int64_t kFreeFailures = 5;  ///< wrong codes in a row that cost no wait
inline constexpr base::Micros kFirstWaitUs = 30'000'000;
inline constexpr base::Micros kLongestWaitUs = 3'600'000'000;  ///< each wait is twice the last one, up to this
/// How long an enrolment waits for its first code.
inline constexpr base::Micros kEnrolmentUs = 900'000'000;

/// The wait after so many wrong codes in a row.
base::Micros wait_after(std::int64_t failures);

/// What becomes of an enrolment that is there.
enum class Present : bool { stays, is_replaced };

class Totp final : public Factor {
 public:
  Totp(store::Store& store, vault::Vault& vault, const base::Clock& clock, base::Random& random)
      : store_(store), vault_(vault), clock_(clock), random_(random) {}

  /// Takes a code of the app, of this half minute, the last or the next one, or a recovery code.
  base::Result<FactorAnswer> judge(std::string_view user, base::ByteView answer) override;

  // Whether the user exists is the caller's to check, in the same transaction: what is stored for a user who has been
  // deleted is the next one's of that name.
  /// A new secret, which counts once confirm() has seen a code of it; replaces one that waits. Errors: exists (the user
  /// is enrolled, and that enrolment is to stay), the store's.
  base::Result<base::SecretBytes> begin(std::string_view user, Present present = Present::stays);
  /// Errors: not_found (nothing waits), timeout (too late), denied (not a code of that secret), exists, the store's.
  /// Where it replaces an enrolment, what that one proved counts no more, and its recovery codes are gone.
  base::Status confirm(std::string_view user, base::ByteView code, Present present = Present::stays);
  /// Replaces all recovery codes of an enrolled user. They are shown once: the store has their hashes.
  base::Result<std::vector<base::SecretBytes>> make_recovery_codes(std::string_view user);
  /// What the factor proved counts no more (the user's row has another incarnation). Errors: not_found, the store's.
  base::Status remove(std::string_view user);
  /// For a user who is deleted; nothing stored is no error.
  base::Status forget(std::string_view user);

  struct Enrolment {
    base::Micros enrolled_at_us = 0;
    std::size_t recovery_codes = 0;  ///< that are left
  };
  /// Of the user, if enrolled. Errors: the store's.
  base::Result<std::optional<Enrolment>> enrolment(std::string_view user);

 private:
  base::Status take_code(store::FactorRow& row, base::ByteView code, FactorAnswer& out);
  base::Status take_recovery_code(const store::FactorRow& row, base::ByteView code, FactorAnswer& out);
  base::Result<bool> is_enrolled(std::string_view user, Present present);
  base::Status delete_recovery_codes(std::string_view user);

  store::Store& store_;
  vault::Vault& vault_;
  const base::Clock& clock_;
  base::Random& random_;
};

/// "otpauth://totp/ISSUER:USER?secret=…", which authenticator apps read from a QR code. The secret is in it.
base::SecretBytes totp_uri(std::string_view issuer, std::string_view user, base::ByteView secret);

}  // namespace sallyport::identity
