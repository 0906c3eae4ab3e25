// SPDX-License-Identifier: Apache-2.0
// aes128-gcm@openssh.com and aes256-gcm@openssh.com (RFC 5647 as OpenSSH's PROTOCOL §1.6 amends it).
// Runs in the untrusted workers.
#include <array>
#include <cstring>

#include "codec/ssh/cipher.h"
#include "codec/ssh/openssl_handles.h"

namespace sallyport::codec::ssh {

namespace {

constexpr std::size_t kIvBytes = 12;
constexpr int kTagBytes = 16;

class AesGcm final : public PacketCipher {
 public:
  AesGcm(CipherCtx ctx, base::ByteView iv) : PacketCipher(16, kTagBytes, 4), ctx_(std::move(ctx)) {
    std::memcpy(iv_.data(), iv.data(), kIvBytes);
  }
  ~AesGcm() override { base::wipe(iv_.data(), iv_.size()); }

  base::Result<std::uint32_t> packet_length(std::uint32_t, const std::uint8_t* first4) override {
    return load_u32(first4);
  }

  base::Status open(std::uint32_t, std::span<std::uint8_t> packet) override {
    std::uint8_t* tag = packet.data() + packet.size() - kTagBytes;
    if (EVP_CipherInit_ex2(ctx_.get(), nullptr, nullptr, iv_.data(), -1, nullptr) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx_.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag) != 1) {
      return crypto_failed("setting up a GCM packet");
    }
    if (!run(packet, {})) return base::fail(base::Errc::corrupt, "packet authentication failed");
    return {};
  }

  base::Status seal(std::uint32_t, std::span<std::uint8_t> packet, const Elsewhere& elsewhere) override {
    std::uint8_t* tag = packet.data() + packet.size() - kTagBytes;
    if (EVP_CipherInit_ex2(ctx_.get(), nullptr, nullptr, iv_.data(), -1, nullptr) != 1 || !run(packet, elsewhere) ||
        EVP_CIPHER_CTX_ctrl(ctx_.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) != 1) {
      return crypto_failed("sealing a GCM packet");
    }
    return {};
  }

 private:
  /// The length is associated data, the rest is text; then the invocation counter steps (RFC 5647 §7.1).
  bool run(std::span<std::uint8_t> packet, const Elsewhere& elsewhere) {
    int n = 0;
    const bool ok = EVP_CipherUpdate(ctx_.get(), nullptr, &n, packet.data(), 4) == 1 &&
                    crypt_body(ctx_.get(), packet, kTagBytes, elsewhere) &&
                    EVP_CipherFinal_ex(ctx_.get(), packet.data(), &n) == 1;  // no last block: only the tag
    for (std::size_t i = kIvBytes; i-- > 4;) {
      if (++iv_[i] != 0) break;
    }
    return ok;
  }

  CipherCtx ctx_;
  std::array<std::uint8_t, kIvBytes> iv_{};
};

}  // namespace

base::Result<std::unique_ptr<PacketCipher>> make_aes_gcm(const CipherAlgorithm& cipher, Direction direction,
                                                         const CipherKeys& keys) {
  auto ctx = new_cipher(cipher.library_name, direction == Direction::seal ? 1 : 0, keys.key.data(), nullptr);
  if (!ctx) return base::pass(ctx);
  return std::make_unique<AesGcm>(std::move(*ctx), keys.iv.view());
}

}  // namespace sallyport::codec::ssh
