// SPDX-License-Identifier: Apache-2.0
// The admin socket: one way to reach the API. Who may connect is decided here, what a caller may do is not. Trusted
// side, on the main loop. It must never block that loop, and never let a client wait for another.
#pragma once

#include <memory>

#include "base/result.h"
#include "broker/api/api.h"
#include "broker/node/services.h"

namespace sallyport::broker::admin_socket {

class Server {
 public:
  /// Listens at config.admin_socket(), for root, for the uid that runs the broker, and for members of
  /// config.service_group (which gets the socket when the broker may give it away). Call on the main loop's thread,
  /// before it runs or on it. Errors: exists (another broker serves this directory), io.
  static base::Result<std::unique_ptr<Server>> create(Services& services, api::Api& api);
  /// Closes every client. The loop, the services and the API must still be there.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::broker::admin_socket
