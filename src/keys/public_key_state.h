// SPDX-License-Identifier: Apache-2.0
// What a PublicKey holds, for the .cc files of this folder only. Immutable once parsed: it is shared between threads.
#pragma once

#include <array>

#include "keys/openssl_ptr.h"
#include "keys/public_key.h"

namespace sallyport::keys {

struct PublicKey::State {
  KeyType type = KeyType::ed25519;
  int bits = 0;
  base::Bytes blob;
  std::array<std::uint8_t, 32> ed25519{};  ///< ed25519 and sk_ed25519 (libsodium: no fetch, half the time)
  PkeyPtr pkey;                            ///< every other type
  base::Bytes application;                 ///< sk types: the relying party, usually "ssh:"
};

/// What this folder knows of the ECDSA curves (RFC 5656 §10.1).
struct EcdsaCurve {
  KeyType type;
  std::string_view ssh_name;  ///< inside the blob
  const char* group;          ///< OpenSSL's name
  std::size_t point_bytes;    ///< uncompressed
  int bits;
};

/// Null for a type without a curve.
const EcdsaCurve* curve_of(KeyType type);

/// Null when it is not a point of the curve, not uncompressed, or the point at infinity.
PkeyPtr ecdsa_public_key(const EcdsaCurve& curve, base::ByteView point);

/// The digest of an ECDSA or RSA signature algorithm name of ours; null for others.
const EVP_MD* digest_for(std::string_view signature_algorithm);

}  // namespace sallyport::keys
