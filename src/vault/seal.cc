// SPDX-License-Identifier: Apache-2.0
// Sealing of one secret.
#include "vault/seal.h"

#include <sodium.h>

#include <cassert>

namespace sallyport::vault {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::SecretBytes;

namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kMaxSecretBytes = 1 << 20;

void put_u64(Bytes& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// Every field with its length before it, so that no two labels give the same bytes.
Bytes associated_data(const Label& label) {
  Bytes out = base::to_bytes("sallyport vault");
  out.push_back(kFormat);
  for (const std::string_view field : {label.kind, label.name, label.type}) {
    put_u64(out, field.size());
    out.insert(out.end(), field.begin(), field.end());
  }
  put_u64(out, static_cast<std::uint64_t>(label.version));
  return out;
}

}  // namespace

std::string seal(ByteView key, const Label& label, ByteView secret, base::Random& random) {
  assert(key.size() == crypto_aead_xchacha20poly1305_ietf_KEYBYTES && secret.size() <= kMaxSecretBytes);
  const Bytes data = associated_data(label);
  Bytes out(1 + kNonceBytes + secret.size() + kTagBytes);
  out[0] = kFormat;
  random.fill(std::span(out).subspan(1, kNonceBytes));
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + 1 + kNonceBytes, nullptr, secret.data(), secret.size(),
                                             data.data(), data.size(), nullptr, out.data() + 1, key.data());
  return base::to_base64(out);
}

Result<SecretBytes> unseal(ByteView key, const Label& label, std::string_view sealed) {
  assert(key.size() == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  const auto damaged = [&] {
    return fail(Errc::corrupt, "vault: the sealed " + std::string(label.type) + " of " + std::string(label.kind) +
                                   " '" + std::string(label.name) +
                                   "' cannot be opened: it was changed, or sealed otherwise");
  };
  if (sealed.size() > kMaxSecretBytes * 2) return damaged();
  const Result<Bytes> bytes = base::from_base64(sealed);
  if (!bytes || bytes->size() < 1 + kNonceBytes + kTagBytes || bytes->front() != kFormat) return damaged();
  const ByteView nonce = ByteView(*bytes).subspan(1, kNonceBytes);
  const ByteView box = ByteView(*bytes).subspan(1 + kNonceBytes);
  const Bytes data = associated_data(label);
  SecretBytes secret(box.size() - kTagBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(secret.data(), nullptr, nullptr, box.data(), box.size(), data.data(),
                                                 data.size(), nonce.data(), key.data()) != 0) {
    return damaged();
  }
  return secret;
}

}  // namespace sallyport::vault
