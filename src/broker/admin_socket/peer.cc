// SPDX-License-Identifier: Apache-2.0
// SO_PEERCRED and the account database.
#include "broker/admin_socket/peer.h"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace sallyport::broker::admin_socket {
namespace {

constexpr std::size_t kLookupBytes = 256 * 1024;

}  // namespace

base::Result<Peer> peer_of(int fd) {
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return base::fail_errno("SO_PEERCRED");
  Peer peer;
  peer.uid = credentials.uid;
  peer.gid = credentials.gid;
  peer.pid = credentials.pid;
  peer.actor = peer.uid == 0 ? "local:root" : "local:uid-" + std::to_string(peer.uid);
  return peer;
}

bool is_owner(const Peer& peer) {
  return peer.uid == 0 || peer.uid == ::geteuid();
}

void name_actor(Peer& peer) {
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(kLookupBytes);
  if (::getpwuid_r(peer.uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    peer.actor = std::string("local:") + found->pw_name;
  }
}

base::Status check_member(const Peer& peer, const std::string& service_group) {
  const auto denied = [&] {
    return base::fail(base::Errc::denied,
                      "only root and members of the group " + service_group +
                          " may use this socket (an administrator adds you to it; log in again then)");
  };
  group group_entry{};
  group* group_found = nullptr;
  std::vector<char> buffer(kLookupBytes);
  if (::getgrnam_r(service_group.c_str(), &group_entry, buffer.data(), buffer.size(), &group_found) != 0 ||
      group_found == nullptr) {
    return denied();
  }
  const gid_t wanted = group_entry.gr_gid;
  if (peer.gid == wanted) return {};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(peer.uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return denied();
  int count = 1024;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(found->pw_name, found->pw_gid, groups.data(), &count) < 0) return denied();
  groups.resize(static_cast<std::size_t>(std::max(count, 0)));
  if (std::find(groups.begin(), groups.end(), wanted) != groups.end()) return {};
  return denied();
}

}  // namespace sallyport::broker::admin_socket
