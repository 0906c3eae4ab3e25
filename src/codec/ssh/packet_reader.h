// SPDX-License-Identifier: Apache-2.0
// The receiving half of the packet layer (RFC 4253 §6): a buffer that the caller reads into, lines of the version
// exchange, then packets decrypted in place. Runs in the untrusted workers. It must never accept a packet above its
// bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/cipher.h"

namespace sallyport::codec::ssh {

enum class SequenceNumbers { keep, reset };

class PacketReader {
 public:
  struct Packet {
    base::ByteView payload;  ///< valid until the next call of any other function but last_payload()
    std::uint32_t sequence = 0;
  };

  PacketReader() : cipher_(make_plaintext()) {}
  ~PacketReader();
  PacketReader(const PacketReader&) = delete;
  PacketReader& operator=(const PacketReader&) = delete;

  /// Room for at least the rest of the packet under way; empty only when everything buffered is whole packets that
  /// nobody took and the buffer is full.
  std::span<std::uint8_t> space();
  void commit(std::size_t n);

  /// The next line without its LF or CR LF; nothing while it is incomplete. Errors: invalid above max_bytes.
  base::Result<std::optional<std::string_view>> next_line(std::size_t max_bytes);
  /// The next packet; nothing while it is incomplete. Errors: invalid (length, padding), corrupt (authentication),
  /// full (too many packets under one key), internal. After an error the reader must not be used.
  base::Result<std::optional<Packet>> next();
  /// The payload of the packet that next() gave last, to be overwritten.
  std::span<std::uint8_t> last_payload() { return last_payload_; }

  /// What follows is protected by this cipher.
  void set_cipher(std::unique_ptr<PacketCipher> cipher, SequenceNumbers numbers);
  void set_max_packet(std::uint32_t bytes) { max_packet_ = bytes; }
  /// Frees the buffer if nothing is in it, so that it starts small again.
  void give_back();

  std::uint64_t total_bytes() const { return total_bytes_; }
  std::uint64_t bytes_since_keys() const { return bytes_since_keys_; }
  std::uint64_t packets_since_keys() const { return packets_since_keys_; }

 private:
  base::Result<std::size_t> packet_bytes();
  void compact();
  void grow(std::size_t at_least);

  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t wanted_ = 0;  ///< whole size of the packet at head_ once its length is known
  bool filled_ = false;     ///< the last read filled the room: more is coming fast
  std::unique_ptr<PacketCipher> cipher_;
  std::span<std::uint8_t> last_payload_;
  std::uint32_t max_packet_ = 35000;
  std::uint32_t sequence_ = 0;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t bytes_since_keys_ = 0;
  std::uint64_t packets_since_keys_ = 0;
};

}  // namespace sallyport::codec::ssh
