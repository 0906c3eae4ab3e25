// SPDX-License-Identifier: Apache-2.0
// What a front keeps with a channel beside what every relay keeps. Untrusted side.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "codec/terminal/traits.h"
#include "front/ssh/jump.h"
#include "front/ssh/menu.h"
#include "leg/password_prompt.h"
#include "leg/ssh/relay_channel.h"

namespace sallyport::front::ssh {

/// Text to leave on a channel before it closes.
struct Farewell {
  std::string text;
  std::uint32_t exit_status = 1;
};

enum class Program : std::uint8_t { none, shell, exec, subsystem };

struct FrontChannel final : leg::ssh::RoleData {
  bool session = false;
  bool pty = false;
  std::string term;
  MenuSize size;
  Program program = Program::none;   ///< what was asked for
  base::Bytes command;               ///< of exec, while no target is chosen
  std::optional<Farewell> farewell;  ///< said once a program is asked for
  std::unique_ptr<Menu> menu;
  std::unique_ptr<leg::PasswordPrompt> prompt;
  bool judged = false;  ///< the password is with the broker: what is typed meanwhile goes nowhere
  std::unique_ptr<Jump> jump;
  bool awaited = false;  ///< the session is over, and what this channel still has for the client is waited for
  codec::terminal::Traits traits;  ///< what the program has set on the terminal
  bool service = false;            ///< a command for Sallyport itself is with the broker
};

}  // namespace sallyport::front::ssh
