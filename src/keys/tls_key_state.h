// SPDX-License-Identifier: Apache-2.0
// OpenSSL's side of a TLS key and of certificates. Trusted side; only src/keys includes this.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "keys/openssl_ptr.h"
#include "keys/tls_key.h"

namespace sallyport::keys {

using X509Ptr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;

struct TlsKey::State {
  PkeyPtr key;
};

/// Null: it is none, or something follows it.
inline X509Ptr parse_x509(base::ByteView der) {
  const unsigned char* at = der.data();
  X509Ptr out(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (at != der.data() + der.size()) return nullptr;
  return out;
}

inline base::Bytes der_of(X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  base::Bytes out(static_cast<std::size_t>(size));
  unsigned char* at = out.data();
  i2d_X509(certificate, &at);
  return out;
}

}  // namespace sallyport::keys
