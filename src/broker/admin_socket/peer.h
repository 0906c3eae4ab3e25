// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of the admin socket, by what the kernel says of the peer. Trusted side.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"

namespace sallyport::broker::admin_socket {

struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::string actor;  ///< "local:alice": the local account, never a Sallyport user
};

/// The peer's credentials as of its connect(). Does not block.
base::Result<Peer> peer_of(int fd);

/// Whether the peer needs no look into the account database: root, or whoever runs the broker.
bool is_owner(const Peer& peer);

/// Whether the peer belongs to the group, by the account database: may block (directories behind NSS). Errors: denied,
/// in words for the peer.
base::Status check_member(const Peer& peer, const std::string& service_group);

/// Fills in the actor's name from the account database: may block.
void name_actor(Peer& peer);

}  // namespace sallyport::broker::admin_socket
