// SPDX-License-Identifier: Apache-2.0
// Audit events that a stranger can cause. Each is a signed, synced transaction in the log that all sessions share, so
// each source has a share of it and all together have one; what is withheld is counted and said. Trusted side; any
// thread may call.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "broker/node/allowance.h"
#include "broker/node/audit_trail.h"

namespace sallyport::broker {

class PreauthAudit {
 public:
  static constexpr Allowance::Rate kPerSource{100, 500'000};
  static constexpr Allowance::Rate kTogether{1000, 100'000};
  /// Sources that are told apart at a time; beyond, only the share of all counts.
  static constexpr std::size_t kMaxSources = 4096;

  PreauthAudit(AuditTrail& audit, const base::Clock& clock) : audit_(audit), clock_(clock) {}

  /// Source as Admission::source_of() names it. Writes the event, or counts it.
  void write(const std::string& source, audit::Event event);
  /// Writes how many were withheld since this was last called ("auth.withheld"), if any were. To be called now and
  /// then.
  void tell_withheld();
  /// That are told apart now.
  std::size_t sources();

 private:
  bool admit(const std::string& source);

  AuditTrail& audit_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Allowance> sources_;
  Allowance together_{kTogether};
  std::int64_t withheld_ = 0;
};

}  // namespace sallyport::broker
