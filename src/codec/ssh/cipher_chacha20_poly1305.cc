// SPDX-License-Identifier: Apache-2.0
// chacha20-poly1305@openssh.com (OpenSSH's PROTOCOL.chacha20poly1305): one key for lengths, one for the rest, the
// sequence number as nonce. Runs in the untrusted workers.
#include <array>
#include <cstring>

#include "codec/ssh/cipher.h"
#include "codec/ssh/openssl_handles.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kTagBytes = 16;

class ChachaPoly final : public PacketCipher {
 public:
  ChachaPoly(CipherCtx body, CipherCtx length, MacCtx mac)
      : PacketCipher(8, kTagBytes, 4), body_(std::move(body)), length_(std::move(length)), mac_(std::move(mac)) {}
  ~ChachaPoly() override { base::wipe(block0_.data(), block0_.size()); }

  base::Result<std::uint32_t> packet_length(std::uint32_t sequence, const std::uint8_t* first4) override {
    std::array<std::uint8_t, 4> plain;
    if (!crypt_length(sequence, first4, plain.data())) return crypto_failed("decrypting a packet length");
    return load_u32(plain.data());
  }

  base::Status open(std::uint32_t sequence, std::span<std::uint8_t> packet) override {
    const std::size_t text_bytes = packet.size() - kTagBytes;
    std::array<std::uint8_t, kTagBytes> expected;
    if (!start_packet(sequence) || !compute_tag(packet.first(text_bytes), expected.data())) {
      return crypto_failed("authenticating a packet");
    }
    if (!base::equal_constant_time(expected, packet.subspan(text_bytes))) {
      return base::fail(base::Errc::corrupt, "packet authentication failed");
    }
    if (!crypt_length(sequence, packet.data(), packet.data()) || !crypt_body(body_.get(), packet, kTagBytes, {})) {
      return crypto_failed("decrypting a packet");
    }
    return {};
  }

  base::Status seal(std::uint32_t sequence, std::span<std::uint8_t> packet, const Elsewhere& elsewhere) override {
    const std::size_t text_bytes = packet.size() - kTagBytes;
    if (!start_packet(sequence) || !crypt_length(sequence, packet.data(), packet.data()) ||
        !crypt_body(body_.get(), packet, kTagBytes, elsewhere) ||
        !compute_tag(packet.first(text_bytes), packet.data() + text_bytes)) {
      return crypto_failed("sealing a packet");
    }
    return {};
  }

 private:
  /// OpenSSL's IV: 64 bits of little-endian block counter, then the nonce: the sequence number as 64 bits big-endian.
  static std::array<std::uint8_t, 16> iv_of(std::uint32_t sequence) {
    std::array<std::uint8_t, 16> iv{};
    store_u32(iv.data() + 12, sequence);
    return iv;
  }

  /// Block 0 gives the Poly1305 key; the stream then stands at block 1, where the body begins.
  bool start_packet(std::uint32_t sequence) {
    const auto iv = iv_of(sequence);
    int n = 0;
    block0_.fill(0);
    return EVP_CipherInit_ex2(body_.get(), nullptr, nullptr, iv.data(), 1, nullptr) == 1 &&
           EVP_CipherUpdate(body_.get(), block0_.data(), &n, block0_.data(), static_cast<int>(block0_.size())) == 1;
  }

  bool crypt_length(std::uint32_t sequence, const std::uint8_t* in, std::uint8_t* out) {
    const auto iv = iv_of(sequence);
    int n = 0;
    return EVP_CipherInit_ex2(length_.get(), nullptr, nullptr, iv.data(), 1, nullptr) == 1 &&
           EVP_CipherUpdate(length_.get(), out, &n, in, 4) == 1;
  }

  bool compute_tag(base::ByteView text, std::uint8_t* tag) {
    std::size_t n = 0;
    return EVP_MAC_init(mac_.get(), block0_.data(), 32, nullptr) == 1 &&
           EVP_MAC_update(mac_.get(), text.data(), text.size()) == 1 &&
           EVP_MAC_final(mac_.get(), tag, &n, kTagBytes) == 1;
  }

  CipherCtx body_;
  CipherCtx length_;
  MacCtx mac_;
  std::array<std::uint8_t, 64> block0_{};
};

}  // namespace

base::Result<std::unique_ptr<PacketCipher>> make_chacha20_poly1305(const CipherAlgorithm& cipher,
                                                                   const CipherKeys& keys) {
  // K_2, the first half, protects the body; K_1, the second, the lengths.
  auto body = new_cipher(cipher.library_name, 1, keys.key.data(), nullptr);
  if (!body) return base::pass(body);
  auto length = new_cipher(cipher.library_name, 1, keys.key.data() + 32, nullptr);
  if (!length) return base::pass(length);
  MacPtr poly1305(EVP_MAC_fetch(nullptr, "POLY1305", nullptr));
  MacCtx mac(poly1305 ? EVP_MAC_CTX_new(poly1305.get()) : nullptr);
  if (!mac) return crypto_failed("POLY1305");
  return std::make_unique<ChachaPoly>(std::move(*body), std::move(*length), std::move(mac));
}

}  // namespace sallyport::codec::ssh
