// SPDX-License-Identifier: Apache-2.0
// Backspace, Ctrl-U and Ctrl-C edit as people expect of a password prompt.
#include "leg/password_prompt.h"

namespace sallyport::leg {

namespace {
constexpr std::uint8_t kCtrlC = 3, kBackspace = 8, kLineFeed = 10, kReturn = 13, kCtrlU = 21, kDelete = 127;
}  // namespace

bool PasswordPrompt::input(base::ByteView keys) {
  for (const std::uint8_t byte : keys) {
    if (complete_) break;
    if (byte == kReturn || byte == kLineFeed) {
      complete_ = true;
    } else if (byte == kBackspace || byte == kDelete) {
      while (used_ > 0 && (line_.data()[used_ - 1] & 0xc0) == 0x80) --used_;  // a character of several bytes
      if (used_ > 0) --used_;
    } else if (byte == kCtrlU || byte == kCtrlC) {
      used_ = 0;
    } else if (byte >= 0x20 && used_ < kMaxBytes) {
      line_.data()[used_++] = byte;
    }
  }
  return complete_;
}

base::SecretBytes PasswordPrompt::take() {
  base::SecretBytes out(line_.view().first(used_));
  base::wipe(line_.data(), line_.size());
  used_ = 0;
  complete_ = false;
  return out;
}

}  // namespace sallyport::leg
