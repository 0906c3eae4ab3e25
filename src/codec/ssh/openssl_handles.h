// SPDX-License-Identifier: Apache-2.0
// Owners of OpenSSL objects, for .cc files only. Runs in the untrusted workers.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <memory>
#include <span>

#include "base/result.h"
#include "codec/ssh/cipher.h"

namespace sallyport::codec::ssh {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};

using CipherCtx = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, Freed<EVP_CIPHER_free>>;
using MacPtr = std::unique_ptr<EVP_MAC, Freed<EVP_MAC_free>>;
using MacCtx = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using BnPtr = std::unique_ptr<BIGNUM, Freed<BN_clear_free>>;
using BnCtx = std::unique_ptr<BN_CTX, Freed<BN_CTX_free>>;

/// What the library could not do; its own error queue says nothing that a peer may see, and is cleared.
tl::unexpected<base::Error> crypto_failed(const char* what);

/// A cipher keyed and ready to be given IVs. `encrypt` as in EVP_CipherInit_ex2: 1 or 0.
base::Result<CipherCtx> new_cipher(const char* name, int encrypt, const unsigned char* key, const unsigned char* iv);

/// An HMAC keyed and ready.
base::Result<MacCtx> new_mac(const MacAlgorithm& mac, base::ByteView key);
/// The tag of a packet: over its sequence number and the text. As long as `tag` is.
bool mac_packet(EVP_MAC_CTX* mac, std::uint32_t sequence, base::ByteView text, std::span<std::uint8_t> tag);

/// Runs the packet's body, which is what follows the four bytes of length and ends tag_bytes before its end, through a
/// stream cipher in place, but for what lies elsewhere.
bool crypt_body(EVP_CIPHER_CTX* ctx, std::span<std::uint8_t> packet, std::size_t tag_bytes, const Elsewhere& elsewhere);

}  // namespace sallyport::codec::ssh
