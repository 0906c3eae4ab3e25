// SPDX-License-Identifier: Apache-2.0
// Choice of the packet cipher, the plaintext "cipher" of the first exchange, and what the kinds share.
// Runs in the untrusted workers.
#include "codec/ssh/cipher.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <array>
#include <cassert>
#include <cstring>

#include "codec/ssh/openssl_handles.h"

namespace sallyport::codec::ssh {

namespace {

/// RFC 4253 §6 with "none" for both: blocks of 8 that count the length field too.
class Plaintext final : public PacketCipher {
 public:
  Plaintext() : PacketCipher(8, 0, 0) {}
  base::Result<std::uint32_t> packet_length(std::uint32_t, const std::uint8_t* first4) override {
    return load_u32(first4);
  }
  base::Status open(std::uint32_t, std::span<std::uint8_t>) override { return {}; }
  base::Status seal(std::uint32_t, std::span<std::uint8_t> packet, const Elsewhere& elsewhere) override {
    if (!elsewhere.text.empty()) {
      std::memcpy(packet.data() + elsewhere.at, elsewhere.text.data(), elsewhere.text.size());
    }
    return {};
  }
};

}  // namespace

tl::unexpected<base::Error> crypto_failed(const char* what) {
  ERR_clear_error();
  return base::fail(base::Errc::internal, std::string("the crypto library failed: ") + what);
}

base::Result<CipherCtx> new_cipher(const char* name, int encrypt, const unsigned char* key, const unsigned char* iv) {
  // The library keeps fetched methods in its own cache: after warm_up() this is a look-up.
  CipherPtr cipher(EVP_CIPHER_fetch(nullptr, name, nullptr));
  CipherCtx ctx(EVP_CIPHER_CTX_new());
  if (!cipher || !ctx || EVP_CipherInit_ex2(ctx.get(), cipher.get(), key, iv, encrypt, nullptr) != 1) {
    return crypto_failed(name);
  }
  return ctx;
}

base::Result<MacCtx> new_mac(const MacAlgorithm& mac, base::ByteView key) {
  MacPtr hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  MacCtx ctx(hmac ? EVP_MAC_CTX_new(hmac.get()) : nullptr);
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(mac.digest), 0),
      OSSL_PARAM_construct_end(),
  };
  if (!ctx || EVP_MAC_init(ctx.get(), key.data(), key.size(), params) != 1) return crypto_failed("HMAC");
  return ctx;
}

bool mac_packet(EVP_MAC_CTX* mac, std::uint32_t sequence, base::ByteView text, std::span<std::uint8_t> tag) {
  std::array<std::uint8_t, 4> number;
  store_u32(number.data(), sequence);
  std::size_t n = 0;
  // A null key starts over with the key that is set.
  return EVP_MAC_init(mac, nullptr, 0, nullptr) == 1 && EVP_MAC_update(mac, number.data(), number.size()) == 1 &&
         EVP_MAC_update(mac, text.data(), text.size()) == 1 && EVP_MAC_final(mac, tag.data(), &n, tag.size()) == 1;
}

bool crypt_body(EVP_CIPHER_CTX* ctx, std::span<std::uint8_t> packet, std::size_t tag_bytes,
                const Elsewhere& elsewhere) {
  std::uint8_t* at = packet.data() + 4;
  const auto crypt = [&](const std::uint8_t* in, std::size_t bytes) {
    int n = 0;
    if (bytes > 0 && EVP_CipherUpdate(ctx, at, &n, in, static_cast<int>(bytes)) != 1) return false;
    at += bytes;
    return true;
  };
  std::uint8_t* end = packet.data() + packet.size() - tag_bytes;
  if (elsewhere.text.empty()) return crypt(at, static_cast<std::size_t>(end - at));
  return crypt(at, elsewhere.at - 4) && crypt(elsewhere.text.data(), elsewhere.text.size()) &&
         crypt(at, static_cast<std::size_t>(end - at));
}

std::unique_ptr<PacketCipher> make_plaintext() {
  return std::make_unique<Plaintext>();
}

base::Result<std::unique_ptr<PacketCipher>> make_cipher(const CipherAlgorithm& cipher, const MacAlgorithm* mac,
                                                        Direction direction, const CipherKeys& keys) {
  assert(keys.key.size() == cipher.key_bytes && keys.iv.size() == cipher.iv_bytes);
  switch (cipher.kind) {
    case CipherKind::aes_gcm:
      return make_aes_gcm(cipher, direction, keys);
    case CipherKind::chacha20_poly1305:
      return make_chacha20_poly1305(cipher, keys);
    case CipherKind::aes_ctr:
      assert(mac != nullptr && keys.mac_key.size() == mac->key_bytes);
      if (mac->order == MacOrder::encrypt_then_mac) return make_aes_ctr_etm(cipher, *mac, direction, keys);
      return make_cipher_with_mac(cipher, *mac, direction, keys);
    case CipherKind::cbc:
      assert(mac != nullptr && keys.mac_key.size() == mac->key_bytes);
      return make_cipher_with_mac(cipher, *mac, direction, keys);
  }
  return base::fail(base::Errc::unsupported, "unknown cipher kind");
}

}  // namespace sallyport::codec::ssh
