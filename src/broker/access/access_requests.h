// SPDX-License-Identifier: Apache-2.0
// Requests for access in the store: made, decided, used and ended, each together with its audit event, in one
// transaction. Trusted side; any thread may call, and callers hear of success on the store's thread, after the commit.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "broker/access/policy_state.h"
#include "broker/node/audit_trail.h"
#include "policy/access_request.h"
#include "store/store.h"

namespace sallyport::broker {

/// Requests of one user that may wait for a decision at a time.
inline constexpr std::size_t kMostWaitingRequests = 20;

/// What a requester asks for, and what the policies demand for it.
struct RequestDraft {
  std::string requester;
  std::int64_t requester_life = 0;
  std::string sponsor = {};
  std::string account;
  std::vector<std::string> targets;
  std::string reason = {};
  std::string ticket = {};
  base::Micros start_us = 0;
  std::int64_t valid_seconds = 0;
  std::int64_t max_sessions = 0;
  policy::ProgramBound bound = {};
  std::vector<policy::Permissions> allowed = {};  ///< by the policies now, for each of the targets: it brings no more
  std::vector<policy::ApprovalRule> rules = {};   ///< empty: it only says why, and counts at once
  base::Micros decide_within_us = 0;
  bool emergency = false;   ///< the requester breaks the glass
  bool joins = false;       ///< one of the requester that waits for the same is taken instead of a new one
  std::string actor = {};   ///< for the audit log
  std::string source = {};  ///< whence it was asked, for the audit log
};

class AccessRequests {
 public:
  using Done = std::function<void(base::Result<policy::AccessRequest>)>;

  AccessRequests(store::Store& store, AuditTrail& audit, const PolicyHolder& policy, const base::Clock& clock,
                 base::Random& random)
      : store_(store), audit_(audit), policy_(policy), clock_(clock), random_(random) {}

  /// Errors: invalid, full (too many of the requester's wait), the store's.
  void create(RequestDraft draft, Done done);
  // `name`: an id, or the code of a request that is not closed. Whoever has no part in a request gets not_found, as
  // for one that is not there: a guess tells nothing.
  /// Errors: not_found, denied, invalid.
  void vote(const std::string& name, const std::string& voter, bool approves, const std::string& comment,
            const std::string& actor, Done done);
  /// By its requester, or by whoever may decide it. Errors: not_found, denied, invalid.
  void close(const std::string& name, const std::string& user, const std::string& actor, Done done);

  /// Signs off an emergency. Errors: not_found, denied, invalid.
  void review(const std::string& name, const std::string& reviewer, const std::string& comment,
              const std::string& actor, Done done);

  /// On the store's thread, now and then: says of requests that nobody decided in time that they have expired, which
  /// they have already.
  base::Status expire();

  struct Claim {
    std::string user;
    std::int64_t life = 0;
    std::string account;
    std::string target;
    std::vector<policy::ApprovalRule> rules;  ///< by the policies in force now
    std::string session;                      ///< that is to be opened
    std::string invitation = {};              ///< of an outsider: the only request that can grant it
    policy::Permissions allowed = {};         ///< by the policies in force now
  };
  /// Counts a session under a request that grants it now; none: nothing does. Errors: the store's.
  void claim(Claim claim, std::function<void(base::Result<std::optional<policy::AccessRequest>>)> done);

  /// Told of each change of any request, after its commit, on the store's thread; what it calls must only post. type:
  /// of the audit event. Set at first.
  void announce_to(std::function<void(const char* type, const policy::AccessRequest&)> told) {
    told_ = std::move(told);
  }
  /// Tells them of a request that was stored and audited elsewhere, as an invitation's is; after its commit, on the
  /// store's thread.
  void announce(const char* type, const policy::AccessRequest& request) const {
    if (told_) told_(type, request);
  }

  /// Whether it was ended on this node within the last hour, which is longer than a session takes to open. Known before
  /// anybody looks for the sessions under it: a session that opens meanwhile asks after it can be found.
  bool was_ended(const std::string& id) const;

  /// Of the requests that this node has claimed within the last hour and of these: which were ended by somebody on
  /// another node. Each is named once, and was_ended() from then on. Blocks: on the store's thread. Errors: the
  /// store's.
  base::Result<std::vector<std::string>> ended_elsewhere(std::set<std::string> live);
  /// The last ended_elsewhere() failed, so it is to be asked again.
  bool owes_look() const;

  /// The answer about a request that is not there, or not for whoever asks: one and the same.
  static tl::unexpected<base::Error> unknown();

  // For threads that may block on the store given.
  /// Errors: not_found.
  static base::Result<policy::AccessRequest> find(store::Store& store, const std::string& name);
  static base::Result<policy::AccessRequest> with_votes(store::Store& store, const store::RequestRow& row);

  /// Told of each change of one request while it lives: what it calls must only post.
  class Watch {
   public:
    Watch(AccessRequests& requests, std::string id, std::function<void()> changed);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    AccessRequests& requests_;
    std::list<std::pair<std::string, std::function<void()>>>::iterator where_;
  };

 private:
  using Outcome = std::shared_ptr<std::optional<policy::AccessRequest>>;
  /// Runs work, which fills the outcome and writes the event, and tells.
  /// type: of the event that was written; null: none was.
  using Type = std::function<const char*(const policy::AccessRequest&)>;
  void commit(std::function<base::Status(policy::AccessRequest& out)> work, Type type, Done done);
  base::Status change(const std::string& name, const std::function<base::Status(policy::AccessRequest&)>& how,
                      policy::AccessRequest& out);
  /// who: whose part in it is asked first.
  base::Status change(const std::string& name, const std::string& who,
                      const std::function<base::Status(policy::AccessRequest&)>& how, policy::AccessRequest& out);
  base::Status create_now(const RequestDraft& draft, const std::string& id, policy::AccessRequest& out);
  base::Status claim_now(const Claim& claim, std::optional<policy::AccessRequest>& out);
  base::Status note(const char* type, const std::string& actor, const policy::AccessRequest& request,
                    std::vector<audit::Field> more, const std::string& session = {});
  void tell(const std::string& id);
  void remember_end(const std::string& id);

  store::Store& store_;
  AuditTrail& audit_;
  const PolicyHolder& policy_;
  const base::Clock& clock_;
  base::Random& random_;
  std::function<void(const char*, const policy::AccessRequest&)> told_;
  mutable std::mutex mutex_;
  // When, on the monotonic clock; of the last hour.
  std::map<std::string, base::Micros> ended_, claimed_;
  bool owes_look_ = false;
  std::list<std::pair<std::string, std::function<void()>>> watches_;
};

/// What people read and type: the end of its id, in capital letters.
std::string request_code(const std::string& id);

}  // namespace sallyport::broker
