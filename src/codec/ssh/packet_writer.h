// SPDX-License-Identifier: Apache-2.0
// The sending half of the packet layer (RFC 4253 §6): payloads are written into the output buffer, padded and encrypted
// there. Runs in the untrusted workers. It must never leave a packet in the buffer that is not sealed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "codec/ssh/cipher.h"
#include "codec/ssh/packet_reader.h"

namespace sallyport::codec::ssh {

/// What to do when the buffer has no room: small control messages grow it, bulk waits until it drained.
enum class WhenFull { grow, wait };

class PacketWriter {
 public:
  explicit PacketWriter(base::Random& random) : random_(&random), cipher_(make_plaintext()) {}
  ~PacketWriter();
  PacketWriter(const PacketWriter&) = delete;
  PacketWriter& operator=(const PacketWriter&) = delete;

  /// Raw bytes: the version line.
  void append(base::ByteView raw);
  /// Room for a payload of up to max_bytes, followed by end(). With WhenFull::wait it may be less than asked for, or
  /// empty, but never because the buffer could not hold it when drained.
  std::span<std::uint8_t> begin(std::size_t max_bytes, WhenFull when_full);
  /// Seals the first n bytes of that room as one packet (0: none). The last of them may lie elsewhere: then they are
  /// taken from there, and nothing has to be written into the room for them. Errors: internal, full (too many under one
  /// key).
  base::Status end(std::size_t n, base::ByteView elsewhere = {});
  /// begin and end.
  base::Status write(base::ByteView payload);
  /// Whether begin(…, wait) would give room for some payload.
  bool has_room() const;

  base::ByteView view() const { return {buffer_.get() + head_, tail_ - head_}; }
  void consume(std::size_t n);
  std::size_t backlog() const { return tail_ - head_; }

  void set_cipher(std::unique_ptr<PacketCipher> cipher, SequenceNumbers numbers);
  /// Frees the buffer if nothing is in it, so that it starts small again.
  void give_back();

  std::uint64_t total_bytes() const { return total_bytes_; }
  std::uint64_t bytes_since_keys() const { return bytes_since_keys_; }
  std::uint64_t packets_since_keys() const { return packets_since_keys_; }

 private:
  bool make_room(std::size_t bytes, WhenFull when_full);
  void resize(std::size_t capacity);
  void fill_padding(std::uint8_t* out, std::size_t n);

  base::Random* random_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t reserved_ = 0;  ///< payload room of a begin() that is not ended
  std::unique_ptr<PacketCipher> cipher_;
  std::array<std::uint8_t, 256> padding_pool_{};  ///< one call of the generator serves many packets
  std::size_t padding_left_ = 0;
  std::uint32_t sequence_ = 0;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t bytes_since_keys_ = 0;
  std::uint64_t packets_since_keys_ = 0;
};

}  // namespace sallyport::codec::ssh
