// SPDX-License-Identifier: Apache-2.0
// What a session may be allowed to do, and the roles of Sallyport itself. Trusted side, pure. A permission stands here
// only when the broker enforces it: a policy must never promise a distinction that nobody makes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::policy {

enum class Permission : std::uint8_t {
  shell,           ///< an interactive shell
  exec,            ///< a command: also what rsync, git and the old scp protocol run
  sftp,            ///< the sftp subsystem, reading and writing: also what scp uses by default
  forward_local,   ///< connections from the user through the target (ssh -L, -D, -W)
  forward_remote,  ///< connections from the target to the user (ssh -R)
  forward_agent,   ///< the user's agent, offered to the target
  forward_x11,     ///< the user's display, offered to the target
  mosh,            ///< a command that starts mosh-server: what follows leaves the gateway by UDP, unrecorded
  telnet,          ///< a target by Telnet: the login and the session go over the wire in the clear
};

inline constexpr std::uint8_t kPermissionCount = 9;

/// "shell", "exec", "sftp", "forward-local", "forward-remote", "forward-agent", "forward-x11", "mosh", "telnet".
const char* to_string(Permission permission);

/// A small set, by value.
class Permissions {
 public:
  constexpr Permissions() = default;
  constexpr bool has(Permission p) const { return (bits_ & bit(p)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(Permission p) { bits_ |= bit(p); }
  constexpr void add(Permissions other) { bits_ |= other.bits_; }
  constexpr void remove(Permissions other) { bits_ &= ~other.bits_; }
  constexpr bool operator==(const Permissions&) const = default;
  /// All that there are.
  static constexpr Permissions all() {
    Permissions out;
    out.bits_ = (std::uint32_t{1} << kPermissionCount) - 1;
    return out;
  }
  /// Takes away what the other has not.
  constexpr void keep(Permissions other) { bits_ &= other.bits_; }

  /// Adds what a word of a policy stands for: a permission's name, or "forwarding" for local and remote. Errors:
  /// invalid, listing the words there are.
  base::Status add_word(std::string_view word);
  /// The names, in the order of the enumeration.
  std::vector<std::string> words() const;

 private:
  static constexpr std::uint32_t bit(Permission p) { return std::uint32_t{1} << static_cast<std::uint8_t>(p); }
  std::uint32_t bits_ = 0;
};

/// What a person may do with Sallyport itself.
enum class Role : std::uint8_t {
  user,           ///< open sessions that policies allow
  approver,       ///< answer requests
  auditor,        ///< see sessions, recordings and the audit log
  administrator,  ///< change resources, control sessions
};

/// "user", "approver", "auditor", "administrator".
const char* to_string(Role role);
/// Errors: invalid, listing the roles there are.
base::Result<Role> role_from(std::string_view word);

}  // namespace sallyport::policy
