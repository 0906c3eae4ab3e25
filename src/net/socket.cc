// SPDX-License-Identifier: Apache-2.0
// Sockets of the broker.
#include "net/socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace sallyport::net {

using base::Errc;
using base::fail;
using base::fail_errno;
using base::Fd;
using base::Result;
using base::Status;

std::string Address::host() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, buffer, sizeof buffer);
  } else if (storage.ss_family == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
      inet_ntop(AF_INET, address.s6_addr + 12, buffer, sizeof buffer);
    } else {
      inet_ntop(AF_INET6, &address, buffer, sizeof buffer);
    }
  }
  return buffer;
}

int Address::port() const {
  return ntohs(storage.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(storage).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
}

std::string Address::text() const {
  const std::string name = host();
  const bool brackets = name.find(':') != std::string::npos;
  return (brackets ? "[" + name + "]" : name) + ":" + std::to_string(port());
}

Result<HostPort> split_host_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  HostPort out;
  if (colon == std::string::npos || colon == 0) return fail(Errc::invalid, "'" + text + "' is not HOST:PORT");
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, out.port);
  if (error != std::errc{} || rest != end) return fail(Errc::invalid, "'" + text + "' is not HOST:PORT");
  out.host = text.substr(0, colon);
  if (out.host.front() == '[' && out.host.back() == ']') out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

Result<Address> parse_numeric(const std::string& text) {
  auto parts = split_host_port(text);
  if (!parts) return base::pass(parts);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(parts->port);
  if (const int error = getaddrinfo(parts->host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return fail(Errc::invalid, "'" + text + "': " + gai_strerror(error));
  }
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

void set_port(Address& address, std::uint16_t port) {
  if (address.storage.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  }
}

Result<Fd> listen_tcp(const Address& address, int backlog) {
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("socket");
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) < 0 ||
      ::listen(fd.get(), backlog) < 0) {
    return fail_errno("cannot listen on " + address.text());
  }
  return fd;
}

Result<Address> local_address(int fd) {
  Address out;
  out.length = sizeof out.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&out.storage), &out.length) < 0) return fail_errno("getsockname");
  return out;
}

Result<Address> peer_address(int fd) {
  Address out;
  out.length = sizeof out.storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&out.storage), &out.length) < 0) return fail_errno("getpeername");
  return out;
}

Result<Fd> start_connect(const Address& address) {
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) < 0 &&
      errno != EINPROGRESS) {
    return fail_errno("connect to " + address.text());
  }
  return fd;
}

Status connect_result(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return fail_errno("getsockopt(SO_ERROR)");
  if (error != 0) return fail_errno("connect", error);
  return {};
}

Status tune_leg(int fd) {
  const int on = 1;
  if (::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0) return fail_errno("setsockopt(TCP_NODELAY)");
  if (::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) < 0) return fail_errno("setsockopt(SO_KEEPALIVE)");
  return {};
}

Result<Fd> listen_local(const std::string& path, unsigned mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Errc::invalid, path + ": too long for a socket; choose a data_dir with a shorter path");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("socket");
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(fd.get(), where, sizeof address) == 0) {
    return fail(Errc::exists, path + ": another gateway is serving this data directory");
  }
  Fd fresh(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fresh) return fail_errno("socket");
  ::unlink(path.c_str());
  if (::bind(fresh.get(), where, sizeof address) < 0) return fail_errno("bind " + path);
  if (::chmod(path.c_str(), mode) < 0) return fail_errno("chmod " + path);
  if (::listen(fresh.get(), 64) < 0) return fail_errno("listen " + path);
  return fresh;
}

}  // namespace sallyport::net
