// SPDX-License-Identifier: Apache-2.0
// The exchange hash of a worker's key exchange, with what the broker knows itself put in place of what the worker says.
// Trusted side.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "keys/exchange_hash.h"

namespace sallyport::ipc {
class KexInputs;
}

namespace sallyport::broker {

/// Log lines taken from one worker; what comes after is dropped.
inline constexpr unsigned kMaxLogLines = 100;

/// The fields that are never a worker's word: its own side's version string and the host key.
struct KnownInputs {
  base::ByteView client_version;
  base::ByteView server_version;
  base::ByteView host_key;
};

/// H. Errors: not_found (an unknown method), invalid (inputs out of their method's shape).
base::Result<base::Bytes> exchange_hash_of(const ipc::KexInputs& inputs, const KnownInputs& known);

/// Overwrites K in the message.
void wipe_secret(ipc::KexInputs& inputs);

}  // namespace sallyport::broker
