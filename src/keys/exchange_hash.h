// SPDX-License-Identifier: Apache-2.0
// The exchange hash H of an SSH key exchange (RFC 4253 §8, RFC 5656 §4, RFC 8731), recomputed from its typed inputs.
// Both sides of the trust line link it; the broker trusts only the H that it computed itself. It keeps nothing.
#pragma once

#include <span>
#include <string_view>

#include "base/bytes.h"

namespace sallyport::keys {

enum class KexMethod {
  curve25519_sha256,       ///< RFC 8731; curve25519-sha256@libssh.org is another name of it
  ecdh_sha2_nistp256,      ///< RFC 5656
  ecdh_sha2_nistp384,      ///< RFC 5656
  ecdh_sha2_nistp521,      ///< RFC 5656
  dh_group14_sha256,       ///< RFC 8268
  dh_group16_sha512,       ///< RFC 8268
  dh_group18_sha512,       ///< RFC 8268
  mlkem768x25519_sha256,   ///< draft-ietf-sshm-mlkem-hybrid-kex
  sntrup761x25519_sha512,  ///< draft-ietf-sshm-ntruprime-ssh; with @openssh.com under its older name
  // For old targets that ask for them by name only:
  dh_group14_sha1,  ///< RFC 4253
  dh_group1_sha1,   ///< RFC 4253
  dh_gex_sha256,    ///< RFC 4419: the server chooses the group
  dh_gex_sha1,      ///< RFC 4419
};

enum class HashAlgorithm { sha1, sha256, sha384, sha512 };

/// The form in which a value enters the hash.
enum class KexEncoding { string, mpint };

/// What a method means for the exchange hash.
struct KexShape {
  HashAlgorithm hash;
  KexEncoding public_values;        ///< Q_C and Q_S as strings (ECDH, hybrids), or e and f as mpints (DH)
  KexEncoding shared_secret;        ///< K as an mpint, or as a string for the hybrids
  std::size_t client_public_bytes;  ///< exact length of Q_C; the largest magnitude of e for DH
  std::size_t server_public_bytes;  ///< exact length of Q_S; the largest magnitude of f for DH
  std::size_t shared_secret_bytes;  ///< exact length of K as a string; else the largest magnitude of K
};

KexShape shape_of(KexMethod method);

/// RFC 4419: does the server choose the group? What a client asks for then, in bits; smaller groups are refused.
bool is_group_exchange(KexMethod method);
inline constexpr std::uint32_t kGroupMinBits = 2048;
inline constexpr std::uint32_t kGroupPreferredBits = 3072;
inline constexpr std::uint32_t kGroupMaxBits = 8192;

/// The method's name on the wire.
std::string_view kex_method_name(KexMethod method);
/// The method of a name or alias; not_found for any other.
base::Result<KexMethod> kex_method_from_name(std::string_view name);

/// Bytes of a digest.
std::size_t hash_size(HashAlgorithm algorithm);
/// A digest of the parts, one after the other. Errors: internal, when the library fails.
base::Result<base::Bytes> hash(HashAlgorithm algorithm, std::span<const base::ByteView> parts);
inline base::Result<base::Bytes> hash(HashAlgorithm algorithm, base::ByteView data) {
  return hash(algorithm, {&data, 1});
}

/// Everything that H covers, in the order of RFC 4253 §8. Views: the caller keeps the bytes alive.
struct KexInputs {
  KexMethod method = KexMethod::curve25519_sha256;
  base::ByteView client_version;     ///< V_C, without CR LF
  base::ByteView server_version;     ///< V_S, without CR LF
  base::ByteView client_kexinit;     ///< I_C: the payload, from the byte SSH_MSG_KEXINIT on
  base::ByteView server_kexinit;     ///< I_S
  base::ByteView host_key_blob;      ///< K_S: a public key or a certificate
  base::ByteView client_public;      ///< Q_C, or e as a big-endian magnitude
  base::ByteView server_public;      ///< Q_S, or f as a big-endian magnitude
  base::ByteView shared_secret;      ///< K as a big-endian magnitude, or the hybrids' string
  base::ByteView group_prime{};      ///< p, where the server chooses the group
  base::ByteView group_generator{};  ///< g, likewise
};

/// H. Errors: invalid, when an input is not of the shape that its method fixes (an identification string over 255 bytes
/// or without "SSH-2.0-", a KEXINIT that is none or over 64 KiB, a public value of a wrong length, K of zero, a group
/// outside the bits above).
base::Result<base::Bytes> exchange_hash(const KexInputs& inputs);

/// K as it enters H and the key derivation (RFC 4253 §7.2): length included. Secret: the result is wiped when it goes.
base::SecretBytes encode_shared_secret(KexMethod method, base::ByteView shared_secret);

}  // namespace sallyport::keys
