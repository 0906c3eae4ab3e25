// SPDX-License-Identifier: Apache-2.0
// Queued audit events.
#include "broker/node/audit_trail.h"

#include "base/log.h"

namespace sallyport::broker {

void AuditTrail::write(audit::Event event) {
  write(std::move(event), {}, Outage::waits);
}

void AuditTrail::write(audit::Event event, std::function<void(base::Status)> done) {
  write(std::move(event), std::move(done), Outage::fails);
}

void AuditTrail::write(audit::Event event, std::function<void(base::Status)> done, Outage outage) {
  const std::string type = event.type;
  event.happened_us = log_.now_us();
  commits_.add(
      [this, event = std::move(event)]() -> base::Status {
        auto entry = log_.append(event);
        if (!entry) return base::pass(entry);
        return {};
      },
      [type, done = std::move(done)](base::Status outcome) {
        if (!outcome) base::log_error("audit event " + type + " could not be written: " + outcome.message());
        if (done) done(std::move(outcome));
      },
      outage);
}

}  // namespace sallyport::broker
