// SPDX-License-Identifier: Apache-2.0
// The portal of a node: its certificate, its fronts, its listener, and how browsers come in. Trusted side, main thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/intake/listener.h"
#include "broker/node/zygotes.h"
#include "broker/web/entrance.h"
#include "broker/web/portal_identity.h"

namespace sallyport::broker {

class Portal {
 public:
  struct Place {
    Gateway& gateway;
    api::Api& api;
    std::vector<std::unique_ptr<SessionThread>>& threads;
    std::string libexec;
    std::optional<ipc::WorkerIdentity> workers;
    std::string ssh_address;  ///< where SSH clients are listened for: "0.0.0.0:2222"
  };
  /// Listens at config.listen_portal. Blocks. What the place names outlives the portal, but for the API: see stop().
  static base::Result<std::unique_ptr<Portal>> open(const Place& place);

  /// "https://127.0.0.1:8443", with the real port.
  std::string address() const;
  void stop_listening() { listener_.stop(); }
  /// Lets go of the API, and ends the zygote.
  void stop();
  /// Looks for changed certificate files.
  void renew_certificate() { entrance_.renew_certificate(); }

 private:
  Portal(const Place& place, std::unique_ptr<PortalIdentity> identity, std::string pages);

  std::unique_ptr<PortalIdentity> identity_;
  std::unique_ptr<Zygotes> fronts_;
  std::unique_ptr<Zygotes> viewers_;
  WebEntrance entrance_;
  Listener listener_;
};

}  // namespace sallyport::broker
