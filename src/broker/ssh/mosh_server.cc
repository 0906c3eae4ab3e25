// SPDX-License-Identifier: Apache-2.0
// A look at the words of a command, quotes left out.
#include "broker/ssh/mosh_server.h"

namespace sallyport::broker {

namespace {

constexpr std::string_view kBetweenWords = " \t\r\n\\'\"";
constexpr std::string_view kBetweenCommands = ";&|(){}`$";

bool is_mosh_server(std::string_view word) {
  const auto slash = word.rfind('/');
  return (slash == std::string_view::npos ? word : word.substr(slash + 1)) == "mosh-server";
}

}  // namespace

bool starts_mosh_server(std::string_view command) {
  if (command.find("mosh-server") == std::string_view::npos) return false;
  bool starts_command = true;  // the next word is a program's name
  bool follows = false;        // the word before was mosh-server, as an argument
  while (!command.empty()) {
    if (kBetweenWords.find(command.front()) != std::string_view::npos) {
      command.remove_prefix(1);
      continue;
    }
    if (kBetweenCommands.find(command.front()) != std::string_view::npos) {
      command.remove_prefix(1);
      starts_command = true;
      follows = false;
      continue;
    }
    std::size_t end = 0;
    while (end < command.size() && kBetweenWords.find(command[end]) == std::string_view::npos &&
           kBetweenCommands.find(command[end]) == std::string_view::npos) {
      ++end;
    }
    const std::string_view word = command.substr(0, end);
    command.remove_prefix(end);
    if (follows && word == "new") return true;
    follows = is_mosh_server(word);
    if (follows && starts_command) return true;
    // `exec PROGRAM`, `NAME=VALUE PROGRAM`.
    starts_command = word == "exec" || word == "env" || (starts_command && word.find('=') != std::string_view::npos);
  }
  return false;
}

}  // namespace sallyport::broker
