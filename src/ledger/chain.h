// SPDX-License-Identifier: Apache-2.0
// The hashes that bind audit events to each other. Pure; the same for writing and for verifying.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sallyport::ledger {

inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kSaltBytes = 32;

/// SHA-256(salt ‖ body). The salt has a fixed length, so no other split gives the same input.
base::Bytes leaf_hash(base::ByteView salt, base::ByteView body);
/// SHA-256(previous ‖ leaf).
base::Bytes chain_hash(base::ByteView previous, base::ByteView leaf);
/// SHA-256 in hexadecimal: what an event says of a text that it does not hold whole.
std::string text_hash(std::string_view text);
/// What stands before the first event: 32 zero bytes.
base::Bytes chain_start();

}  // namespace sallyport::ledger
