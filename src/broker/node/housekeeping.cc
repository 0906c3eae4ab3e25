// SPDX-License-Identifier: Apache-2.0
// The rounds.
#include "broker/node/housekeeping.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "broker/access/change_expiry.h"
#include "broker/access/invitations.h"

namespace sallyport::broker {

namespace {
constexpr std::int64_t kSealPeriodUs = 5'000'000;   // how soon a record that could not be sealed is tried again
constexpr std::int64_t kWaitingPeriodUs = 500'000;  // how soon audit events that wait for the database are tried again
constexpr std::int64_t kExpiryPeriodUs = 15'000'000;  // how late what nobody decided in time is said to have ended
constexpr std::int64_t kLeasePeriodUs = 1'000'000;    // how late a session may notice that its hours are over

bool depends_on_time(const policy::Snapshot& resources) {
  if (!resources.outsiders.empty()) return true;
  return std::any_of(resources.policies.begin(), resources.policies.end(), [](const auto& entry) {
    const policy::When& when = entry.second.when;
    return !when.days.empty() || when.hours || when.valid_from_us != 0 || when.valid_until_us != 0;
  });
}
}  // namespace

Housekeeping::Housekeeping(Services& services, net::Executor& seal_thread,
                           std::shared_ptr<const recording::Signer> signer)
    : services_(services),
      seal_thread_(seal_thread),
      signer_(std::move(signer)),
      head_timer_(services.main_loop),
      seal_timer_(services.main_loop),
      waiting_timer_(services.main_loop),
      lease_timer_(services.main_loop),
      expiry_timer_(services.main_loop) {}

void Housekeeping::start() {
  keep_heads();
  retry_seals();
  retry_waiting();
  review_leases();
  watch_resources();
  end_what_waited();
}

void Housekeeping::keep_head(audit::Log& log) {
  if (auto head = log.keep_head(); !head) base::log_error("no head of the audit log: " + head.message());
}

void Housekeeping::keep_heads() {
  services_.preauth_audit.tell_withheld();
  services_.user_audit.tell_withheld();
  services_.store_thread.post([&log = services_.audit.log()] { keep_head(log); });
  head_timer_.after_us(audit::kHeadPeriodUs, [this] { keep_heads(); });
}

// The thread may still be at it when the housekeeping has gone; the main loop has stopped by then.
void Housekeeping::retry_seals() {
  seal_thread_.post([this, &services = services_, signer = signer_] {
    services.late_seals.retry(services.store, services.audit.log(), services.config.recording.dir, *signer,
                              services.clock);
    services.main_loop.post([this] { seal_timer_.after_us(kSealPeriodUs, [this] { retry_seals(); }); });
  });
}

void Housekeeping::retry_waiting() {
  services_.audit.retry_waiting();
  waiting_timer_.after_us(kWaitingPeriodUs, [this] { retry_waiting(); });
}

// A policy's hours begin or end, or an invitation or a certificate does: nobody changes anything then.
void Housekeeping::review_leases() {
  end_invitations();
  const bool all = depends_on_time(services_.policy.current()->resources);
  const base::Micros now_us = services_.clock.now_us();
  for (const auto& session : services_.sessions.all()) {
    const base::Micros until_us = session->info().login_until_us;
    if (all || (until_us != 0 && until_us <= now_us)) session->review();
  }
  lease_timer_.after_us(kLeasePeriodUs, [this] { review_leases(); });
}

void Housekeeping::end_invitations() {
  if (ending_invitations_->load() || services_.policy.current()->resources.outsiders.empty()) return;
  ending_invitations_->store(true);
  services_.store_thread.post([&services = services_, busy = ending_invitations_] {
    end_invitations_that_are_over(services);
    busy->store(false);
  });
}

void Housekeeping::end_what_waited() {
  services_.store_thread.post([&services = services_] {
    if (auto ended = services.requests.expire(); !ended) {
      base::log_warning("requests whose time is over could not be ended: " + ended.message());
    }
    if (auto ended = expire_changes(services); !ended) {
      base::log_warning("changes whose time is over could not be ended: " + ended.message());
    }
  });
  expiry_timer_.after_us(kExpiryPeriodUs, [this] { end_what_waited(); });
}

void Housekeeping::watch_resources() {
  const config::Config& config = services_.config;
  auto notices = store::Notices::create({config.store, config.data_dir, config.node});
  if (!notices) return;
  resource_watch_ = std::make_unique<ResourceWatch>(std::move(notices), [&services = services_] {
    services.store_thread.post([&services] { take_over_changes(services); });
  });
}

}  // namespace sallyport::broker
