// SPDX-License-Identifier: Apache-2.0
// Queued audit events.
#include "broker/audit_trail.h"

#include "base/log.h"

namespace sallyport::broker {

void AuditTrail::write(audit::Event event, std::function<void(base::Status)> done) {
  store_thread_.post([this, event = std::move(event), done = std::move(done)] {
    auto entry = log_.append(event);
    base::Status outcome;
    if (!entry) {
      base::log_error("audit event " + event.type + " could not be written: " + entry.message());
      outcome = base::pass(entry);
    }
    if (done) done(std::move(outcome));
  });
}

void AuditTrail::write_within(AuditLimit& limit, base::Micros now_us, audit::Event event) {
  if (!limit.admit(now_us)) return;
  if (const std::int64_t more = limit.take_withheld(); more > 0) event.fields.push_back({"withheld_before", more});
  write(std::move(event));
}

}  // namespace sallyport::broker
