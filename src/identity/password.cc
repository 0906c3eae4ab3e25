// SPDX-License-Identifier: Apache-2.0
// Argon2id, by libsodium.
#include "identity/password.h"

#include <sodium.h>

#include <algorithm>

namespace sallyport::identity {

using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;

namespace {

Result<std::string> argon2id(const PasswordCost& cost, ByteView password) {
  char out[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str_alg(out, reinterpret_cast<const char*>(password.data()), password.size(), cost.passes,
                            cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::internal, "a password could not be hashed: there is not enough memory");
  }
  return std::string(out);
}

bool has_control_character(ByteView password) {
  return std::any_of(password.begin(), password.end(), [](std::uint8_t c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

Result<Passwords> Passwords::create(const PasswordCost& cost, base::Random& random) {
  if (sodium_init() < 0) return fail(Errc::internal, "libsodium did not start");
  const base::SecretBytes nobody(random.bytes(32));
  Result<std::string> dummy = argon2id(cost, nobody.view());
  if (!dummy) return pass(dummy);
  return Passwords(cost, std::move(*dummy));
}

Result<std::string> Passwords::hash(ByteView password) const {
  if (password.size() < kMinPasswordBytes) {
    return fail(Errc::invalid, "a password must have at least " + std::to_string(kMinPasswordBytes) + " characters");
  }
  if (password.size() > kMaxPasswordBytes) {
    return fail(Errc::invalid, "a password must have at most " + std::to_string(kMaxPasswordBytes) + " bytes");
  }
  if (has_control_character(password)) {
    return fail(Errc::invalid, "a password must not hold control characters, such as a line end");
  }
  return argon2id(cost_, password);
}

PasswordVerdict Passwords::verify(const std::optional<std::string>& hash, ByteView password) const {
  // One and the same work whatever is wrong: an unreadable hash or an over-long password is compared with nobody's.
  const int age = hash && hash->size() < crypto_pwhash_STRBYTES
                      ? crypto_pwhash_str_needs_rehash(hash->c_str(), cost_.passes, cost_.memory_bytes)
                      : -1;
  const bool usable = age >= 0;
  const bool fits = password.size() <= kMaxPasswordBytes;
  const std::string& against = usable ? *hash : dummy_;
  const ByteView guess = fits ? password : password.first(kMaxPasswordBytes);
  const char* const bytes = guess.empty() ? "" : reinterpret_cast<const char*>(guess.data());  // never null
  const bool same = crypto_pwhash_str_verify(against.c_str(), bytes, guess.size()) == 0;
  if (!same || !usable || !fits) return PasswordVerdict::mismatch;
  return age == 0 ? PasswordVerdict::match : PasswordVerdict::match_rehash;
}

}  // namespace sallyport::identity
