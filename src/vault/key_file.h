// SPDX-License-Identifier: Apache-2.0
// The file that holds the master key. Trusted side. Never overwrites one, and never reads one that others may read.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::vault {

/// One line of base64 that holds 32 bytes. Errors: invalid.
base::Result<base::SecretBytes> parse_key(base::ByteView text);

/// Errors: not_found, denied (not the owner's alone: the message says what to do), invalid, io.
base::Result<base::SecretBytes> read_key_file(const std::string& path);

/// Writes a key file, 0600, synced, making its directory (0700) if need be. Errors: exists, denied, io, full.
base::Status write_key_file(const std::string& path, base::ByteView key);

/// Where a new key waits until the store has changed over to it.
std::string waiting_path(const std::string& path);

/// Whether another file can take this one's place, as far as one can tell before. Errors: unsupported: it is a mount of
/// its own (the message says what to do instead).
base::Status check_replaceable(const std::string& path);

/// Puts the waiting key in the place of the old one, synced. Errors: io, …
base::Status promote_waiting_key(const std::string& path);

}  // namespace sallyport::vault
