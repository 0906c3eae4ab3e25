// SPDX-License-Identifier: Apache-2.0
// The steps, in their order.
#include "broker/session/session_opening.h"

#include <utility>

#include "base/log.h"
#include "broker/access/grant_defaults.h"
#include "broker/access/login_validity.h"
#include "broker/record/record_recipients.h"
#include "broker/session/lease.h"
#include "broker/session/target_failure.h"

namespace sallyport::broker {

namespace {
constexpr const char* kDatabaseAway =
    "The gateway's database does not answer, so no session can begin now. Try again later.";
constexpr const char* kCannotRecord =
    "This session cannot be recorded now, so it is not opened. Tell an administrator.";
constexpr const char* kBarred = "You may not log in here any more, or have to log in anew.";
constexpr const char* kNoDescriptors =
    "this gateway has no room for another session now: it may not open more files. Try again later.";
}  // namespace

SessionOpening::SessionOpening(Owner& owner, SessionParts& parts, const Means& means)
    : owner_(owner),
      parts_(parts),
      means_(means),
      login_us_(std::int64_t{means.config.limits.login_seconds} * 1'000'000),
      clearance_(*this, parts, means.approvals, means.approval_alarm, means.clock, means.config.auth),
      turn_(means.pace, means.logins, parts.facts.identity.user, parts.facts.destination, login_us_) {}

void SessionOpening::fail(const std::string& text, const std::string& reason) {
  owner_.opening_failed(text, reason);
}

void SessionOpening::deny(const std::string& code, const std::string& detail, const std::string& text,
                          const std::string& reason) {
  means_.notes.denied(code, detail);
  fail(text, reason);
}

// Asked again at each step that gives the user something: an administrator may act between any two.
bool SessionOpening::user_counts() {
  const Identity& identity = parts_.facts.identity;
  const auto good = check_login(*means_.policy.current(), identity, means_.clock.now_us());
  if (good) return true;
  deny("stale_login", good.message(), kBarred, "the login does not count any more");
  return false;
}

policy::Decision SessionOpening::decision(const PolicyState& state) const {
  const SessionFacts& facts = parts_.facts;
  return policy::decide(state.resources,
                        request_for(facts.identity, facts.destination, means_.clock.now_us(), facts.source_host));
}

bool SessionOpening::still_granted() {
  const auto state = means_.policy.current();
  if (stage_ == Stage::deciding) {
    const policy::Decision decided = decision(*state);
    const auto* denial = std::get_if<policy::Denial>(&decided);
    if (denial != nullptr) deny(*denial);
    return denial == nullptr;
  }
  const LeaseReview now = review_lease(*state, parts_, means_.clock.now_us());
  if (now.ends) deny(now.code, now.detail, now.text, "the grant ended: " + now.code);
  return !now.ends;
}

void SessionOpening::review() {
  if (stage_ != Stage::over && user_counts()) still_granted();
}

void SessionOpening::deny(const policy::Denial& denial) {
  deny(policy::to_string(denial.reason), denial.detail, denial.message, "denied by policy");
}

void SessionOpening::open() {
  if (stage_ != Stage::deciding || !user_counts()) return;
  const SessionFacts& facts = parts_.facts;
  const auto state = means_.policy.current();
  const policy::Decision decided = decision(*state);
  if (const auto* denial = std::get_if<policy::Denial>(&decided)) return deny(*denial);
  const auto& grant = std::get<policy::Grant>(decided);
  if (!clearance_.check(grant, *state)) return;
  // While it waits nothing of it exists.
  SessionTurn::Answer turn = turn_.ask(means_.clock.monotonic_us());
  if (turn.refusal) {
    return deny(turn.refusal->code, turn.refusal->detail, turn.refusal->text, turn.refusal->reason);
  }
  if (!turn.trial) return means_.alarm.after_us(turn.wait_us, [this] { open(); });
  auto seat = means_.sessions.seats().take({facts.identity.user, facts.destination.account, facts.destination.target},
                                           grant.limits);
  if (!seat) return deny("session_limit", seat.message(), seat.message(), "a limit on sessions");
  parts_.seat = std::move(*seat);
  trial_ = std::move(turn.trial);
  parts_.target = *state->resources.target(facts.destination.target);
  parts_.account = *state->resources.account(facts.destination.account);
  granted(grant, state->resources);
}

void SessionOpening::granted(policy::Grant grant, const policy::Snapshot& resources) {
  apply_node_defaults(grant, resources, means_.config);
  clearance_.bound(grant);
  bound_by_login(grant, parts_.facts.identity, means_.clock.now_us());
  parts_.grant = std::move(grant);
  const auto protocol = means_.protocols.find(parts_.target.protocol);
  if (protocol == means_.protocols.end()) {
    return fail(
        "This gateway does not reach targets by " + std::string(policy::to_string(parts_.target.protocol)) + ".",
        "no such protocol");
  }
  if (!parts_.grant.bound.empty() && parts_.target.protocol != policy::Protocol::ssh) {
    return deny("not_approved", "the approval is for programs", "This approval is for certain programs, by SSH.",
                "the approval is for programs");
  }
  protocol_ = &protocol->second;
  parts_.rules = protocol_->make_rules(parts_.grant, means_.config.limits);
  parts_.handle = std::make_shared<SessionHandle>(info());
  parts_.handle->demand_supervisors(parts_.grant.requirements.supervisors, resources);
  auto recipients = record_recipients(resources, means_.recording_key);
  if (!recipients) {
    base::log_error("session " + parts_.id + " cannot be recorded: " + recipients.message());
    return fail(kCannotRecord, "cannot record: " + recipients.message());
  }
  owner_.can_be_found();  // first: whoever finds a session in the registry can end it
  if (!find_room()) return;
  // Now that it can be found, whoever bars the user or ends the approval from here on ends it.
  if (!user_counts()) return;
  if (!clearance_.still_counts()) {
    return deny("not_approved", "the approval was ended", "The approval was ended.", "the approval was ended");
  }
  parts_.handle->add_worker(parts_.front->pidfd());
  send_errands(std::move(*recipients));
}

SessionInfo SessionOpening::info() const {
  const SessionFacts& facts = parts_.facts;
  SessionInfo info;
  info.id = parts_.id;
  info.user = facts.identity.user;
  info.user_incarnation = facts.identity.incarnation;
  info.account = parts_.account.name;
  info.target = parts_.target.name;
  info.protocol = policy::to_string(parts_.target.protocol);
  info.source = facts.source;
  info.via = facts.via;
  info.request = clearance_.request();
  if (facts.identity.certificate) info.login_until_us = ends_at_us(facts.identity.certificate->certificate);
  info.started_at_us = means_.clock.now_us();
  return info;
}

bool SessionOpening::find_room() {
  if (auto added = means_.sessions.add(parts_.handle); !added) {
    fail(added.message(), added.error().code == base::Errc::full ? "no room" : "the gateway is stopping");
    return false;
  }
  parts_.descriptors = means_.descriptors.take(kSessionDescriptors, means_.descriptors_kept);
  if (parts_.descriptors) return true;
  fail(kNoDescriptors, "no room: the limit of open files");
  return false;
}

void SessionOpening::send_errands(std::vector<recording::Recipient> recipients) {
  stage_ = Stage::opening;
  means_.alarm.after_us(login_us_, [this] {
    fail(parts_.back ? parts_.back->timeout_text() : connect_timeout_text(parts_.target.name), "login timed out");
  });
  parts_missing_ = 3;
  errands_out_ = 2;
  const std::weak_ptr<bool> alive = alive_;
  means_.store.begin(means_.notes.start(), means_.notes.row(), parts_.account,
                     [this, alive](base::Result<AccountSecret> secret) {
                       if (!alive.expired()) stored(std::move(secret));
                     });
  means_.records.make({parts_.id, means_.clock.now_us(), std::move(recipients)},
                      [this, alive](base::Result<std::unique_ptr<SessionRecord>> made) {
                        if (!alive.expired()) record_made(std::move(made));
                      });
  means_.dialer.dial(parts_.target, protocol_->urgent_data, parts_.facts.identity.user,
                     [this, alive](base::Result<base::Fd> socket) {
                       if (!alive.expired()) connected(std::move(socket));
                     });
}

void SessionOpening::stored(base::Result<AccountSecret> secret) {
  --errands_out_;
  if (stage_ != Stage::opening) return owner_.errand_back();
  if (!secret) {
    base::log_error("session " + parts_.id + ": " + secret.message());
    const bool away = secret.error().code == base::Errc::closed;
    return fail(away ? kDatabaseAway : "The gateway cannot open this session: " + secret.message(), secret.message());
  }
  secret_ = std::move(*secret);
  part_ready();
}

// A record that comes too late is kept all the same: the end seals it.
void SessionOpening::record_made(base::Result<std::unique_ptr<SessionRecord>> made) {
  --errands_out_;
  if (made) {
    parts_.record = std::move(*made);
    owner_.record_made();
  }
  if (stage_ != Stage::opening) return owner_.errand_back();
  if (!made) {
    base::log_error("session " + parts_.id + " cannot be recorded: " + made.message());
    return fail(kCannotRecord, "cannot record: " + made.message());
  }
  part_ready();
}

void SessionOpening::connected(base::Result<base::Fd> socket) {
  if (stage_ != Stage::opening) return;
  if (!socket) {
    return fail(unreachable_text(parts_.target.name, socket.error()), "cannot reach target: " + socket.message());
  }
  socket_ = std::move(*socket);
  part_ready();
}

void SessionOpening::part_ready() {
  if (--parts_missing_ != 0) return;
  means_.notes.record_begins();
  if (stage_ != Stage::opening) return;  // the record failed
  means_.spawner.spawn(protocol_->backs, std::move(socket_),
                       [this, alive = std::weak_ptr(alive_)](base::Result<SpawnedWorker> spawned) {
                         if (!alive.expired()) start_back(std::move(spawned));
                       });
}

void SessionOpening::start_back(base::Result<SpawnedWorker> spawned) {
  if (stage_ != Stage::opening) return;
  if (!spawned) return fail("The gateway is too busy now. Try again.", spawned.message());
  stage_ = Stage::login;
  parts_.back = owner_.make_back(*protocol_, std::move(*spawned), std::move(secret_));
  parts_.handle->add_worker(parts_.back->pidfd());
  parts_.back->start();
}

bool SessionOpening::back_may_log_in() {
  return stage_ == Stage::login && user_counts() && still_granted();
}

void SessionOpening::back_used_secret() {
  trial_->credential_used();
}

void SessionOpening::back_refused(const std::string& text, const std::string& reason) {
  fail(text, reason);
}

void SessionOpening::back_logged_in(const LoginFacts& facts) {
  if (stage_ != Stage::login) return;
  if (facts.accepted) trial_->worked();
  if (!facts.accepted) trial_->failed(means_.clock.monotonic_us());
  trial_.reset();
  if (!means_.notes.login(facts)) return;
  if (!facts.accepted) {
    const std::string said = facts.banner.empty() ? "" : "\nThe target says:\n" + facts.banner;
    return fail("The target '" + parts_.target.name + "' did not accept the account '" + parts_.account.name +
                    "'. Tell an administrator; session " + parts_.id + "." + said,
                "target refused the login");
  }
  if (!user_counts()) return;
  stage_ = Stage::over;
  means_.alarm.cancel();
  owner_.opened(facts.banner);
}

void SessionOpening::back_ended() {
  if (stage_ == Stage::login && trial_) trial_->closed(means_.clock.monotonic_us());
}

void SessionOpening::stop() {
  stage_ = Stage::over;
  trial_.reset();
  secret_ = {};
  clearance_.stop();
  means_.alarm.cancel();
  means_.dialer.cancel();
}

}  // namespace sallyport::broker
