// SPDX-License-Identifier: Apache-2.0
// From a local account to a caller.
#include "broker/admin_socket/caller_of.h"

#include <string>
#include <string_view>

namespace sallyport::broker::admin_socket {
namespace {

constexpr std::string_view kLocal = "local:";

}  // namespace

api::Caller caller_of(const Peer& peer, const policy::Snapshot& snapshot) {
  api::Caller out;
  out.actor = peer.actor;
  out.origin = {api::Way::admin_socket, "process " + std::to_string(peer.pid)};
  out.renewed = [peer](const policy::Snapshot& later) { return caller_of(peer, later); };
  if (is_owner(peer)) {
    out.owns_gateway = true;
    out.roles = {policy::Role::administrator};
    return out;
  }
  const policy::User* user =
      policy::owner_of_local_account(snapshot, std::string_view(peer.actor).substr(kLocal.size()));
  if (user == nullptr) return out;
  out.user = user->name;
  for (const policy::Role role : policy::roles_of(snapshot, user->name, {})) out.roles.add(role);
  return out;
}

}  // namespace sallyport::broker::admin_socket
