// SPDX-License-Identifier: Apache-2.0
// Completion scripts for shells, made from the tree of verbs. Pure.
#pragma once

#include <string>

#include "cli/command.h"

namespace sallyport::cli {

std::string bash_completion(const CommandInfo& root);
std::string zsh_completion(const CommandInfo& root);
std::string fish_completion(const CommandInfo& root);

}  // namespace sallyport::cli
