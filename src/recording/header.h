// SPDX-License-Identifier: Apache-2.0
// The head of ID.rec: whose session, which node, commitments to the keys, signed. Also where its file names are made.
// Reads foreign bytes.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "recording/record_keys.h"
#include "recording/types.h"

namespace sallyport::recording {

inline constexpr std::size_t kIdBytes = 26;
inline constexpr std::size_t kHeaderBytes = 8 + kIdBytes + 8 + 4 * 32 + 32 + 64;

struct Header {
  std::string id;
  base::Micros started_at_us = 0;
  PublicKey node{};
  Hash salt{};
  Hash session_commitment{};
  Hash input_commitment{};
  Hash hash{};  ///< of all above, as stored
  Signature signature{};

  /// Fills in the hash and the signature and gives the bytes.
  base::Result<base::Bytes> encode_signed(const Signer& signer);

  bool hash_holds = false;          ///< the stored hash is the computed one (set by decode)
  bool signature_verified() const;  ///< the named node signed the stored hash
};

/// Reads kHeaderBytes. Fails on a wrong magic, version or id; a wrong hash is for the caller to judge (hash_holds).
base::Result<Header> decode_header(base::ByteView bytes);

/// What the header says of a key, so that a wrong or swapped key is noticed before anything is opened.
Hash commit_session_key(const Hash& salt, const base::SecretBytes& key);
Hash commit_input_key(const Hash& salt, const base::SecretBytes& key);
/// Errc::denied unless the keys are those that the header commits to.
base::Status check_commitments(const Header& header, const ReadKeys& keys);

}  // namespace sallyport::recording
