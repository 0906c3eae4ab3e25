// SPDX-License-Identifier: Apache-2.0
// One name looked up with c-ares, on a loop and without blocking it. Trusted side; c-ares parses what name servers
// answer and stays out of this header. Each lookup has sockets of its own, so its source ports are fresh ones, and to
// destroy it is to cancel it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/loop.h"
#include "net/socket.h"

namespace sallyport::net {

/// What a name stands for, with port 0.
struct NameAddresses {
  std::vector<Address> addresses;  ///< as RFC 6724 sorts them; at least one
  std::int64_t valid_us = 0;       ///< by their records; 0 for what stands in /etc/hosts
};

class NameLookup {
 public:
  using Done = std::function<void(base::Result<NameAddresses>)>;

  /// servers: "ADDRESS[:PORT],…", or empty for those of /etc/resolv.conf.
  NameLookup(Loop& loop, std::string servers);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  /// Once. done() is called on the loop, not from inside this call and not after destruction, and may destroy the
  /// lookup. Errors: invalid (no such name), timeout (no name server answers), io.
  void start(const std::string& host, Done done);

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace sallyport::net
