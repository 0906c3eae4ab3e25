// SPDX-License-Identifier: Apache-2.0
// The names of targets, looked up on one thread that never blocks: concurrent, bounded, shared by all who ask for the
// same name, kept for a moment. Trusted side. One name whose server is silent makes nobody wait but those who asked
// for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/socket.h"

namespace sallyport::net {

class Resolver {
 public:
  struct Options {
    std::vector<std::string> servers = {};  ///< "ADDRESS[:PORT]"; empty: those of /etc/resolv.conf
    std::size_t at_once = 64;               ///< lookups under way; more wait for their turn, user by user
    std::size_t at_once_per_user = 8;       ///< of these, begun for one user
  };

  Resolver(Options options, const base::Clock& clock);
  ~Resolver();  ///< what is asked for stays unanswered
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  using Found = base::Result<std::vector<Address>>;
  struct Core;

  /// Somebody's interest in a name. To destroy it, on the loop that it was made on, is to cancel; a lookup that nobody
  /// waits for any more ends.
  class Query {
   public:
    Query(std::shared_ptr<Core> core, std::uint64_t id, std::shared_ptr<bool> alive)
        : core_(std::move(core)), id_(id), alive_(std::move(alive)) {}
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

   private:
    std::shared_ptr<Core> core_;
    std::uint64_t id_;
    std::shared_ptr<bool> alive_;
  };

  /// From any loop. done() is called at most once, on that loop, not after the query's destruction; it may destroy the
  /// query. There is no deadline: that is the caller's. Errors: invalid (no such name), timeout, io.
  std::unique_ptr<Query> look_up(const HostPort& where, const std::string& user, Loop& loop,
                                 std::function<void(Found)> done);

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace sallyport::net
