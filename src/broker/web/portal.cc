// SPDX-License-Identifier: Apache-2.0
// The wiring of a portal.
#include "broker/web/portal.h"

#include <utility>

namespace sallyport::broker {

namespace {
constexpr const char* kPagesFromLibexec = "/../../share/sallyport/portal";
}  // namespace

base::Result<std::unique_ptr<Portal>> Portal::open(const Place& place) {
  Services& services = place.gateway.services;
  auto identity = PortalIdentity::make(services.config, services.vault, services.clock);
  if (!identity) return base::pass(identity);
  const std::string& configured = services.config.portal.pages;
  std::unique_ptr<Portal> out(
      new Portal(place, std::move(*identity), configured.empty() ? place.libexec + kPagesFromLibexec : configured));
  for (Zygotes* zygotes : {out->fronts_.get(), out->viewers_.get()}) {
    if (auto started = zygotes->start(); !started) return base::pass(started);
  }
  auto address = net::parse_numeric(config::to_string(*services.config.listen_portal));
  if (!address) return base::pass(address);
  if (auto listening = out->listener_.listen(*address); !listening) return base::pass(listening);
  out->entrance_.start_housekeeping();
  return out;
}

Portal::Portal(const Place& place, std::unique_ptr<PortalIdentity> identity, std::string pages)
    : identity_(std::move(identity)),
      fronts_(std::make_unique<Zygotes>(place.gateway.services.main_loop, place.libexec + "/sallyport-front-web",
                                        place.workers, std::move(pages))),
      viewers_(std::make_unique<Zygotes>(place.gateway.services.main_loop, place.libexec + "/sallyport-viewer",
                                         place.workers)),
      entrance_(place.gateway, *fronts_, *viewers_, *identity_, place.api, place.ssh_address),
      listener_(place.gateway.services.main_loop, place.gateway.strangers, place.threads,
                [this](SessionThread& thread, base::Fd socket, Arrival arrival) {
                  entrance_.take(thread, std::move(socket), std::move(arrival));
                }) {}

std::string Portal::address() const {
  auto address = listener_.address();
  return address ? "https://" + address->text() : "";
}

void Portal::stop() {
  entrance_.stop();
  listener_.stop();
}

}  // namespace sallyport::broker
