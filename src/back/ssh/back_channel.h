// SPDX-License-Identifier: Apache-2.0
// What a back keeps with a channel beside what every relay keeps: the model of its terminal. Untrusted side.
#pragma once

#include <memory>

#include "leg/ssh/relay_channel.h"
#include "leg/terminal/terminal_model.h"

namespace sallyport::back::ssh {

struct BackChannel final : leg::ssh::RoleData {
  std::unique_ptr<leg::terminal::TerminalModel> terminal;
};

}  // namespace sallyport::back::ssh
