// SPDX-License-Identifier: Apache-2.0
// A c-ares channel whose sockets and timeouts are the loop's.
#include "net/name_lookup.h"

#include <ares.h>
#include <netdb.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "base/log.h"

namespace sallyport::net {

using base::Errc;
using base::fail;

namespace {

constexpr int kFirstTryMs = 2000;  // of each server; doubled in each round
constexpr int kTries = 4;
constexpr std::size_t kMaxAddresses = 16;

// Sockets as the broker makes all of its own: c-ares would set close-on-exec only after the call.
ares_socket_t open_socket(int family, int type, int protocol, void*) {
  return ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}
int close_socket(ares_socket_t fd, void*) {
  return ::close(fd);
}
int connect_socket(ares_socket_t fd, const sockaddr* address, ares_socklen_t length, void*) {
  return ::connect(fd, address, length);
}
ares_ssize_t receive(ares_socket_t fd, void* to, std::size_t size, int flags, sockaddr* from, ares_socklen_t* length,
                     void*) {
  return ::recvfrom(fd, to, size, flags, from, length);
}
ares_ssize_t send_parts(ares_socket_t fd, const iovec* parts, int count, void*) {
  return ::writev(fd, parts, count);
}

constexpr ares_socket_functions kSocketFunctions = {open_socket, close_socket, connect_socket, receive, send_parts};

base::Error error_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return {Errc::invalid, "no such name"};
    case ARES_ETIMEOUT:
      return {Errc::timeout, "no name server answers"};
    case ARES_ECONNREFUSED:
      return {Errc::io, "the name server refuses"};
    default:
      return {Errc::io, std::string("the name cannot be looked up: ") + ares_strerror(status)};
  }
}

base::Result<NameAddresses> addresses_of(const ares_addrinfo& info) {
  NameAddresses out;
  std::optional<std::int64_t> ttl;
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr && out.addresses.size() < kMaxAddresses;
       node = node->ai_next) {
    if (node->ai_family != AF_INET && node->ai_family != AF_INET6) continue;
    Address& address = out.addresses.emplace_back();
    address.length = std::min<socklen_t>(node->ai_addrlen, sizeof address.storage);
    std::memcpy(&address.storage, node->ai_addr, address.length);
    ttl = std::min<std::int64_t>(ttl.value_or(node->ai_ttl), node->ai_ttl);
  }
  if (out.addresses.empty()) return fail(Errc::invalid, "no such name");
  out.valid_us = std::max<std::int64_t>(ttl.value_or(0), 0) * 1'000'000;
  return out;
}

}  // namespace

struct NameLookup::State : std::enable_shared_from_this<NameLookup::State> {
  State(Loop& l, std::string s) : loop(l), servers(std::move(s)), timer(l) {}

  Loop& loop;
  std::string servers;
  ares_channel channel = nullptr;
  std::map<ares_socket_t, std::unique_ptr<Watch>> watches;
  Timer timer;
  Done done;
  std::optional<base::Result<NameAddresses>> result;
  bool gone = false;

  base::Status open();
  void process(ares_socket_t readable, ares_socket_t writable);
  void watch(ares_socket_t fd, bool readable, bool writable);
  void answered(int status, ares_addrinfo* info);
  void tell(base::Result<NameAddresses> found);
};

base::Status NameLookup::State::open() {
  ares_options options{};
  options.flags = ARES_FLAG_NOALIASES;
  options.timeout = kFirstTryMs;
  options.tries = kTries;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<State*>(self)->watch(fd, readable != 0, writable != 0);
  };
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (const int status = ares_init_options(&channel, &options, mask); status != ARES_SUCCESS) {
    channel = nullptr;
    return base::Status(fail(Errc::io, std::string("the name cannot be looked up: ") + ares_strerror(status)));
  }
  ares_set_socket_functions(channel, &kSocketFunctions, nullptr);
  if (servers.empty()) return {};
  if (const int status = ares_set_servers_ports_csv(channel, servers.c_str()); status != ARES_SUCCESS) {
    return base::Status(fail(Errc::invalid, std::string("resolver.servers: ") + ares_strerror(status)));
  }
  return {};
}

// From inside c-ares: nothing may be thrown through it. A socket that cannot be watched is one that does not answer.
void NameLookup::State::watch(ares_socket_t fd, bool readable, bool writable) {
  if (!readable && !writable) {
    watches.erase(fd);
    return;
  }
  if (gone) return;
  try {
    std::unique_ptr<Watch>& watch = watches[fd];
    if (!watch) {
      watch = std::make_unique<Watch>(loop, fd);
      watch->on_readable([this, fd] { process(fd, ARES_SOCKET_BAD); });
      watch->on_writable([this, fd] { process(ARES_SOCKET_BAD, fd); });
    }
    watch->enable_read(readable);
    watch->enable_write(writable);
  } catch (const std::exception& e) {
    watches.erase(fd);
    base::log_warning(std::string("a name server's socket cannot be watched: ") + e.what());
  }
}

void NameLookup::State::process(ares_socket_t readable, ares_socket_t writable) {
  ares_process_fd(channel, readable, writable);
  if (result) return timer.cancel();
  timeval wait{};
  if (ares_timeout(channel, nullptr, &wait) == nullptr) return;
  timer.after_us(std::max<std::int64_t>(wait.tv_sec * std::int64_t{1'000'000} + wait.tv_usec, 1000),
                 [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
}

void NameLookup::State::answered(int status, ares_addrinfo* info) {
  if (!gone && !result) {
    tell(status == ARES_SUCCESS && info != nullptr ? addresses_of(*info)
                                                   : base::Result<NameAddresses>(tl::unexpected(error_of(status))));
  }
  if (info != nullptr) ares_freeaddrinfo(info);
}

// Whoever is told may destroy this, so not from inside c-ares.
void NameLookup::State::tell(base::Result<NameAddresses> found) {
  result = std::move(found);
  loop.post([self = shared_from_this()] {
    if (!self->gone) std::exchange(self->done, nullptr)(std::move(*self->result));
  });
}

NameLookup::NameLookup(Loop& loop, std::string servers) : state_(std::make_shared<State>(loop, std::move(servers))) {}

NameLookup::~NameLookup() {
  state_->gone = true;
  state_->timer.cancel();
  if (state_->channel != nullptr) ares_destroy(state_->channel);
  state_->channel = nullptr;
  state_->watches.clear();
}

void NameLookup::start(const std::string& host, Done done) {
  State& s = *state_;
  s.done = std::move(done);
  if (auto opened = s.open(); !opened) return s.tell(base::pass(opened));
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(
      s.channel, host.c_str(), nullptr, &hints,
      [](void* self, int status, int, ares_addrinfo* info) { static_cast<State*>(self)->answered(status, info); }, &s);
  if (!s.result) s.process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

}  // namespace sallyport::net
