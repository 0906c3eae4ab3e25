// SPDX-License-Identifier: Apache-2.0
// Words for permissions and roles. Pure.
#include "policy/permission.h"

#include <array>

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

const char* to_string(Permission permission) {
  switch (permission) {
    case Permission::shell:
      return "shell";
    case Permission::exec:
      return "exec";
    case Permission::sftp:
      return "sftp";
    case Permission::forward_local:
      return "forward-local";
    case Permission::forward_remote:
      return "forward-remote";
    case Permission::forward_agent:
      return "forward-agent";
    case Permission::forward_x11:
      return "forward-x11";
    case Permission::mosh:
      return "mosh";
    case Permission::telnet:
      return "telnet";
  }
  return "unknown";
}

Status Permissions::add_word(std::string_view word) {
  if (word == "forwarding") {
    add(Permission::forward_local);
    add(Permission::forward_remote);
    return {};
  }
  for (std::uint8_t i = 0; i < kPermissionCount; ++i) {
    const auto p = static_cast<Permission>(i);
    if (word == to_string(p)) {
      add(p);
      return {};
    }
  }
  return fail(
      Errc::invalid,
      "'" + std::string(word) +
          "' is no permission; there are shell, exec, sftp, forwarding (both of forward-local, forward-remote), "
          "forward-local, forward-remote, forward-agent, forward-x11, mosh, telnet");
}

std::vector<std::string> Permissions::words() const {
  std::vector<std::string> out;
  for (std::uint8_t i = 0; i < kPermissionCount; ++i) {
    const auto p = static_cast<Permission>(i);
    if (has(p)) out.emplace_back(to_string(p));
  }
  return out;
}

const char* to_string(Role role) {
  switch (role) {
    case Role::user:
      return "user";
    case Role::approver:
      return "approver";
    case Role::auditor:
      return "auditor";
    case Role::administrator:
      return "administrator";
  }
  return "unknown";
}

Result<Role> role_from(std::string_view word) {
  for (const Role role : {Role::user, Role::approver, Role::auditor, Role::administrator}) {
    if (word == to_string(role)) return role;
  }
  return fail(Errc::invalid,
              "'" + std::string(word) + "' is no role; there are user, approver, auditor, administrator");
}

}  // namespace sallyport::policy
