// SPDX-License-Identifier: Apache-2.0
// Private keys in DER: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 A.1.2), SEC 1 (RFC 5915), RFC 8410. Read by hand, not by
// OpenSSL's decoders, which leave copies of the secret in freed memory and read far more than keys. It copies nothing.
#pragma once

#include <string_view>

#include "keys/private_key_state.h"

namespace sallyport::keys {

/// The numbers of one key; which of them are set depends on the type. Views into the DER given.
struct DerKey {
  KeyType type = KeyType::rsa;
  RsaNumbers rsa;         ///< RSA
  base::ByteView scalar;  ///< ECDSA
  base::ByteView point;   ///< ECDSA: may be empty, since the format lets it out
  base::ByteView seed;    ///< Ed25519
};

/// `label` is that of the armour: "PRIVATE KEY", "RSA PRIVATE KEY" or "EC PRIVATE KEY". Errors: invalid, unsupported.
base::Result<DerKey> read_der_key(std::string_view label, base::ByteView der);

}  // namespace sallyport::keys
