// SPDX-License-Identifier: Apache-2.0
// The authority in the vault.
#include "broker/access/tls_authority.h"

#include <algorithm>
#include <utility>

namespace sallyport::broker {

namespace {

using base::Errc;
using base::fail;

constexpr const char* kAuthoritySecret = "tls-authority";

// As the authority lies in the vault: the length of the certificate, the certificate, the key.
base::SecretBytes pack(base::ByteView certificate, base::ByteView key) {
  base::SecretBytes out(4 + certificate.size() + key.size());
  for (std::size_t i = 0; i < 4; ++i) out.data()[i] = static_cast<std::uint8_t>(certificate.size() >> (24 - 8 * i));
  std::copy(certificate.begin(), certificate.end(), out.data() + 4);
  std::copy(key.begin(), key.end(), out.data() + 4 + certificate.size());
  return out;
}

}  // namespace

base::Result<keys::TlsAuthority> tls_authority(vault::Vault& vault, const base::Clock& clock) {
  auto secret = vault.gateway_secret(kAuthoritySecret, [&]() -> base::Result<base::SecretBytes> {
    auto made = keys::make_tls_authority("Sallyport TLS authority", clock.now_us());
    if (!made) return base::pass(made);
    auto key = made->key.serialize();
    if (!key) return base::pass(key);
    return pack(made->certificate, key->view());
  });
  if (!secret) return base::pass(secret);
  const base::ByteView all = secret->view();
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4 && all.size() >= 4; ++i) size = size << 8 | all[i];
  if (size == 0 || size > all.size() - 4) return fail(Errc::corrupt, "vault: the TLS authority is damaged");
  auto key = keys::TlsKey::parse(all.subspan(4 + size));
  if (!key) return fail(Errc::corrupt, "vault: the TLS authority is damaged");
  return keys::TlsAuthority{std::move(*key), base::to_bytes(all.subspan(4, size))};
}

}  // namespace sallyport::broker
