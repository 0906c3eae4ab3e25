// SPDX-License-Identifier: Apache-2.0
// Accepting, admitting and dispatching.
#include "broker/admin/server.h"

#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <vector>

#include "base/log.h"
#include "broker/admin/connection.h"
#include "broker/admin/exchange.h"
#include "broker/admin/handlers.h"
#include "broker/admin/peer.h"
#include "ipc/admin.pb.h"
#include "net/socket.h"

namespace sallyport::broker::admin {
namespace {

constexpr std::size_t kMaxClients = 64;
constexpr std::int64_t kIdleUs = 30'000'000;  // for a client that has not asked anything yet
constexpr std::size_t kMaxApplyItems = 10'000;
constexpr std::size_t kMaxApplyBytes = 16 * 1024 * 1024;

using Handler = void (*)(const ExchangePtr&, ipc::AdminRequest&);

struct Row {
  ipc::AdminRequest::KindCase kind;
  Handler handler;
};

constexpr std::array kTable{
    Row{ipc::AdminRequest::kGet, get_resource},
    Row{ipc::AdminRequest::kDelete, delete_resource},
    Row{ipc::AdminRequest::kSetPassword, set_password},
    Row{ipc::AdminRequest::kAddKey, add_key},
    Row{ipc::AdminRequest::kSetSecret, set_secret},
    Row{ipc::AdminRequest::kShowCa, show_ca},
    Row{ipc::AdminRequest::kSessionList, session_list},
    Row{ipc::AdminRequest::kSessionShow, session_show},
    Row{ipc::AdminRequest::kSessionControl, session_control},
    Row{ipc::AdminRequest::kSessionWatch, session_watch},
    Row{ipc::AdminRequest::kRecordingList, recording_list},
    Row{ipc::AdminRequest::kRecordingOpen, recording_open},
    Row{ipc::AdminRequest::kAuditRead, audit_read},
    Row{ipc::AdminRequest::kAuditVerify, audit_verify},
    Row{ipc::AdminRequest::kAuditHead, audit_head},
    Row{ipc::AdminRequest::kPolicyTest, policy_test},
    Row{ipc::AdminRequest::kNodeStatus, node_status},
    Row{ipc::AdminRequest::kRotateMasterKey, rotate_master_key},
    Row{ipc::AdminRequest::kTargetScan, target_scan},
};

// One connected client. Requests follow each other on a connection, one at a time.
struct Client {
  std::shared_ptr<Connection> connection;
  ExchangePtr exchange;  // the request in progress
  std::vector<std::string> apply_items;
  std::size_t apply_bytes = 0;
  bool apply_refused = false;  ///< until its commit
  std::unique_ptr<net::Timer> idle;
};

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
  Impl(Services& s, NodeFacts facts)
      : services(s),
        slow(std::make_unique<net::Executor>("admin")),
        context(std::make_shared<const Context>(Context{s, std::move(facts), *slow})) {}

  ~Impl() {
    for (auto& [unused, client] : clients) {
      if (client.exchange) client.exchange->abandon();
    }
    clients.clear();
    watch.reset();
    slow.reset();
    ::unlink(services.config.admin_socket().c_str());
  }

  void accept_some();
  void admit(base::Fd fd);
  void begin(std::uint64_t number);
  void refuse(std::uint64_t number, const base::Error& error);
  void message(std::uint64_t number, std::span<std::uint8_t> bytes);
  void dispatch(Client& client, ipc::AdminRequest& request);
  bool collect(Client& client, ipc::AdminRequest& request);
  void refuse_apply(Client& client, const ExchangePtr& exchange, bool more_comes);
  void remove(std::uint64_t number);

  Services& services;
  std::unique_ptr<net::Executor> slow;
  std::shared_ptr<const Context> context;
  base::Fd listener;
  std::unique_ptr<net::Watch> watch;
  std::map<std::uint64_t, Client> clients;
  std::uint64_t next_number = 1;
  // Work that other threads post back looks here first: the server may be gone.
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  *impl_->alive = false;
}

base::Result<std::unique_ptr<Server>> Server::create(Services& services, NodeFacts facts) {
  const std::string path = services.config.admin_socket();
  auto listener = net::listen_local(path, 0660);
  if (!listener) return base::pass(listener);
  give_to_group(path, services.config.service_group);
  auto impl = std::make_unique<Impl>(services, std::move(facts));
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
    if (clients.size() < kMaxClients) admit(std::move(fd));
  }
}

void Server::Impl::admit(base::Fd fd) {
  auto peer = peer_of(fd.get());
  if (!peer) return;
  const std::uint64_t number = next_number++;
  Client& client = clients[number];
  client.connection = std::make_shared<Connection>(services.main_loop, std::move(fd), *peer);
  // Names and groups may come from a directory far away: never asked on this loop.
  slow->post([this, alive = alive, number, peer = *peer]() mutable {
    base::Status allowed = is_owner(peer) ? base::Status{} : check_member(peer, services.config.service_group);
    name_actor(peer);
    services.main_loop.post([this, alive, number, peer = std::move(peer), allowed = std::move(allowed)] {
      if (!*alive) return;
      const auto found = clients.find(number);
      if (found == clients.end()) return;
      found->second.connection->set_peer(peer);
      if (allowed) return begin(number);
      refuse(number, allowed.error());
    });
  });
}

void Server::Impl::refuse(std::uint64_t number, const base::Error& error) {
  const auto connection = clients[number].connection;
  audit::Event event;
  event.type = "admin.refused";
  event.actor = connection->peer().actor;
  services.audit.write(std::move(event));
  Exchange(context, connection, connection->peer()).fail(error);
  remove(number);
}

void Server::Impl::begin(std::uint64_t number) {
  Client& client = clients[number];
  client.idle = std::make_unique<net::Timer>(services.main_loop);
  client.idle->after_us(kIdleUs, [this, number] { remove(number); });
  client.connection->start([this, number](std::span<std::uint8_t> bytes) { message(number, bytes); },
                           [this, alive = alive, number] {
                             if (*alive) remove(number);
                           });
}

void Server::Impl::remove(std::uint64_t number) {
  const auto found = clients.find(number);
  if (found == clients.end()) return;
  Client client = std::move(found->second);
  clients.erase(found);
  if (client.exchange) client.exchange->abandon();
  client.connection->close();
}

void Server::Impl::message(std::uint64_t number, std::span<std::uint8_t> bytes) {
  const auto found = clients.find(number);
  if (found == clients.end()) return;
  Client& client = found->second;
  ipc::AdminRequest request;
  const bool busy = client.exchange && !client.exchange->finished();
  if (busy || !request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return remove(number);
  client.idle->after_us(kIdleUs, [this, number] {
    const auto late = clients.find(number);
    if (late != clients.end() && (!late->second.exchange || late->second.exchange->finished())) remove(number);
  });
  dispatch(client, request);
}

bool Server::Impl::collect(Client& client, ipc::AdminRequest& request) {
  std::string json = std::move(*request.mutable_apply_item()->mutable_json());
  client.apply_bytes += json.size();
  if (client.apply_items.size() >= kMaxApplyItems || client.apply_bytes > kMaxApplyBytes) return false;
  client.apply_items.push_back(std::move(json));
  return true;
}

// A set is applied whole or not at all: what still comes of one that was refused is dropped, and its commit fails too.
void Server::Impl::refuse_apply(Client& client, const ExchangePtr& exchange, bool more_comes) {
  client.apply_refused = more_comes;
  client.apply_items.clear();
  exchange->fail({base::Errc::full, "at most 10000 resources and 16 MiB at a time: apply them in parts"});
}

void Server::Impl::dispatch(Client& client, ipc::AdminRequest& request) {
  if (request.kind_case() == ipc::AdminRequest::kApplyItem && (client.apply_refused || collect(client, request)))
    return;
  client.exchange = std::make_shared<Exchange>(context, client.connection, client.connection->peer());
  const ExchangePtr exchange = client.exchange;
  if (request.kind_case() == ipc::AdminRequest::kApplyItem) return refuse_apply(client, exchange, true);
  if (request.kind_case() == ipc::AdminRequest::kApplyCommit) {
    client.apply_bytes = 0;
    if (client.apply_refused) return refuse_apply(client, exchange, false);
    return apply(exchange, std::exchange(client.apply_items, {}), request.apply_commit().dry_run());
  }
  for (const Row& row : kTable) {
    if (row.kind == request.kind_case()) return row.handler(exchange, request);
  }
  exchange->fail({base::Errc::unsupported, "this gateway does not know the request: it may be older than the command"});
}

}  // namespace sallyport::broker::admin
