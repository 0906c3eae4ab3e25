// SPDX-License-Identifier: Apache-2.0
// Opening a session: the decision, its audit event, the record, the target and the login. No credential is used before
// the decision stands in the audit log and the record can take what follows.
#include <sys/socket.h>

#include "base/id.h"
#include "base/log.h"
#include "broker/access/grant_defaults.h"
#include "broker/access/proofs.h"
#include "broker/record/record_recipients.h"
#include "broker/session/session.h"
#include "broker/session/target_failure.h"
#include "event/event.pb.h"

namespace sallyport::broker {

namespace {
constexpr const char* kDatabaseAway =
    "The gateway's database does not answer, so no session can begin now. Try again later.";
constexpr const char* kCannotRecord =
    "This session cannot be recorded now, so it is not opened. Tell an administrator.";

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}
}  // namespace

Session::Session(Gateway& gateway, SessionThread& thread, FrontSide& front, PasswordCheck& passwords, Facts facts,
                 std::function<void()> over)
    : gateway_(gateway),
      services_(gateway.services),
      thread_(thread),
      front_(&front),
      facts_(std::move(facts)),
      over_(std::move(over)),
      id_(base::make_id(gateway.services.clock.now_us(), gateway.services.random)),
      turn_(gateway.services.openings, gateway.services.target_logins, facts_.identity.user, facts_.destination,
            std::int64_t{gateway.services.config.limits.login_seconds} * 1'000'000),
      relay_(*this, front, gateway.services.held, facts_.identity.user),
      placement_(thread.home(), gateway.services.clock),
      deadline_(thread.loop()),
      limits_(*this, thread.loop(), gateway.services.clock),
      control_(*this, front, passwords, gateway.services.clock, facts_.identity.user,
               gateway.services.config.limits.auth_tries) {}

Session::~Session() = default;

// Asked again at each step that gives the user something: an administrator may act between any two.
bool Session::user_counts() {
  const Identity& identity = facts_.identity;
  if (services_.policy.current()->counts(identity.user, identity.incarnation)) return true;
  services_.user_audit.write({"session.denied",
                              identity.user,
                              handle_ ? id_ : "",
                              {{"account", facts_.destination.account},
                               {"target", facts_.destination.target},
                               {"source", facts_.source},
                               {"reason", "stale_login"},
                               {"detail", "the user, or what proves the user, was changed after this login"}}});
  refuse("You may not log in here any more, or have to log in anew.", "the login does not count any more");
  return false;
}

void Session::audit_denied(const std::string& reason, const std::string& detail) {
  services_.user_audit.write({"session.denied",
                              facts_.identity.user,
                              "",
                              {{"account", facts_.destination.account},
                               {"target", facts_.destination.target},
                               {"source", facts_.source},
                               {"reason", reason},
                               {"detail", detail}}});
}

void Session::open() {
  if (!user_counts()) return;
  const auto state = services_.policy.current();
  policy::Request request;
  request.user = facts_.identity.user;
  request.account = facts_.destination.account;
  request.target = facts_.destination.target;
  request.time_us = services_.clock.now_us();
  request.source = facts_.source_host;
  const policy::Decision decision = policy::decide(state->resources, request);
  if (const auto* denial = std::get_if<policy::Denial>(&decision)) {
    audit_denied(policy::to_string(denial->reason), denial->detail);
    return refuse(denial->message, "denied by policy");
  }
  const auto& grant = std::get<policy::Grant>(decision);
  if (const auto missing = policy::unmet(grant.requirements, proofs_of(facts_.identity)); !missing.empty()) {
    audit_denied("requirement_unmet", policy::sentence(missing));
    return refuse(policy::sentence(missing), "a requirement is not met");
  }
  // While it waits nothing of it exists.
  SessionTurn::Answer turn = turn_.ask(services_.clock.monotonic_us());
  if (turn.refusal) {
    audit_denied(turn.refusal->code, turn.refusal->detail);
    return refuse(turn.refusal->text, turn.refusal->reason);
  }
  if (!turn.trial) return deadline_.after_us(turn.wait_us, [this] { open(); });
  trial_ = std::move(turn.trial);
  target_ = *state->resources.target(facts_.destination.target);
  account_ = *state->resources.account(facts_.destination.account);
  granted(grant, state->resources);
}

void Session::granted(policy::Grant grant, const policy::Snapshot& resources) {
  grant_ = std::move(grant);
  apply_node_defaults(grant_, resources, services_.config);
  for (const std::string& name : grant_.policies) policies_ += (policies_.empty() ? "" : " ") + name;
  const auto protocol = gateway_.protocols.find(target_.protocol);
  if (protocol == gateway_.protocols.end()) {
    return refuse("This gateway does not reach targets by " + std::string(policy::to_string(target_.protocol)) + ".",
                  "no such protocol");
  }
  protocol_ = &protocol->second;
  rules_ = protocol_->make_rules(grant_, services_.config.limits);
  SessionInfo info;
  info.id = id_;
  info.user = facts_.identity.user;
  info.user_incarnation = facts_.identity.incarnation;
  info.account = account_.name;
  info.target = target_.name;
  info.protocol = policy::to_string(target_.protocol);
  info.source = facts_.source;
  info.via = facts_.via;
  info.started_at_us = services_.clock.now_us();
  handle_ = std::make_shared<SessionHandle>(std::move(info));
  auto recipients = record_recipients(resources, services_.recording_key());
  if (!recipients) {
    base::log_error("session " + id_ + " cannot be recorded: " + recipients.message());
    return refuse(kCannotRecord, "cannot record: " + recipients.message());
  }
  attach_handle();  // first: whoever finds a session in the registry can end it
  if (auto added = services_.sessions.add(handle_); !added) {
    return refuse(added.message(), added.error().code == base::Errc::full ? "no room" : "the gateway is stopping");
  }
  descriptors_ = gateway_.descriptors.take(kSessionDescriptors, gateway_.descriptors_kept);
  if (!descriptors_) {
    return refuse("this gateway has no room for another session now: it may not open more files. Try again later.",
                  "no room: the limit of open files");
  }
  if (!user_counts()) return;  // now that it can be found: whoever bars the user from here on ends it
  handle_->add_worker(front_->pidfd());
  phase_ = Phase::opening;
  deadline_.after_us(std::int64_t{services_.config.limits.login_seconds} * 1'000'000, [this] {
    refuse(back_ ? back_->timeout_text() : connect_timeout_text(target_.name), "login timed out");
  });
  parts_missing_ = 3;
  errands_out_ = 2;
  store_start();
  create_record(std::move(*recipients));
  dial_target();
}

// The audit event, the session's row and the account's secret: one visit to the store.
void Session::store_start() {
  audit::Event event{"session.start",
                     facts_.identity.user,
                     id_,
                     {{"account", account_.name},
                      {"target", target_.name},
                      {"source", facts_.source},
                      {"via", facts_.via},
                      {"auth", facts_.identity.method},
                      {"policies", grant_.policies}}};
  if (!facts_.legacy.empty()) event.fields.push_back({"legacy", listed(facts_.legacy)});
  store::SessionRow row;
  const SessionInfo info = handle_->info();
  row.id = id_;
  row.node = services_.config.node;
  row.user = info.user;
  row.account = info.account;
  row.target = info.target;
  row.protocol = info.protocol;
  row.source = info.source;
  row.state = to_string(SessionState::live);
  row.started_at_us = info.started_at_us;
  row.recording_state = "live";
  row.integrity = "open";
  const auto write = [&services = services_, event = std::move(event), row = std::move(row)]() -> base::Status {
    if (auto entry = services.audit.log().append(event); !entry) return base::pass(entry);
    return services.store.insert_session(row);
  };
  services_.audit.commit(write, [self = shared_from_this()](base::Status status) {
    auto secret = std::make_shared<AccountSecret>();
    if (status) {
      auto fetched = fetch_secret(self->services_.vault, self->account_);
      if (fetched) *secret = std::move(*fetched);
      if (!fetched) status = base::pass(fetched);
    }
    auto outcome = std::make_shared<base::Status>(std::move(status));
    self->thread_.loop().post([self, secret, outcome] {
      --self->errands_out_;
      if (self->phase_ != Phase::opening) return self->seal();
      if (!*outcome) {
        base::log_error("session " + self->id_ + ": " + outcome->message());
        const bool away = outcome->error().code == base::Errc::closed;
        return self->refuse(away ? kDatabaseAway : "The gateway cannot open this session: " + outcome->message(),
                            outcome->message());
      }
      self->secret_ = std::move(*secret);
      self->part_ready();
    });
  });
}

void Session::create_record(std::vector<recording::Recipient> recipients) {
  recording::WriterOptions options;
  options.directory = services_.config.recording.dir;
  options.id = id_;
  options.started_at_us = services_.clock.now_us();
  options.recipients = std::move(recipients);
  services_.record_thread.post([self = shared_from_this(), options = std::move(options)] {
    auto made = std::make_shared<base::Result<std::unique_ptr<recording::Writer>>>(
        recording::Writer::create(options, self->gateway_.signer, self->services_.random));
    self->thread_.loop().post([self, made] {
      --self->errands_out_;
      if (*made) {
        self->record_ = std::make_unique<RecordKeeper>(
            self->services_, self->gateway_.record_state, self->thread_.loop(), std::move(**made), self->id_,
            RecordKeeper::Events{[s = self.get()] { s->relay_.go_on(); },
                                 [s = self.get()](const std::string& why) {
                                   s->end("recording stopped: " + why, "Recording stopped, so this session ends.");
                                 }});
        self->journal_.emplace(*self->record_, self->services_.clock, self->handle_->feed(), self->services_.screens,
                               self->facts_.identity.user, [s = self.get()] { s->relay_.ask_keyframe(); });
      }
      if (self->phase_ != Phase::opening) return self->seal();
      if (!*made) {
        base::log_error("session " + self->id_ + " cannot be recorded: " + made->message());
        return self->refuse(kCannotRecord, "cannot record: " + made->message());
      }
      self->part_ready();
    });
  });
}

void Session::dial_target() {
  dialer_ = std::make_unique<Dialer>(thread_.loop(), services_.resolver);
  dialer_->dial(
      target_.address(), facts_.identity.user, std::int64_t{services_.config.limits.connect_seconds} * 1'000'000,
      [this](base::Result<base::Fd> socket) {
        if (phase_ != Phase::opening) return;
        if (!socket) {
          return refuse(unreachable_text(target_.name, socket.error()), "cannot reach target: " + socket.message());
        }
        target_socket_ = std::move(*socket);
        const int in_line = protocol_->urgent_data == UrgentData::in_line;
        if (::setsockopt(target_socket_.get(), SOL_SOCKET, SO_OOBINLINE, &in_line, sizeof in_line) < 0) {
          return refuse(unreachable_text(target_.name, base::Error{base::Errc::io, "socket"}),
                        "cannot set up a socket");
        }
        part_ready();
      });
}

void Session::part_ready() {
  if (--parts_missing_ != 0) return;
  record_start();
  if (phase_ != Phase::opening) return;  // the record failed
  protocol_->backs.spawn(std::move(target_socket_), [self = shared_from_this()](base::Result<SpawnedWorker> spawned) {
    auto holder = std::make_shared<base::Result<SpawnedWorker>>(std::move(spawned));
    self->thread_.loop().post([self, holder] {
      if (self->phase_ != Phase::opening) return;
      if (!*holder) return self->refuse("The gateway is too busy now. Try again.", holder->message());
      self->start_back(std::move(**holder));
    });
  });
}

void Session::record_start() {
  event::Event event;
  event::SessionStart& start = *event.mutable_session_start();
  start.set_id(id_);
  start.set_user(facts_.identity.user);
  start.set_account(account_.name);
  start.set_target(target_.name);
  start.set_protocol(policy::to_string(target_.protocol));
  start.set_source(facts_.source);
  start.set_node(services_.config.node);
  start.set_policy(policies_);
  start.set_via(facts_.via);
  start.set_auth(facts_.identity.method);
  start.set_client_software(facts_.client_software);
  for (const std::string& name : facts_.legacy) start.add_legacy(name);
  record_own(event);
  services_.audit.write({"recording.start",
                         "sallyport",
                         id_,
                         {{"header", base::to_hex(recording::view(record_->header_hash()))},
                          {"keys", base::to_hex(recording::view(record_->key_file_hash()))}}});
}

void Session::start_back(SpawnedWorker spawned) {
  phase_ = Phase::login;
  back_done_ = false;
  back_ = protocol_->make_back({services_, thread_, *this, std::move(spawned), target_, account_, grant_,
                                std::move(secret_), id_, facts_.identity.user});
  handle_->add_worker(back_->pidfd());
  placement_.add(front_->pid());
  placement_.add(back_->pid());
  back_->start();
}

bool Session::back_may_log_in() {
  return phase_ == Phase::login && user_counts();
}

void Session::back_used_secret() {
  trial_->credential_used();
}

void Session::back_refused(const std::string& text, const std::string& reason) {
  refuse(text, reason);
}

void Session::back_logged_in(const LoginFacts& facts) {
  if (phase_ != Phase::login) return;
  if (facts.accepted) trial_->worked();
  if (!facts.accepted) trial_->failed(services_.clock.monotonic_us());
  trial_.reset();
  event::Event event;
  event::Login& login = *event.mutable_login();
  login.set_method(facts.method);
  login.set_login_name(facts.login_name);
  login.set_host_key(facts.identity);
  login.set_address(target_.address());
  login.set_secret_crossed(facts.secret_crossed);
  login.set_target_software(facts.software);
  for (const std::string& name : facts.legacy) login.add_legacy(name);
  login.set_banner(facts.banner);
  if (!record_own(event)) return;
  audit::Event noted{
      facts.accepted ? "target.login" : "target.login_failed",
      "sallyport",
      id_,
      {{"target", target_.name}, {"account", account_.name}, {"method", facts.method}, {"host_key", facts.identity}}};
  if (!facts.legacy.empty()) noted.fields.push_back({"legacy", listed(facts.legacy)});
  services_.audit.write(std::move(noted));
  if (!facts.accepted) {
    const std::string said = facts.banner.empty() ? "" : "\nThe target says:\n" + facts.banner;
    return refuse("The target '" + target_.name + "' did not accept the account '" + account_.name +
                      "'. Tell an administrator; session " + id_ + "." + said,
                  "target refused the login");
  }
  if (!user_counts()) return;
  go_live(facts.banner);
}

void Session::go_live(const std::string& banner) {
  deadline_.cancel();
  phase_ = Phase::live;
  back_->set_live();
  handle_->went_live();
  const config::TargetBanner shown = services_.config.ssh.target_banner;
  TargetGreeting greeting;
  if (shown != config::TargetBanner::record) greeting.text = banner;
  if (shown == config::TargetBanner::terminals) greeting.shown = TargetGreeting::Shown::on_terminals;
  front_->ready(greeting);
  limits_.start(grant_.limits);
  relay_.open({*journal_, *rules_, *back_, *handle_, grant_.record});
}

// No session: the user hears why, and whatever had begun is undone.
void Session::refuse(const std::string& user_text, const std::string& reason) {
  if (front_ != nullptr && phase_ < Phase::live) {
    front_->refuse("Sallyport: " + user_text);
  }
  end(reason, "");
}

}  // namespace sallyport::broker
