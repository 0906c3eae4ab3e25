// SPDX-License-Identifier: Apache-2.0
// Keys of a connection from K, H and the session id (RFC 4253 §7.2). Runs in the untrusted workers.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/cipher.h"
#include "keys/exchange_hash.h"

namespace sallyport::codec::ssh {

/// The two directions have their own letters.
enum class Flow { client_to_server, server_to_client };

struct KeyMaterial {
  keys::KexMethod method = keys::KexMethod::curve25519_sha256;
  base::ByteView shared_secret;  ///< K, unencoded
  base::ByteView exchange_hash;
  base::ByteView session_id;
};

/// Key, IV and MAC key of one direction, as long as the algorithms want them (mac null: no MAC key). Errors: internal.
base::Result<CipherKeys> derive_keys(const KeyMaterial& material, Flow flow, const CipherAlgorithm& cipher,
                                     const MacAlgorithm* mac);

}  // namespace sallyport::codec::ssh
