// SPDX-License-Identifier: Apache-2.0
// aes128/192/256-ctr (RFC 4344) with hmac-sha2-256/512-etm@openssh.com: encrypt, then authenticate sequence number,
// length and ciphertext (OpenSSH's PROTOCOL §1.5). Runs in the untrusted workers.
#include <array>

#include "codec/ssh/cipher.h"
#include "codec/ssh/openssl_handles.h"

namespace sallyport::codec::ssh {

namespace {

class AesCtrEtm final : public PacketCipher {
 public:
  AesCtrEtm(CipherCtx ctx, MacCtx mac, std::size_t tag_bytes)
      : PacketCipher(16, tag_bytes, 4), ctx_(std::move(ctx)), mac_(std::move(mac)) {}

  base::Result<std::uint32_t> packet_length(std::uint32_t, const std::uint8_t* first4) override {
    return load_u32(first4);
  }

  base::Status open(std::uint32_t sequence, std::span<std::uint8_t> packet) override {
    const std::size_t text_bytes = packet.size() - tag_bytes();
    std::array<std::uint8_t, kMaxTagBytes> expected;
    if (!compute_tag(sequence, packet.first(text_bytes), expected.data())) {
      return crypto_failed("authenticating a packet");
    }
    if (!base::equal_constant_time({expected.data(), tag_bytes()}, packet.subspan(text_bytes))) {
      return base::fail(base::Errc::corrupt, "packet authentication failed");
    }
    return crypt(packet, {});
  }

  base::Status seal(std::uint32_t sequence, std::span<std::uint8_t> packet, const Elsewhere& elsewhere) override {
    const std::size_t text_bytes = packet.size() - tag_bytes();
    if (auto done = crypt(packet, elsewhere); !done) return done;
    if (!compute_tag(sequence, packet.first(text_bytes), packet.data() + text_bytes)) {
      return crypto_failed("authenticating a packet");
    }
    return {};
  }

 private:
  base::Status crypt(std::span<std::uint8_t> packet, const Elsewhere& elsewhere) {
    if (!crypt_body(ctx_.get(), packet, tag_bytes(), elsewhere)) return crypto_failed("encrypting a packet");
    return {};
  }

  bool compute_tag(std::uint32_t sequence, base::ByteView text, std::uint8_t* tag) {
    return mac_packet(mac_.get(), sequence, text, {tag, tag_bytes()});
  }

  CipherCtx ctx_;
  MacCtx mac_;
};

}  // namespace

base::Result<std::unique_ptr<PacketCipher>> make_aes_ctr_etm(const CipherAlgorithm& cipher, const MacAlgorithm& mac,
                                                             Direction direction, const CipherKeys& keys) {
  const int encrypt = direction == Direction::seal ? 1 : 0;
  auto ctx = new_cipher(cipher.library_name, encrypt, keys.key.data(), keys.iv.data());
  if (!ctx) return base::pass(ctx);
  auto mac_ctx = new_mac(mac, keys.mac_key.view());
  if (!mac_ctx) return base::pass(mac_ctx);
  return std::make_unique<AesCtrEtm>(std::move(*ctx), std::move(*mac_ctx), mac.key_bytes);
}

}  // namespace sallyport::codec::ssh
