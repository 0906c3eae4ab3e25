// SPDX-License-Identifier: Apache-2.0
// Heads: how far the audit log reached, under a node's signature. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace sallyport::ledger {

/// How far the log reached, signed by a node.
struct Head {
  std::int64_t seq = 0;
  base::Micros time_us = 0;
  base::Bytes chain;
  base::Bytes public_key;  ///< Ed25519
  base::Bytes signature;   ///< over head_message()
};

/// What a signature says. A head stays, here and elsewhere, when the log has long gone on; were it also good as the
/// end, whoever has one could cut the log there.
enum class Says : std::uint8_t {
  reached,  ///< the log came to this event
  ends,     ///< and no further, when this was signed
};

/// The bytes that a head's signature covers.
base::Bytes head_message(Says says, std::int64_t seq, base::Micros time_us, base::ByteView chain);
/// Whether the signature is the key's, and says that. Whether the key is one to believe is the caller's question.
bool signature_holds(const Head& head, Says says);

/// A head as one line of JSON, to be kept or witnessed elsewhere, and back. Errors: invalid.
std::string to_json(const Head& head);
base::Result<Head> head_from_json(std::string_view json);

}  // namespace sallyport::ledger
