// SPDX-License-Identifier: Apache-2.0
// Opening a session: the decision, its audit event, the record, the target and the login. No credential is used before
// the decision stands in the audit log and the record can take what follows.
#include "base/id.h"
#include "base/log.h"
#include "broker/access/grant_defaults.h"
#include "broker/record/record_recipients.h"
#include "broker/session/session.h"
#include "broker/session/target_failure.h"
#include "broker/ssh/legacy.h"
#include "event/event.pb.h"
#include "ipc/back.pb.h"
#include "ipc/front.pb.h"

namespace sallyport::broker {

namespace {
constexpr const char* kDatabaseAway =
    "The gateway's database does not answer, so no session can begin now. Try again later.";
constexpr const char* kCannotRecord =
    "This session cannot be recorded now, so it is not opened. Tell an administrator.";
}  // namespace

Session::Session(Gateway& gateway, SessionThread& thread, FrontLink& front, Authenticator& authenticator, Facts facts,
                 std::function<void()> over)
    : gateway_(gateway),
      services_(gateway.services),
      thread_(thread),
      front_(&front),
      authenticator_(&authenticator),
      facts_(std::move(facts)),
      over_(std::move(over)),
      id_(base::make_id(gateway.services.clock.now_us(), gateway.services.random)),
      held_share_(gateway.services.held, facts_.identity.user),
      screens_share_(gateway.services.screens, facts_.identity.user),
      deadline_(thread.loop()),
      limits_(thread.loop()) {}

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
  if (!is_its_turn()) return;
  target_ = *state->resources.target(facts_.destination.target);
  account_ = *state->resources.account(facts_.destination.account);
  granted(std::get<policy::Grant>(decision), state->resources);
}

void Session::granted(policy::Grant grant, const policy::Snapshot& resources) {
  grant_ = std::move(grant);
  apply_node_defaults(grant_, resources, services_.config);
  for (const std::string& name : grant_.policies) policies_ += (policies_.empty() ? "" : " ") + name;
  gate_ = std::make_unique<Gate>(grant_.permissions, services_.config.limits.max_channels);
  SessionInfo info;
  info.id = id_;
  info.user = facts_.identity.user;
  info.user_incarnation = facts_.identity.incarnation;
  info.account = account_.name;
  info.target = target_.name;
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
    const bool proven = back_ && back_->host();
    refuse(login_timeout_text(target_.name, proven  ? LoginStage::authentication
                                            : back_ ? LoginStage::handshake
                                                    : LoginStage::connecting),
           "login timed out");
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
    Services& services = self->services_;
    auto secret = std::make_shared<AccountSecret>();
    if (status && self->account_.login == policy::Login::key) {
      if (auto key = services.vault.account_key(self->account_.name); key) {
        secret->key = std::make_shared<keys::PrivateKey>(std::move(*key));
      } else {
        status = base::pass(key);
      }
    } else if (status && self->account_.login == policy::Login::password) {
      if (auto password = services.vault.account_password(self->account_.name); password) {
        secret->password = std::make_shared<base::SecretBytes>(std::move(*password));
      } else {
        status = base::pass(password);
      }
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
            RecordKeeper::Events{[s = self.get()] { s->drain_held(); },
                                 [s = self.get()](const std::string& why) {
                                   s->end("recording stopped: " + why, "Recording stopped, so this session ends.");
                                 }});
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
        part_ready();
      });
}

void Session::part_ready() {
  if (--parts_missing_ != 0) return;
  record_start();
  if (phase_ != Phase::opening) return;  // the record failed
  gateway_.backs.spawn(std::move(target_socket_), [self = shared_from_this()](base::Result<SpawnedWorker> spawned) {
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
  start.set_protocol("ssh");
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
  back_ = std::make_unique<BackLink>(services_, thread_, std::move(spawned), *this, target_, ssh_version);
  handle_->add_worker(back_->pidfd());
  home_.add(front_->pid());
  home_.add(back_->pid());
  TargetLogin::Facts facts{
      id_, facts_.identity.user, account_, target_, services_.config.egress_address, grant_.permissions};
  login_ = std::make_unique<TargetLogin>(std::move(facts), std::move(secret_), services_.vault.user_ca(),
                                         services_.clock, services_.random);
  ipc::BackStart start;
  start.set_client_version(ssh_version);
  for (const std::string& name : host_key_algorithms(target_)) start.add_host_key_algorithms(name);
  const config::Ssh& ssh = services_.config.ssh;
  for (const std::string& name : ssh.kex) start.mutable_algorithms()->add_kex(name);
  for (const std::string& name : ssh.ciphers) start.mutable_algorithms()->add_ciphers(name);
  for (const std::string& name : ssh.macs) start.mutable_algorithms()->add_macs(name);
  offer_legacy(target_.legacy, *start.mutable_algorithms());
  start.set_rekey_bytes(ssh.rekey_bytes);
  start.set_rekey_seconds(ssh.rekey_seconds);
  start.set_bulk_hash(grant_.record.bulk_hash);
  start.set_keepalive_seconds(ssh.keepalive_seconds);
  back_->start(start);
}

void Session::back_host_refused(const base::Error& why) {
  services_.audit.write(
      {"target.host_key_refused", "sallyport", id_, {{"target", target_.name}, {"reason", why.message}}});
  refuse("The target '" + target_.name + "' did not prove its identity: " + why.message +
             "\nNo credential was used. Session " + id_ + ".",
         "host key refused");
}

void Session::back_login_wanted(ipc::LoginWanted& wanted) {
  if (phase_ != Phase::login || !user_counts()) return;
  ipc::BrokerToBack answer;
  if (auto step = login_->step(wanted, *back_->host(), *answer.mutable_login_step()); !step) {
    return refuse("The gateway could not log in to '" + target_.name + "'.", "login failed: " + step.message());
  }
  trial_->credential_used();
  back_->send(answer);
  std::string& request = *answer.mutable_login_step()->mutable_userauth_request();
  base::wipe(request.data(), request.size());
}

void Session::back_login_prompts(ipc::LoginPrompts& prompts) {
  if (phase_ != Phase::login || !user_counts()) return;
  ipc::BrokerToBack answer;
  login_->answer(prompts, *answer.mutable_login_answers());
  back_->send(answer);
  for (std::string& one : *answer.mutable_login_answers()->mutable_answers()) base::wipe(one.data(), one.size());
}

void Session::back_login_done(ipc::LoginDone& done) {
  if (phase_ != Phase::login) return;
  login_->forget();
  if (done.ok()) trial_->worked();
  if (!done.ok()) trial_->failed(services_.clock.monotonic_us());
  trial_.reset();
  event::Event event;
  event::Login& login = *event.mutable_login();
  login.set_method(policy::to_string(account_.login));
  login.set_login_name(account_.login_name);
  login.set_host_key(back_->host()->fingerprint);
  login.set_address(target_.address());
  login.set_secret_crossed(login_->secret_crossed());
  login.set_target_software(done.target_software());
  for (const std::string& name : back_->host()->legacy) login.add_legacy(name);
  login.set_banner(done.banner());
  if (!record_own(event)) return;
  audit::Event noted{done.ok() ? "target.login" : "target.login_failed",
                     "sallyport",
                     id_,
                     {{"target", target_.name},
                      {"account", account_.name},
                      {"method", policy::to_string(account_.login)},
                      {"host_key", back_->host()->fingerprint}}};
  if (!back_->host()->legacy.empty()) noted.fields.push_back({"legacy", listed(back_->host()->legacy)});
  services_.audit.write(std::move(noted));
  if (!done.ok()) {
    const std::string said = done.banner().empty() ? "" : "\nThe target says:\n" + done.banner();
    return refuse("The target '" + target_.name + "' did not accept the account '" + account_.name +
                      "'. Tell an administrator; session " + id_ + "." + said,
                  "target refused the login");
  }
  if (!user_counts()) return;
  go_live(done.banner());
}

void Session::go_live(const std::string& banner) {
  deadline_.cancel();
  login_.reset();
  phase_ = Phase::live;
  back_->set_live();
  handle_->went_live();
  ipc::BrokerToFront message;
  const config::TargetBanner shown = services_.config.ssh.target_banner;
  if (shown != config::TargetBanner::record) message.mutable_target_ready()->set_banner(banner);
  message.mutable_target_ready()->set_on_terminals_only(shown == config::TargetBanner::terminals);
  front_->send(message);
  start_limits();
  drain_held();
}

// No session: the user hears why, and whatever had begun is undone.
void Session::refuse(const std::string& user_text, const std::string& reason) {
  if (front_ != nullptr && phase_ < Phase::live) {
    ipc::BrokerToFront message;
    message.mutable_refused()->set_text("Sallyport: " + user_text);
    message.mutable_refused()->set_exit_status(255);
    front_->send(message);
  }
  end(reason, "");
}

}  // namespace sallyport::broker
