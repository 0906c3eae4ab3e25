// SPDX-License-Identifier: Apache-2.0
// The "-----BEGIN … PRIVATE KEY-----" wrapping of private keys (RFC 7468, OpenSSH's PROTOCOL.key). Copies are wiped.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sallyport::keys {

struct ArmoredKey {
  std::string label;       ///< "OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "PRIVATE KEY" …
  base::SecretBytes body;  ///< decoded
};

/// The first block whose label ends in "PRIVATE KEY"; what stands around it is ignored. Errors: invalid, denied
/// (encrypted by its headers or label).
base::Result<ArmoredKey> read_armor(std::string_view text);

/// The body in lines of 70 characters, as ssh-keygen writes it, with a final newline.
base::SecretBytes write_armor(std::string_view label, base::ByteView body);

/// What to tell whoever gave an encrypted key.
base::Error encrypted_key_error();

}  // namespace sallyport::keys
