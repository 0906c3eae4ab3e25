// SPDX-License-Identifier: Apache-2.0
// The wiring of a node's entrance by HTTPS.
#include "broker/web/entrance.h"

#include <limits>
#include <utility>

#include "base/log.h"
#include "broker/web/web_connection.h"
#include "keys/address_block.h"

namespace sallyport::broker {

namespace {
constexpr base::Micros kSecondUs = 1'000'000;
constexpr base::Micros kLookAfterUs = 20 * kSecondUs;
// A viewer takes a processor while a recording loads, and up to a gigabyte if the recording is made to.
constexpr std::size_t kMostViewers = 16;
constexpr std::size_t kMostViewersOfUser = 4;
}  // namespace

WebEntrance::WebEntrance(Gateway& gateway, Zygotes& fronts, Zygotes& viewers, PortalIdentity& identity, api::Api& api,
                         std::string ssh_address)
    : gateway_(gateway),
      fronts_(fronts),
      viewer_source_(viewers),
      identity_(identity),
      api_(&api),
      sign_ins_({gateway.services.store, gateway.services.store_thread, gateway.services.reader,
                 gateway.services.reader_thread, gateway.services.policy, gateway.services.clock,
                 gateway.services.random, gateway.services.config.portal.idle_seconds * kSecondUs,
                 gateway.services.config.portal.sign_in_seconds * kSecondUs}),
      users_(std::numeric_limits<std::size_t>::max(), gateway.services.config.portal.connections_per_user),
      viewers_(kMostViewers, kMostViewersOfUser),
      passwords_({gateway.services.store, gateway.services.store_thread, gateway.services.policy,
                  gateway.services.passwords, gateway.services.guesses, gateway.services.clock}),
      codes_(gateway.services.totp, gateway.services.store_thread, gateway.services.guesses),
      make_session_(session_maker(gateway)),
      ssh_address_(std::move(ssh_address)),
      host_ca_(gateway.services.vault.host_ca().public_key().line("sallyport-host-ca")),
      changes_(gateway.services),
      timer_(gateway.services.main_loop) {}

WebEntrance::~WebEntrance() = default;

void WebEntrance::take(SessionThread& thread, base::Fd socket, Arrival arrival) {
  auto connection =
      pin_to(thread, std::make_unique<WebConnection>(*this, thread, std::move(socket), std::move(arrival)));
  thread.loop().post([connection] { connection->start(); });
}

void WebEntrance::start_housekeeping() {
  timer_.after_us(kLookAfterUs, [this] {
    look_after();
    start_housekeeping();
  });
}

void WebEntrance::look_after() {
  sign_ins_.keep_times();
  renew_certificate();
}

// On the store's thread: the authority's key is in the vault.
void WebEntrance::renew_certificate() {
  services().store_thread.post([this] {
    if (auto renewed = identity_.renew(); !renewed) {
      base::log_error("the portal keeps its old certificate: " + renewed.message());
    }
  });
}

void WebEntrance::stop() {
  timer_.cancel();
  for (auto& [key, exchange] : under_way_) exchange->abandon();
  under_way_.clear();
  api_ = nullptr;
}

void WebEntrance::spawn_front(base::Fd socket, std::function<void(base::Result<SpawnedWorker>)> done) {
  fronts_.spawn(std::move(socket), std::move(done));
}

void WebEntrance::spawn_viewer(std::function<void(base::Result<SpawnedWorker>)> done) {
  viewer_source_.spawn(base::Fd(), std::move(done));
}

bool WebEntrance::is_trusted_proxy(const std::string& host) const {
  for (const std::string& block : gateway_.services.config.portal.trusted_proxies) {
    const auto inside = keys::address_in_block(host, block);
    if (inside && *inside) return true;
  }
  return false;
}

std::uint64_t WebEntrance::begin(api::Caller caller, api::Request request, std::shared_ptr<api::ReplySink> sink) {
  const std::uint64_t key = ++last_key_;
  struct Waiting {
    api::Caller caller;
    api::Request request;
    std::shared_ptr<api::ReplySink> sink;
  };
  auto asked = std::make_shared<Waiting>(Waiting{std::move(caller), std::move(request), std::move(sink)});
  services().main_loop.post([this, key, asked] {
    if (api_ == nullptr) return;
    under_way_[key] = api_->begin(std::move(asked->caller), std::move(asked->request), std::move(asked->sink));
  });
  return key;
}

void WebEntrance::end(std::uint64_t key) {
  services().main_loop.post([this, key] {
    const auto found = under_way_.find(key);
    if (found == under_way_.end()) return;
    const api::ExchangePtr exchange = std::move(found->second);
    under_way_.erase(found);
    exchange->abandon();
  });
}

std::shared_ptr<void> WebEntrance::listen(web::ChangeFeed::Told told) {
  // The token, once the main loop has it.
  const auto token = std::make_shared<std::uint64_t>(0);
  services().main_loop.post([this, token, told = std::move(told)]() mutable {
    if (api_ != nullptr) *token = changes_.subscribe(std::move(told));
  });
  return std::shared_ptr<void>(token.get(), [this, token](void*) {
    services().main_loop.post([this, token] { changes_.unsubscribe(*token); });
  });
}

}  // namespace sallyport::broker
