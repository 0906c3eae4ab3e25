// SPDX-License-Identifier: Apache-2.0
// The account database.
#include "broker/node/worker_identity.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace sallyport::broker {

base::Result<std::optional<ipc::WorkerIdentity>> worker_identity(const std::string& name) {
  if (::geteuid() != 0) return std::optional<ipc::WorkerIdentity>();
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) user = ::getpwnam("nobody");
  if (user == nullptr || user->pw_uid == 0 || user->pw_gid == 0) {
    return base::fail(base::Errc::not_found, "no user to run workers as: create '" + name + "' or set worker_user");
  }
  return std::optional(ipc::WorkerIdentity{user->pw_uid, user->pw_gid});
}

}  // namespace sallyport::broker
