// SPDX-License-Identifier: Apache-2.0
// The keys of one record and the file beside it that wraps them to recipients. Trusted side; the keys are wiped.
// It must never write a key in the clear.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "recording/types.h"

namespace sallyport::recording {

struct Recipient;

/// What a reader holds: the session key, and the input key when it may read what was typed.
struct ReadKeys {
  base::SecretBytes session;  ///< 32 bytes
  base::SecretBytes input;    ///< 32 bytes or empty
  ReadKeys duplicate() const { return {session.duplicate(), input.duplicate()}; }
};

/// Both keys, fresh.
ReadKeys make_keys(base::Random& random);

/// The contents of ID.keys: each key wrapped to each recipient that may have it, bound to the record by its header's
/// hash. Needs the keys, never the record: the way to add recipients later, or to drop some.
base::Result<base::Bytes> wrap_keys(const ReadKeys& keys, const Hash& header_hash,
                                    std::span<const Recipient> recipients);

/// A recipient's X25519 pair: public_key finds the entries, secret_key (32 bytes) opens them.
struct RecipientKey {
  PublicKey public_key{};
  base::SecretBytes secret_key;
};

/// Opens what ID.keys holds for this recipient. Errc::denied when it holds nothing for it, Errc::corrupt when damaged.
/// header_hash is the record's. The result still has to match the header's commitment: Reader checks that.
base::Result<ReadKeys> unwrap_keys(base::ByteView keys_file, const Hash& header_hash, const RecipientKey& recipient);

/// One wrapped key, as anyone can see it.
struct KeyFileEntry {
  enum class Which : std::uint8_t { session = 1, input = 2 };
  PublicKey recipient{};
  Which which = Which::session;
};
/// Who can open the record, without any key.
base::Result<std::vector<KeyFileEntry>> list_key_file(base::ByteView keys_file);

/// Whether anything can be encrypted to the key: not to the few points of small order (RFC 7748 section 6.1).
bool usable_x25519(const PublicKey& key);

/// Public key of an X25519 secret key (32 bytes).
base::Result<PublicKey> x25519_public(const base::SecretBytes& secret_key);

/// A record's key file is made for at most this many recipients, so it is at most so long: it fits one message.
inline constexpr std::size_t kMaxRecipients = 64;
inline constexpr std::size_t kMaxKeyFileBytes = 8 + 4 + 2 * kMaxRecipients * (1 + 32 + 112) + 32;

/// Errc::not_found without a key file; Errc::corrupt for one of a size that none has, or that is no plain file.
base::Result<base::Bytes> read_key_file(const std::string& directory, const std::string& id);
/// The checksum that it ends in: what the audit log keeps of it. Zeros when it is too short to have one.
Hash key_file_checksum(base::ByteView keys_file);

}  // namespace sallyport::recording
