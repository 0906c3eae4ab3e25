// SPDX-License-Identifier: Apache-2.0
// Secrets at rest and the node's own keys. Trusted side; blocks on the store. Nothing here is ever logged or handed to
// a worker, except a stored password for the one login step that needs it. A lost master key is fatal, never replaced:
// see docs/vault.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "keys/private_key.h"
#include "store/store.h"
#include "vault/master_key.h"

namespace sallyport::vault {

/// What `account set-secret` stores. One of each type per account.
enum class SecretType { password, private_key };

/// A private key when the text begins like a key file ("-----BEGIN "), else a password.
SecretType guess_secret_type(base::ByteView secret);

inline constexpr std::size_t kMaxAccountPasswordBytes = 4096;

/// An X25519 key pair to which recordings are encrypted (libsodium's crypto_box).
struct RecordingRecipient {
  base::Bytes public_key;
  base::SecretBytes secret_key;
};

/// Any thread may call.
class Vault {
 public:
  /// Reads the master key, or makes one when the store holds no secret yet (kind file: writes it; the other kinds must
  /// bring one), checks that it is the right one, and makes the node's keys in the same transaction. Errors: not_found
  /// (the key is gone: fatal), denied (not the key of this store, or a file that others may read), corrupt (a key of
  /// the node is damaged or gone, too), those of the store; the messages say what to do.
  static base::Result<std::unique_ptr<Vault>> open(store::Store& store, const MasterKeySource& source,
                                                   const base::Clock& clock, base::Random& random);
  /// Whether open() would set the store up, under whatever key it is given.
  static base::Result<bool> is_new(store::Store& store);
  ~Vault();
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;

  // Accounts' secrets.
  /// Stores or replaces. A private key is parsed first; of a password, one line end at its end is not part. Errors:
  /// invalid (empty, too long, a control character, an unreadable key), denied (the key file is encrypted: the message
  /// says how to decrypt it).
  base::Status set_account_secret(std::string_view account, SecretType type, base::ByteView secret);
  /// Errors: not_found (none was set: the message says how), corrupt.
  base::Result<base::SecretBytes> account_password(std::string_view account);
  base::Result<keys::PrivateKey> account_key(std::string_view account);
  /// Removes all that is stored for an account; nothing stored is no error.
  base::Status forget_account(std::string_view account);

  // Secrets of users' second factors: one of each type ("totp", …) per user.
  static store::CredentialKey factor_key(std::string_view user, std::string_view type);
  /// Stores or replaces.
  base::Status set_factor_secret(std::string_view user, std::string_view type, base::ByteView secret);
  /// Errors: not_found, corrupt.
  base::Result<base::SecretBytes> factor_secret(std::string_view user, std::string_view type);
  /// Removes all that is stored for a user's factors; nothing stored is no error.
  base::Status forget_factors(std::string_view user);

  // Secrets of changes that wait for a second administrator, by the number of the step.
  /// Stores or replaces.
  base::Status set_change_secret(std::string_view change, std::size_t step, base::ByteView secret);
  /// Errors: not_found, corrupt.
  base::Result<base::SecretBytes> change_secret(std::string_view change, std::size_t step);
  /// Removes all that is stored for a change; nothing stored is no error.
  base::Status forget_change(std::string_view change);

  // The gateway's keys, which all nodes of a store share, made at the first start, in memory from then on.
  /// What the SSH listener proves itself with.
  const keys::PrivateKey& host_key_ed25519() const;
  const keys::PrivateKey& host_key_rsa() const;
  /// Signs users' certificates for targets: its public half goes into TrustedUserCAKeys.
  const keys::PrivateKey& user_ca() const;
  /// Signs host certificates for what the gateway poses as: its public half goes into known_hosts.
  const keys::PrivateKey& host_ca() const;
  /// Another secret of the gateway, made when it is first asked for: the authority of its TLS certificates.
  base::Result<base::SecretBytes> gateway_secret(std::string_view name,
                                                 const std::function<base::Result<base::SecretBytes>()>& make);
  /// The host key of a target's inner SSH leg (ssh -J): one per target, made when first asked for.
  base::Result<keys::PrivateKey> jump_host_key(std::string_view target);

  /// Ed25519 of the node, its own alone, made at its first start; over recordings' seals and audit heads: the raw 64
  /// bytes.
  base::Result<base::Bytes> node_sign(base::ByteView message) const;
  const base::Bytes& node_public_key() const;  ///< raw 32 bytes
  /// Whether open() made that key: nothing on this store was ever signed by this node.
  bool made_node_key() const;
  /// The same of another node of this store. It is what the vault sealed, so nobody who can only write to the database
  /// can put another one in its place. Errors: not_found, corrupt.
  base::Result<base::Bytes> public_key_of_node(std::string_view node);
  /// What makes the node able to read its own recordings.
  const RecordingRecipient& recording_recipient() const;

  /// Seals every secret anew under another master key, in one transaction: a crash leaves the old or the new key
  /// valid, never neither. A file source gets a freshly made key at its path: the new key waits at PATH.new until the
  /// store has changed over, and open() finishes what a crash interrupted; after an error it may stay there. Not to be
  /// called inside a transaction. Errors as for open(); exists (the file holds another key).
  base::Status rotate(const MasterKeySource& to);

 private:
  struct NodeKeys;
  Vault(store::Store& store, const base::Clock& clock, base::Random& random);

  enum class Start : bool { first, later };
  base::Result<Start> unlock(const MasterKeySource& source);
  base::Status begin(const MasterKeySource& source);
  base::Status put(const store::CredentialKey& key, base::ByteView secret);
  base::Result<base::SecretBytes> get(const store::CredentialKey& key);
  base::Result<base::SecretBytes> get_or_make(const store::CredentialKey& key,
                                              const std::function<base::Result<base::SecretBytes>()>& make);
  base::Result<keys::PrivateKey> get_or_make_key(const store::CredentialKey& key, keys::GeneratedKey kind);
  base::Result<base::SecretBytes> node_secret(const store::CredentialKey& key, Start start,
                                              const std::function<base::Result<base::SecretBytes>()>& make);
  base::Result<base::SecretBytes> signing_seed(Start start, bool& made);
  base::Result<keys::PrivateKey> node_key(const store::CredentialKey& key, Start start, keys::GeneratedKey kind);
  /// In open()'s transaction.
  base::Status load_node_keys(Start start);
  /// Commits once more under the key in use, so that no earlier commit of unknown outcome can come back after a crash.
  base::Status settle();
  base::Status seal_anew(base::ByteView master, const std::string& passphrase_parameters);

  // The store's turns guard what changes here: the master key is only touched inside a transaction.
  store::Store& store_;
  const base::Clock& clock_;
  base::Random& random_;
  base::SecretBytes master_;
  std::unique_ptr<NodeKeys> node_keys_;
};

}  // namespace sallyport::vault
