// SPDX-License-Identifier: Apache-2.0
// From the configuration to a program.
#include "broker/node/hook_program.h"

#include <pwd.h>
#include <unistd.h>

namespace sallyport::broker {

base::Result<HookProcess::Program> hook_program(const config::Notify& notify,
                                                const std::optional<ipc::WorkerIdentity>& workers) {
  HookProcess::Program out;
  out.command = notify.command;
  out.timeout_us = std::int64_t{notify.timeout_seconds} * 1'000'000;
  out.identity = workers;
  if (out.command.empty() || notify.user.empty()) return out;
  const passwd* user = ::getpwnam(notify.user.c_str());
  if (user == nullptr || user->pw_uid == 0 || user->pw_gid == 0) {
    return base::fail(base::Errc::not_found, "notify.user: there is no user '" + notify.user + "', or it is root");
  }
  if (::geteuid() != 0 && ::geteuid() != user->pw_uid) {
    return base::fail(base::Errc::denied,
                      "notify.user: only a gateway that root starts runs programs as '" + notify.user + "'");
  }
  out.identity = ipc::WorkerIdentity{user->pw_uid, user->pw_gid};
  return out;
}

}  // namespace sallyport::broker
