// SPDX-License-Identifier: Apache-2.0
// Accepting and admitting.
#include "broker/admin_socket/server.h"

#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/log.h"
#include "broker/admin_socket/client.h"
#include "broker/admin_socket/connection.h"
#include "broker/admin_socket/peer.h"
#include "net/socket.h"

namespace sallyport::broker::admin_socket {
namespace {

constexpr std::ptrdiff_t kMaxClients = 64;
constexpr std::ptrdiff_t kMaxClientsOfOne = 48;  // of one local account: what it keeps open keeps nobody else out

// The group gets the socket where the broker may give it away; where not, its owner alone can connect.
void give_to_group(const std::string& path, const std::string& name) {
  const group* entry = ::getgrnam(name.c_str());
  if (entry == nullptr) return;
  if (::chown(path.c_str(), static_cast<uid_t>(-1), entry->gr_gid) < 0) {
    base::log_info(path + " stays with its owner: " + base::fail_errno("chown").value().message);
  }
}

}  // namespace

struct Server::Impl {
  Impl(Services& s, api::Api& a) : services(s), api(a), accounts(std::make_unique<net::Executor>("admin")) {}

  ~Impl() {
    for (auto& [number, client] : clients) client->close();
    clients.clear();
    watch.reset();
    accounts.reset();
    ::unlink(services.config.admin_socket().c_str());
  }

  void accept_some();
  void admit(base::Fd fd);
  void decide(std::uint64_t number, const Peer& peer, const base::Status& allowed);

  Services& services;
  api::Api& api;
  std::unique_ptr<net::Executor> accounts;  // looks into the account database
  base::Fd listener;
  std::unique_ptr<net::Watch> watch;
  std::map<std::uint64_t, std::shared_ptr<Client>> clients;
  std::uint64_t next_number = 1;
  // What is posted to the loop looks here first: the server may be gone.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  *impl_->alive = false;
}

base::Result<std::unique_ptr<Server>> Server::create(Services& services, api::Api& api) {
  const std::string path = services.config.admin_socket();
  auto listener = net::listen_local(path, 0660);
  if (!listener) return base::pass(listener);
  give_to_group(path, services.config.service_group);
  auto impl = std::make_unique<Impl>(services, api);
  impl->listener = std::move(*listener);
  impl->watch = std::make_unique<net::Watch>(services.main_loop, impl->listener.get());
  impl->watch->on_readable([raw = impl.get()] { raw->accept_some(); });
  impl->watch->enable_read(true);
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::Impl::accept_some() {
  for (int i = 0; i < 16; ++i) {
    base::Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    if (std::ssize(clients) < kMaxClients) admit(std::move(fd));
  }
}

void Server::Impl::admit(base::Fd fd) {
  auto peer = peer_of(fd.get());
  if (!peer) return;
  const auto of_same = std::count_if(clients.begin(), clients.end(),
                                     [&](const auto& one) { return one.second->connection().peer().uid == peer->uid; });
  if (of_same >= kMaxClientsOfOne) return;
  const std::uint64_t number = next_number++;
  const auto client = std::make_shared<Client>(api, services.policy, services.main_loop,
                                               std::make_shared<Connection>(services.main_loop, std::move(fd), *peer));
  client->on_gone([this, alive = alive, number] {
    if (*alive) clients.erase(number);
  });
  clients[number] = client;
  // Names and groups may come from a directory far away: never asked on this loop.
  accounts->post([this, alive = alive, number, peer = *peer]() mutable {
    base::Status allowed = is_owner(peer) ? base::Status{} : check_member(peer, services.config.service_group);
    name_actor(peer);
    services.main_loop.post([this, alive, number, peer = std::move(peer), allowed = std::move(allowed)] {
      if (*alive) decide(number, peer, allowed);
    });
  });
}

void Server::Impl::decide(std::uint64_t number, const Peer& peer, const base::Status& allowed) {
  const auto found = clients.find(number);
  if (found == clients.end()) return;
  const std::shared_ptr<Client> client = found->second;
  client->connection().set_peer(peer);
  if (allowed) return client->start();
  audit::Event event;
  event.type = "admin.refused";
  event.actor = peer.actor;
  services.audit.write(std::move(event));
  client->refuse(allowed.error());
}

}  // namespace sallyport::broker::admin_socket
