// SPDX-License-Identifier: Apache-2.0
// Audit events that a logged-in user can cause at will: refused requests, denied sessions and jumps, logins. Each user
// has a share of each kind of event, over all of the user's connections and sessions, so that a flood of one kind hides
// no other kind and no other user. What is withheld is counted and said. Events that nobody can cause at will never go
// through here. Trusted side; any thread may call.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "broker/node/audit_limit.h"
#include "broker/node/audit_sink.h"
#include "broker/node/audit_trail.h"

namespace sallyport::broker {

class UserAudit final : public AuditSink {
 public:
  /// Of one user and one kind of event. A user who has a playbook run over hundreds of targets stays within it.
  static constexpr AuditLimit::Rate kLogins{500, 100'000};
  static constexpr AuditLimit::Rate kOthers{50, 1'000'000};

  UserAudit(AuditTrail& audit, const base::Clock& clock) : audit_(audit), clock_(clock) {}

  /// Writes the event, whose actor is the user, or counts it.
  void write(audit::Event event) override;
  /// Writes for each user and kind how many events were withheld since this was last called ("audit.withheld"). To be
  /// called now and then.
  void tell_withheld();
  /// The same for one user: when a session ends.
  void tell_withheld(const std::string& user);
  /// Users and kinds that are told apart now.
  std::size_t shares();

 private:
  using Key = std::pair<std::string, std::string>;  // user, kind
  void tell(const std::vector<std::pair<Key, std::int64_t>>& counts);

  AuditTrail& audit_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<Key, AuditLimit> shares_;
};

}  // namespace sallyport::broker
