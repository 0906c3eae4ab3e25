// SPDX-License-Identifier: Apache-2.0
// Passwords of users: Argon2id hashes, made and checked. Trusted side; blocks for about 90 ms and takes 64 MiB a call,
// so it runs on the hashing thread, one at a time. It must never tell by its time whether a user exists.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace sallyport::identity {

inline constexpr std::size_t kMinPasswordBytes = 8;
inline constexpr std::size_t kMaxPasswordBytes = 1024;

/// What one guess costs. Stored inside each hash.
struct PasswordCost {
  unsigned long long passes = 2;
  std::size_t memory_bytes = std::size_t{64} << 20;
};

enum class PasswordVerdict {
  match,
  match_rehash,  ///< right, but hashed at another cost: store hash() of it again
  mismatch,
};

class Passwords {
 public:
  /// Hashes a random password once, for users that do not exist. Errors: internal (no memory).
  static base::Result<Passwords> create(const PasswordCost& cost, base::Random& random);

  /// The encoded hash, "$argon2id$…". Errors: invalid (too short, too long, a control character), internal.
  base::Result<std::string> hash(base::ByteView password) const;

  /// Takes the same time without a hash (unknown user, no password set) as with one, and for any password.
  PasswordVerdict verify(const std::optional<std::string>& hash, base::ByteView password) const;

 private:
  Passwords(const PasswordCost& cost, std::string dummy) : cost_(cost), dummy_(std::move(dummy)) {}
  PasswordCost cost_;
  std::string dummy_;
};

}  // namespace sallyport::identity
