// SPDX-License-Identifier: Apache-2.0
// Ciphers with a MAC in the forms that only old or narrow peers still need: encrypt-and-MAC (RFC 4253 §6.4), and block
// chaining under either order. Used where a configuration or a target names them, never by default. Runs in the
// untrusted workers.
#include <array>
#include <cstring>

#include "codec/ssh/cipher.h"
#include "codec/ssh/openssl_handles.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kMaxBlockBytes = 16;

class CipherWithMac final : public PacketCipher {
 public:
  CipherWithMac(const CipherAlgorithm& cipher, const MacAlgorithm& mac, CipherCtx ctx, MacCtx mac_ctx)
      : PacketCipher(cipher.iv_bytes, mac.key_bytes, mac.order == MacOrder::encrypt_then_mac ? 4 : 0,
                     mac.order == MacOrder::encrypt_then_mac ? 4 : cipher.iv_bytes,
                     mac.order == MacOrder::encrypt_and_mac && cipher.kind == CipherKind::cbc ? BadLength::hidden
                                                                                              : BadLength::told),
        order_(mac.order),
        ctx_(std::move(ctx)),
        mac_(std::move(mac_ctx)) {}
  ~CipherWithMac() override { base::wipe(head_.data(), head_.size()); }

  base::Result<std::uint32_t> packet_length(std::uint32_t, const std::uint8_t* head) override {
    if (order_ == MacOrder::encrypt_then_mac) return load_u32(head);
    // The first block is decrypted once, here: the chain has moved on when open() is called.
    if (!crypt(head, head_.data(), head_bytes())) return crypto_failed("decrypting a packet");
    return load_u32(head_.data());
  }

  base::Status open(std::uint32_t sequence, std::span<std::uint8_t> packet) override {
    const std::size_t text_bytes = packet.size() - tag_bytes();
    if (order_ == MacOrder::encrypt_then_mac) {
      if (auto same = check_tag(sequence, packet); !same) return same;
      if (!crypt(packet.data() + 4, packet.data() + 4, text_bytes - 4)) return crypto_failed("decrypting a packet");
      return {};
    }
    std::memcpy(packet.data(), head_.data(), head_bytes());
    std::uint8_t* const rest = packet.data() + head_bytes();
    if (!crypt(rest, rest, text_bytes - head_bytes())) return crypto_failed("decrypting a packet");
    return check_tag(sequence, packet);
  }

  base::Status seal(std::uint32_t sequence, std::span<std::uint8_t> packet, const Elsewhere& elsewhere) override {
    // Copied first: what is authenticated and what is encrypted must be the same bytes, whoever may change the source.
    if (!elsewhere.text.empty()) {
      std::memcpy(packet.data() + elsewhere.at, elsewhere.text.data(), elsewhere.text.size());
    }
    const std::size_t text_bytes = packet.size() - tag_bytes();
    const bool mac_last = order_ == MacOrder::encrypt_then_mac;
    const std::size_t clear = mac_last ? 4 : 0;
    std::uint8_t* const body = packet.data() + clear;
    std::uint8_t* const tag = packet.data() + text_bytes;
    const auto encrypt = [&] { return crypt(body, body, text_bytes - clear); };
    const auto authenticate = [&] { return compute_tag(sequence, packet.first(text_bytes), tag); };
    if (!(mac_last ? encrypt() && authenticate() : authenticate() && encrypt())) {
      return crypto_failed("sealing a packet");
    }
    return {};
  }

 private:
  bool crypt(const std::uint8_t* in, std::uint8_t* out, std::size_t bytes) {
    int n = 0;
    return bytes == 0 || EVP_CipherUpdate(ctx_.get(), out, &n, in, static_cast<int>(bytes)) == 1;
  }

  base::Status check_tag(std::uint32_t sequence, base::ByteView packet) {
    const std::size_t text_bytes = packet.size() - tag_bytes();
    std::array<std::uint8_t, kMaxTagBytes> expected;
    if (!compute_tag(sequence, packet.first(text_bytes), expected.data())) {
      return crypto_failed("authenticating a packet");
    }
    if (!base::equal_constant_time({expected.data(), tag_bytes()}, packet.subspan(text_bytes))) {
      return base::fail(base::Errc::corrupt, "packet authentication failed");
    }
    return {};
  }

  bool compute_tag(std::uint32_t sequence, base::ByteView text, std::uint8_t* tag) {
    return mac_packet(mac_.get(), sequence, text, {tag, tag_bytes()});
  }

  MacOrder order_;
  CipherCtx ctx_;
  MacCtx mac_;
  std::array<std::uint8_t, kMaxBlockBytes> head_{};
};

}  // namespace

base::Result<std::unique_ptr<PacketCipher>> make_cipher_with_mac(const CipherAlgorithm& cipher, const MacAlgorithm& mac,
                                                                 Direction direction, const CipherKeys& keys) {
  const int encrypt = direction == Direction::seal ? 1 : 0;
  auto ctx = new_cipher(cipher.library_name, encrypt, keys.key.data(), keys.iv.data());
  if (!ctx) return base::pass(ctx);
  EVP_CIPHER_CTX_set_padding(ctx->get(), 0);
  auto mac_ctx = new_mac(mac, keys.mac_key.view());
  if (!mac_ctx) return base::pass(mac_ctx);
  return std::make_unique<CipherWithMac>(cipher, mac, std::move(*ctx), std::move(*mac_ctx));
}

}  // namespace sallyport::codec::ssh
