// SPDX-License-Identifier: Apache-2.0
// The format's few cryptographic steps over libsodium: domain-separated BLAKE2b, XChaCha20-Poly1305 in place, Ed25519
// checking, and the keys derived for one record. It must never use one nonce twice under one key.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "base/bytes.h"
#include "recording/types.h"

namespace sallyport::recording {

inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kKeyBytes = 32;

/// What a hash is of: BLAKE2b's personalisation, so that no hash can stand for one of another kind.
enum class HashOf : std::uint8_t { header, tail_head, frame, body, chunk_head, seal, key_file, session_key, input_key };

Hash hash(HashOf what, std::initializer_list<base::ByteView> parts);

/// Which use a nonce belongs to; with its two numbers it is unique in a record.
enum class NonceOf : std::uint8_t { frame = 1, chunk = 2, input = 3 };

using Nonce = std::array<std::uint8_t, 24>;
Nonce make_nonce(NonceOf use, std::uint64_t a, std::uint64_t b);

/// Encrypts size bytes in place; the tag follows them: data must have room for size + kTagBytes.
void seal_in_place(const base::SecretBytes& key, const Nonce& nonce, base::ByteView associated, std::uint8_t* data,
                   std::size_t size);
/// Opens ciphertext with its tag into out (size - kTagBytes bytes; may be the same memory). False when it is not
/// genuine.
bool open_to(const base::SecretBytes& key, const Nonce& nonce, base::ByteView associated, base::ByteView sealed,
             std::uint8_t* out);

bool signature_holds(const PublicKey& key, base::ByteView message, const Signature& signature);

/// The keys in use for one record, derived from its session key and its input key.
struct RecordKeys {
  base::SecretBytes frame;
  base::SecretBytes chunk;
  base::SecretBytes input;  ///< empty for a reader that may not see what was typed

  /// session: 32 bytes; input: 32 bytes or empty.
  static RecordKeys derive(const base::SecretBytes& session, const base::SecretBytes& input);
};

/// Prepares libsodium; cheap when repeated, called by every entry point.
void ready_crypto();

}  // namespace sallyport::recording
