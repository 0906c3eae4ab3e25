// SPDX-License-Identifier: Apache-2.0
// Encoded terminal modes (RFC 4254 §8, RFC 8160) to values and back.
// Runs in the untrusted workers.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace sallyport::codec::ssh {

struct TerminalMode {
  std::uint8_t opcode = 0;  ///< 1 to 159
  std::uint32_t value = 0;
  bool operator==(const TerminalMode&) const = default;
};

/// Reads up to TTY_OP_END or an opcode from 160 on (undefined, ends parsing). A missing end mark is accepted; a mode
/// that is cut, or more than 256 modes, is invalid.
base::Result<std::vector<TerminalMode>> decode_terminal_modes(base::ByteView modes);
/// With TTY_OP_END.
base::Bytes encode_terminal_modes(const std::vector<TerminalMode>& modes);

}  // namespace sallyport::codec::ssh
