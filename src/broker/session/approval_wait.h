// SPDX-License-Identifier: Apache-2.0
// A session whose grant needs approval: an approved request is looked for, else one is made, and the session waits
// until somebody decides it. Trusted side, on a session loop. It grants nothing: what it found is judged by whoever
// asked.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "broker/access/access_requests.h"
#include "broker/session/alarm.h"
#include "policy/access_request.h"

namespace sallyport::broker {

/// The requests, for one session. Each calls back once, on the session's loop; never after forget().
class ApprovalDesk {
 public:
  using Made = std::function<void(base::Result<policy::AccessRequest>)>;
  using Claimed = std::function<void(base::Result<std::optional<policy::AccessRequest>>)>;

  virtual ~ApprovalDesk() = default;
  virtual void claim(AccessRequests::Claim claim, Claimed done) = 0;
  virtual void create(RequestDraft draft, Made done) = 0;
  virtual void look(const std::string& id, Made done) = 0;
  /// changed: each time that the request may have changed; replaces an earlier watch.
  virtual void watch(const std::string& id, std::function<void()> changed) = 0;
  virtual void forget() = 0;
  /// Whether somebody has ended this request on this node, as far as is known now.
  virtual bool was_ended(const std::string& id) const = 0;
};

class ApprovalWait {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void approved(const policy::AccessRequest& request) = 0;
    /// Nobody has decided it yet: for the user.
    /// request: its code, as approvers name it.
    virtual void waits_for_approval(const std::string& text, const std::string& request) = 0;
    /// There will be no approval. text is for the user.
    virtual void not_approved(const std::string& text, const std::string& reason) = 0;
  };

  /// How long a session waits for somebody's decision. The request goes on waiting after it.
  static constexpr std::int64_t kHoldUs = std::int64_t{15} * 60 * 1'000'000;
  /// A decision on another node, or an expiry, is noticed after so long.
  static constexpr std::int64_t kLookUs = 2'000'000;
  /// How long a request that a connection makes may wait.
  static constexpr base::Micros kDecideWithinUs = base::Micros{24} * 3600 * 1'000'000;

  /// All of it outlives the wait.
  ApprovalWait(Owner& owner, ApprovalDesk& desk, Alarm& alarm, const base::Clock& clock)
      : owner_(owner), desk_(desk), alarm_(alarm), clock_(clock) {}

  /// claim.rules: what must be approved; claim.invitation: no other request will do, and none is made. instead: said to
  /// the user where nothing is approved yet; empty: a request is made, and waited for. Once.
  void begin(AccessRequests::Claim claim, const std::string& source, const std::string& instead = {});
  /// Calls nobody any more.
  void stop();

 private:
  void claim(bool may_ask);
  void claimed(base::Result<std::optional<policy::AccessRequest>> found, bool may_ask);
  void ask();
  void asked(base::Result<policy::AccessRequest> made);
  void look();
  void looked(base::Result<policy::AccessRequest> request);
  void fail(const std::string& text, const std::string& reason);

  Owner& owner_;
  ApprovalDesk& desk_;
  Alarm& alarm_;
  const base::Clock& clock_;
  AccessRequests::Claim wanted_;
  std::string source_, instead_;
  std::string id_;  // of the request that is waited for
  base::Micros hold_until_us_ = 0;
  bool looking_ = false;
  bool told_ = false;
  bool stopped_ = false;
};

/// "1 of the group leads", "2 of bob, carol or the group leads": for people.
std::string approvers_text(const policy::ApprovalRule& rule);

}  // namespace sallyport::broker
