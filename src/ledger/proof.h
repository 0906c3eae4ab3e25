// SPDX-License-Identifier: Apache-2.0
// The lines of an exported log that proves itself: every event as it was hashed, with what binds it to the one before,
// and signed heads. Pure; what is read is foreign.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "ledger/head.h"

namespace sallyport::ledger {

/// No line is longer: an event's texts are cut long before that.
inline constexpr std::size_t kMaxProofLineBytes = 256 * 1024;

/// {"body", "chain", "salt", "seq"}: the event's canonical JSON is a string, so that not a byte of it changes.
struct ProvenEvent {
  std::int64_t seq = 0;
  std::string body;
  std::string salt;   ///< base64
  std::string chain;  ///< hexadecimal
};
using ProofLine = std::variant<ProvenEvent, Head>;

std::string to_json(const ProvenEvent& event);
/// Errors: invalid, and what is wrong with the line.
base::Result<ProofLine> proof_line_from_json(std::string_view line);

}  // namespace sallyport::ledger
