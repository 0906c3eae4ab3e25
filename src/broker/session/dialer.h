// SPDX-License-Identifier: Apache-2.0
// Opens the TCP connection to an inventory target. Trusted side, on a session loop. A numeric
// address is never looked up; a name is, on the resolver's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/socket.h"

namespace sallyport::broker {

class Dialer {
 public:
  Dialer(net::Loop& loop, net::Resolver& resolver);
  ~Dialer();

  /// Tries the addresses of "HOST:PORT" in turn, all within the deadline. done() is called once, on the loop, not after
  /// destruction, with a tuned non-blocking socket. Errors: invalid (no such name), io, timeout. user: whose share of
  /// the lookups it is.
  void dial(const std::string& address, const std::string& user, std::int64_t deadline_us,
            std::function<void(base::Result<base::Fd>)> done);

 private:
  void look_up(const std::string& address, const std::string& user);
  void try_next(const std::string& last_error);
  void finish(base::Result<base::Fd> result);

  net::Loop& loop_;
  net::Resolver& resolver_;
  std::unique_ptr<net::Resolver::Query> query_;
  net::Timer deadline_;
  std::function<void(base::Result<base::Fd>)> done_;
  std::vector<net::Address> addresses_;
  std::size_t next_ = 0;
  base::Fd socket_;
  std::unique_ptr<net::Watch> watch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker
