// SPDX-License-Identifier: Apache-2.0
// TCP and Unix sockets for the broker: addresses, listening, connecting.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace sallyport::net {

/// A socket address with its text forms.
struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  std::string text() const;  ///< "10.0.0.7:22", "[::1]:22"
  std::string host() const;  ///< "10.0.0.7", "::1" (an IPv4-mapped address as IPv4)
  int port() const;
};

struct HostPort {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
};
/// "HOST:PORT" or "[V6]:PORT". Errors: invalid.
base::Result<HostPort> split_host_port(const std::string& text);
/// "HOST:PORT" or "[V6]:PORT" with a numeric host: nothing is looked up. Errors: invalid.
base::Result<Address> parse_numeric(const std::string& text);
void set_port(Address& address, std::uint16_t port);

/// A non-blocking listening socket; port 0 picks one.
base::Result<base::Fd> listen_tcp(const Address& address, int backlog);
base::Result<Address> local_address(int fd);
base::Result<Address> peer_address(int fd);
/// Starts a non-blocking connection; it is made when the descriptor becomes writable and connect_result says so.
base::Result<base::Fd> start_connect(const Address& address);
base::Status connect_result(int fd);
/// TCP_NODELAY, keepalive probes: what every leg gets, since a worker may not set options.
base::Status tune_leg(int fd);

/// A listening SOCK_SEQPACKET socket at a path of mode bits; an old socket there is replaced when nobody listens on it.
base::Result<base::Fd> listen_local(const std::string& path, unsigned mode);

}  // namespace sallyport::net
