// SPDX-License-Identifier: Apache-2.0
// The master key: the one secret that is not in the database, and where it comes from. Trusted side. It is never
// logged, never written inside the data directory by default, and never replaced because it was missing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace sallyport::vault {

inline constexpr std::size_t kMasterKeyBytes = 32;
inline constexpr const char* kDefaultMasterKeyPath = "/etc/sallyport/keys/master.key";
/// The name of the systemd credential: LoadCredentialEncrypted=sallyport-master-key.
inline constexpr const char* kMasterKeyCredential = "sallyport-master-key";

struct MasterKeySource {
  enum class Kind { file, passphrase, systemd_credential };
  Kind kind = Kind::file;
  std::string path = kDefaultMasterKeyPath;  ///< kind file
  base::SecretBytes passphrase;              ///< kind passphrase: read by the caller
  std::string credentials_directory;         ///< kind systemd_credential: the caller's $CREDENTIALS_DIRECTORY
  unsigned long long passphrase_passes = 4;  ///< Argon2id, when a passphrase is first used; afterwards as stored
  std::size_t passphrase_memory_bytes = std::size_t{256} << 20;

  static MasterKeySource from_file(std::string path);
  static MasterKeySource from_passphrase(base::SecretBytes passphrase);
  static MasterKeySource from_systemd(std::string credentials_directory);
};

/// How a passphrase becomes a key; stored beside the key check, since it is no secret.
struct PassphraseParameters {
  unsigned long long passes = 0;
  std::size_t memory_bytes = 0;
  base::Bytes salt;  ///< 16 bytes
};

/// Of a passphrase that secrets are to be sealed under from now on; one that is in use may be shorter.
inline constexpr std::size_t kMinPassphraseBytes = 12;
/// Errors: invalid.
base::Status check_new_passphrase(base::ByteView passphrase);

/// Errors: invalid (empty passphrase), internal (no memory).
base::Result<base::SecretBytes> derive_key(base::ByteView passphrase, const PassphraseParameters& parameters);

/// "argon2id:PASSES:MEMORY:SALT" and back. Errors: invalid (also for costs out of any reason).
std::string to_text(const PassphraseParameters& parameters);
base::Result<PassphraseParameters> passphrase_parameters_from(std::string_view text);

/// The key that a systemd credential holds. Errors: not_found, invalid, io.
base::Result<base::SecretBytes> read_credential(const std::string& credentials_directory);

}  // namespace sallyport::vault
