// SPDX-License-Identifier: Apache-2.0
// The table of what a worker may say: message, phase, how often, size. Trusted side. Whatever is not in the table, out
// of phase, said too often or too long ends the worker, as in OpenSSH's monitor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sallyport::broker {

enum class Often : std::uint8_t { once, many };

/// One row. Phases are bits of the link's own enumeration.
template <class Link, class Message>
struct Rule {
  int message;          ///< the oneof's case
  std::uint8_t phases;  ///< bits
  Often often;
  std::size_t max_bytes;  ///< of the whole serialized message
  void (Link::*handle)(Message& message);
  const char* name;
};

/// Finds the row and judges the message by it. Null and a reason when it is not allowed now. `seen` has a bit a row.
template <class Link, class Message, std::size_t N>
const Rule<Link, Message>* allowed(const Rule<Link, Message> (&table)[N], int message, std::uint8_t phase,
                                   std::size_t bytes, std::uint32_t& seen, std::string& reason) {
  static_assert(N <= 32);
  for (std::size_t i = 0; i < N; ++i) {
    const auto& rule = table[i];
    if (rule.message != message) continue;
    if ((rule.phases & phase) == 0) {
      reason = std::string("message out of phase: ") + rule.name;
    } else if (bytes > rule.max_bytes) {
      reason = std::string("message too long: ") + rule.name;
    } else if (rule.often == Often::once && (seen & (1u << i)) != 0) {
      reason = std::string("message repeated: ") + rule.name;
    } else {
      seen |= 1u << i;
      return &rule;
    }
    return nullptr;
  }
  reason = "unknown message";
  return nullptr;
}

}  // namespace sallyport::broker
