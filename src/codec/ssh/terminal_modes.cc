// SPDX-License-Identifier: Apache-2.0
// Terminal modes. Runs in the untrusted workers.
#include "codec/ssh/terminal_modes.h"

#include "keys/wire.h"

namespace sallyport::codec::ssh {

namespace {
constexpr std::uint8_t kEnd = 0;               // TTY_OP_END
constexpr std::uint8_t kFirstUndefined = 160;  // RFC 4254 §8: parsing stops there
constexpr std::size_t kMaxModes = 256;
}  // namespace

base::Result<std::vector<TerminalMode>> decode_terminal_modes(base::ByteView modes) {
  keys::Reader r(modes);
  std::vector<TerminalMode> out;
  while (r.remaining() > 0) {
    TerminalMode mode;
    mode.opcode = r.u8();
    if (mode.opcode == kEnd || mode.opcode >= kFirstUndefined) break;
    mode.value = r.u32();
    if (!r.ok()) return base::fail(base::Errc::invalid, "a terminal mode is cut");
    if (out.size() == kMaxModes) return base::fail(base::Errc::invalid, "too many terminal modes");
    out.push_back(mode);
  }
  return out;
}

base::Bytes encode_terminal_modes(const std::vector<TerminalMode>& modes) {
  base::Bytes out;
  keys::Writer w(out);
  for (const TerminalMode& mode : modes) {
    w.u8(mode.opcode);
    w.u32(mode.value);
  }
  w.u8(kEnd);
  return out;
}

}  // namespace sallyport::codec::ssh
