// SPDX-License-Identifier: Apache-2.0
// What a back keeps with a channel beside what every relay keeps: the model of its terminal. Untrusted side.
#pragma once

#include <cstddef>
#include <memory>

#include "codec/terminal/terminal.h"
#include "leg/ssh/relay_channel.h"

namespace sallyport::back::ssh {

struct BackChannel final : leg::ssh::RoleData {
  std::unique_ptr<codec::terminal::Terminal> terminal;
  std::size_t since_keyframe = 0;  ///< bytes of output
  std::size_t last_keyframe_bytes = 0;
  bool keyframe_due = false;
  codec::terminal::Traits told;  ///< as of the last TerminalState
};

}  // namespace sallyport::back::ssh
