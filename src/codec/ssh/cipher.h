// SPDX-License-Identifier: Apache-2.0
// Protection of packets in one direction: a cipher with its authentication, on buffers in place. Bulk may be sealed
// from where it lies, which saves its copying. Runs in the untrusted workers. It must never give out plaintext that did
// not authenticate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/algorithms.h"

namespace sallyport::codec::ssh {

enum class Direction { seal, open };

/// Largest tag of any of them.
inline constexpr std::size_t kMaxTagBytes = 64;

/// Part of a packet's plaintext that lies elsewhere. Another process may be able to change it meanwhile: what is
/// authenticated is what was written into the packet, so that harms nothing but its own contents.
struct Elsewhere {
  base::ByteView text;
  std::size_t at = 0;  ///< where it belongs in the packet; behind the four bytes of length
};

/// What to do about a packet_length that cannot be: say so, or behave as if the packet were a long one that does not
/// authenticate. With block chaining and encrypt-and-MAC, saying so tells an attacker on the network what a block that
/// he put there decrypts to (Albrecht, Paterson, Watson: Plaintext Recovery Attacks Against SSH, 2009).
enum class BadLength { told, hidden };

/// A packet here is: 4 bytes packet_length, then that many bytes, then tag_bytes().
class PacketCipher {
 public:
  virtual ~PacketCipher() = default;
  std::size_t block_bytes() const { return block_bytes_; }
  std::size_t tag_bytes() const { return tag_bytes_; }
  /// Bytes at the start of the packet that padding does not count: 4 where the length is outside of the cipher's
  /// blocks.
  std::size_t unpadded_bytes() const { return unpadded_bytes_; }
  /// Bytes that packet_length() needs.
  std::size_t head_bytes() const { return head_bytes_; }
  BadLength bad_length() const { return bad_length_; }

  /// packet_length from the packet's first head_bytes() as received; nothing about it is authentic yet. Once a packet,
  /// before open().
  virtual base::Result<std::uint32_t> packet_length(std::uint32_t sequence, const std::uint8_t* head) = 0;
  /// Authenticates, then decrypts, in place. Errors: corrupt (the tag does not fit), internal.
  virtual base::Status open(std::uint32_t sequence, std::span<std::uint8_t> packet) = 0;
  /// Encrypts in place, but for what lies elsewhere, and writes the tag. Errors: internal.
  virtual base::Status seal(std::uint32_t sequence, std::span<std::uint8_t> packet, const Elsewhere& elsewhere) = 0;
  base::Status seal(std::uint32_t sequence, std::span<std::uint8_t> packet) { return seal(sequence, packet, {}); }

 protected:
  PacketCipher(std::size_t block_bytes, std::size_t tag_bytes, std::size_t unpadded_bytes, std::size_t head_bytes = 4,
               BadLength bad_length = BadLength::told)
      : block_bytes_(block_bytes),
        tag_bytes_(tag_bytes),
        unpadded_bytes_(unpadded_bytes),
        head_bytes_(head_bytes),
        bad_length_(bad_length) {}

 private:
  std::size_t block_bytes_;
  std::size_t tag_bytes_;
  std::size_t unpadded_bytes_;
  std::size_t head_bytes_;
  BadLength bad_length_;
};

/// Keys of one direction, as long as their algorithms say (mac_key may be empty for an authenticating cipher).
struct CipherKeys {
  base::SecretBytes key;
  base::SecretBytes iv;
  base::SecretBytes mac_key;
};

/// Before the first NEWKEYS: nothing is protected.
std::unique_ptr<PacketCipher> make_plaintext();
/// mac is null exactly when the cipher authenticates. Errors: internal.
base::Result<std::unique_ptr<PacketCipher>> make_cipher(const CipherAlgorithm& cipher, const MacAlgorithm* mac,
                                                        Direction direction, const CipherKeys& keys);

// The kinds, each in its own file.
base::Result<std::unique_ptr<PacketCipher>> make_aes_gcm(const CipherAlgorithm& cipher, Direction direction,
                                                         const CipherKeys& keys);
base::Result<std::unique_ptr<PacketCipher>> make_chacha20_poly1305(const CipherAlgorithm& cipher,
                                                                   const CipherKeys& keys);
base::Result<std::unique_ptr<PacketCipher>> make_aes_ctr_etm(const CipherAlgorithm& cipher, const MacAlgorithm& mac,
                                                             Direction direction, const CipherKeys& keys);
base::Result<std::unique_ptr<PacketCipher>> make_cipher_with_mac(const CipherAlgorithm& cipher, const MacAlgorithm& mac,
                                                                 Direction direction, const CipherKeys& keys);

/// A big-endian 32-bit number at p.
inline std::uint32_t load_u32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}
inline void store_u32(std::uint8_t* p, std::uint32_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 24);
  p[1] = static_cast<std::uint8_t>(v >> 16);
  p[2] = static_cast<std::uint8_t>(v >> 8);
  p[3] = static_cast<std::uint8_t>(v);
}

}  // namespace sallyport::codec::ssh
