// SPDX-License-Identifier: Apache-2.0
// The broker's half of the admin socket: who may connect, and which request goes to which handler. Trusted side, on the
// main loop. It must never block that loop, and never let a client wait for another.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "broker/node/services.h"
#include "broker/ssh/host_scan.h"

namespace sallyport::broker::admin {

/// What only main knows: for `sallyport status`, and how to reach a target.
struct NodeFacts {
  std::string version;
  std::string ssh_address;  ///< as bound: the real port
  base::Micros started_at_us = 0;
  /// Fetches a target's host keys; calls back once, on another thread. HostScanner::scan on a node.
  std::function<void(policy::Target, HostScanner::Done)> scan_host;
};

class Server {
 public:
  /// Listens at config.admin_socket(), for root, for the uid that runs the broker, and for members of
  /// config.service_group (which gets the socket when the broker may give it away). Call on the main loop's thread,
  /// before it runs or on it. Errors: exists (another broker serves this directory), io.
  static base::Result<std::unique_ptr<Server>> create(Services& services, NodeFacts facts);
  /// Closes every client. The loop and the services must still be there; the executors may still be working.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::broker::admin
