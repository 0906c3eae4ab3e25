// SPDX-License-Identifier: Apache-2.0
// The life of a connection.
#include "broker/ssh/connection.h"

#include <sys/socket.h>

#include <utility>

#include "base/escape.h"
#include "base/log.h"
#include "broker/access/login_validity.h"
#include "broker/access/own_commands.h"
#include "broker/ssh/legacy.h"
#include "ipc/message_kind.h"
#include "ipc/ssh_front.pb.h"
#include "net/socket.h"

namespace sallyport::broker {

namespace {
// For the words to reach the user.
constexpr std::int64_t kDismissedUs = 300'000;
// A refusal is shown when the client asks for something.
constexpr std::int64_t kTurnedAwayUs = 10 * std::int64_t{1'000'000};
}  // namespace

Connection::Connection(SshEntrance& entrance, SessionThread& thread, base::Fd socket, Origin origin)
    : entrance_(entrance),
      gateway_(entrance.gateway),
      services_(gateway_.services),
      thread_(thread),
      socket_(std::move(socket)),
      origin_(std::move(origin)),
      deadline_(thread.loop()) {}

Connection::~Connection() = default;

// The identification string is the same for everybody, so it is sent from here, and a connection that says nothing
// costs a descriptor and not a process.
void Connection::start() {
  self_ = shared_from_this();
  authenticator_ = std::make_unique<Authenticator>(
      Authenticator::Wiring{services_.config.limits, services_.clock, services_.policy, services_.preauth_audit,
                            services_.user_audit, *entrance_.passwords, *entrance_.codes, *entrance_.remembered,
                            *entrance_.invitations},
      thread_.loop(), origin_.source, origin_.source_host);
  deadline_.after_us(std::int64_t{services_.config.limits.preauth_seconds} * 1'000'000,
                     [this] { give_up("not authenticated in time"); });
  const std::string line = services_.config.ssh.identification + "\r\n";
  if (::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT) !=
      static_cast<ssize_t>(line.size())) {
    return over();
  }
  first_byte_ = std::make_unique<net::Watch>(thread_.loop(), socket_.get());
  first_byte_->on_readable([this] {
    first_byte_->enable_read(false);
    thread_.loop().post([self = shared_from_this()] { self->on_first_byte(); });
  });
  first_byte_->enable_read(true);
}

void Connection::on_first_byte() {
  if (over_) return;
  first_byte_.reset();
  char byte = 0;
  if (::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 1) return over();
  spawn_front();
}

void Connection::spawn_front() {
  entrance_.spawn_front(std::move(socket_), [self = shared_from_this()](base::Result<SpawnedWorker> spawned) {
    auto holder = std::make_shared<base::Result<SpawnedWorker>>(std::move(spawned));
    self->thread_.loop().post([self, holder] {
      if (self->over_) return;
      if (!*holder) {
        base::log_warning("no front for " + self->origin_.source + ": " + holder->message());
        return self->over();
      }
      self->start_front(std::move(**holder));
    });
  });
}

void Connection::start_front(SpawnedWorker spawned) {
  const config::Ssh& ssh = services_.config.ssh;
  front_ = std::make_unique<FrontLink>(services_.clock, thread_, std::move(spawned), *this,
                                       FrontLink::Terms{origin_.identity, ssh.identification, ssh.legacy_clients});
  ipc::FrontStart start;
  start.set_server_version(ssh.identification);
  start.set_version_sent(true);
  for (const std::string& name : origin_.identity->algorithms()) start.add_host_key_algorithms(name);
  for (const std::string& name : ssh.kex) start.mutable_algorithms()->add_kex(name);
  for (const std::string& name : ssh.ciphers) start.mutable_algorithms()->add_ciphers(name);
  for (const std::string& name : ssh.macs) start.mutable_algorithms()->add_macs(name);
  offer_legacy(ssh.legacy_clients, *start.mutable_algorithms());
  start.set_inherited_identity(origin_.inherited.has_value());
  start.set_rekey_bytes(ssh.rekey_bytes);
  start.set_rekey_seconds(ssh.rekey_seconds);
  start.set_max_channels(services_.config.limits.max_channels);
  start.set_keepalive_seconds(ssh.client_keepalive_seconds);
  start.set_keepalive_unanswered(ssh.client_keepalive_unanswered);
  front_->start(start);
}

void Connection::front_auth_request(ipc::AuthRequest& request) {
  if (origin_.inherited) {
    // The outer leg proved who it is; the inner user name is the account. (ssh -J)
    if (!check_login(*services_.policy.current(), *origin_.inherited, services_.clock.now_us())) {
      return refuse_inherited();
    }
    Identity identity = *origin_.inherited;
    identity.destination = policy::Destination{request.user(), origin_.jump_target, 0};
    if (!needs_code(identity)) {
      ipc::AuthReply reply;
      reply.mutable_success();
      return answer_auth(reply, std::move(identity));
    }
    authenticator_->inherit(identity, request.user());
  }
  const bool taken = authenticator_->request(request, front_->session_id(), front_->host_key(),
                                             [this](const ipc::AuthReply& reply, std::optional<Identity> identity) {
                                               answer_auth(reply, std::move(identity));
                                             });
  if (request.has_password()) {
    std::string& password = *request.mutable_password()->mutable_password();
    base::wipe(password.data(), password.size());
  }
  if (!taken) front_->kill("an authentication request out of turn or after the last try");
}

void Connection::front_auth_answers(ipc::AuthAnswers& answers) {
  const bool taken =
      authenticator_->answers(answers, [this](const ipc::AuthReply& reply, std::optional<Identity> identity) {
        answer_auth(reply, std::move(identity));
      });
  for (std::string& one : *answers.mutable_answers()) base::wipe(one.data(), one.size());
  if (!taken) front_->kill("answers to no question, or after the last try");
}

void Connection::answer_auth(const ipc::AuthReply& reply, std::optional<Identity> identity) {
  if (front_gone_) return;
  ipc::BrokerToFront message;
  *message.mutable_auth_reply() = reply;
  // With the first answer: a client that gets it earlier gives up. The outer leg of a jump has shown it.
  if (!origin_.inherited && !std::exchange(banner_sent_, true)) {
    message.mutable_auth_reply()->set_banner(services_.config.ssh.banner);
  }
  front_->send(message);
  if (identity) return authenticated(std::move(*identity));
  // A stranger's time is over; a user may have to look for the device, and to wait for its next code.
  if (authenticator_->awaits_code() && !std::exchange(code_awaited_, true)) {
    deadline_.after_us(std::int64_t{services_.config.auth.factor_seconds} * 1'000'000,
                       [this] { give_up("no one-time code in time"); });
  }
}

void Connection::authenticated(Identity identity) {
  identity_ = std::move(identity);
  deadline_.cancel();
  front_->set_live();
  if (services_.policy.current()->is_service(identity_->user) && !identity_->destination) {
    return turn_away("'" + identity_->user + "' is a service account, which has no menu: name the target in the user " +
                         "name, as in " + identity_->user + "@ACCOUNT@TARGET.",
                     "a service account that names no target");
  }
  place_ = gateway_.users.enter(identity_->user);
  if (!place_) {
    return turn_away("you have " + std::to_string(services_.config.limits.connections_per_user) +
                         " connections, which is as many as one user may have: end some of them.",
                     "too many connections of this user");
  }
  descriptors_ = gateway_.descriptors.take(kConnectionDescriptors);
  if (!descriptors_) {
    place_.reset();
    return turn_away("this gateway has no room for another connection now: it may not open more files.",
                     "no room: the limit of open files");
  }
  origin_.ticket.reset();
  login_place_ = services_.logins.enter([weak = weak_from_this(), &loop = thread_.loop()] {
    loop.post([weak] {
      if (const auto self = weak.lock()) self->look_again();
    });
  });
  if (identity_->destination) {
    choose(*identity_->destination, origin_.inherited ? "jump" : "direct");
  } else {
    offer_menu();
    await_choice();
    look_again();  // now that a change finds this connection
  }
}

// The client hears why when it asks for something. Until it has gone it counts among those who are not logged in.
void Connection::turn_away(const std::string& text, const std::string& reason) {
  services_.user_audit.write(
      {"connection.refused", identity_->user, "", {{"source", origin_.source}, {"reason", reason}}});
  turned_away_ = text;
  front_->refuse("Sallyport: " + text);
  deadline_.after_us(kTurnedAwayUs, [this] { front_->kill(""); });
}

// A connection without a session counts among no sessions: it must not stay for ever, nor an old login be good for
// ever.
void Connection::await_choice() {
  deadline_.after_us(time_for_choice_us(*identity_, services_.config.limits, services_.clock.now_us()), [this] {
    choice_over_ = true;
    look_again();
  });
}

// Why this login opens nothing any more, for the user; empty when it does.
std::string Connection::barred() const {
  const auto good = check_login(*services_.policy.current(), *identity_, services_.clock.now_us());
  if (!good) return good.message();
  return choice_over_ ? "you logged in too long ago for this: log in anew" : "";
}

// The policy, the time or the number of jumps has changed. What leads to live sessions of the same user goes on as they
// do, and ends with the last of them.
void Connection::look_again() {
  if (over_ || !identity_ || !place_) return;
  if (session_) return session_->review();
  const std::string why = barred();
  if (why.empty()) return;
  const bool same = services_.policy.current()->is_same(identity_->user, identity_->incarnation);
  if (!same || jumps_.use_count() == 1) dismiss(why);
}

void Connection::dismiss(const std::string& why) {
  if (std::exchange(dismissed_, true)) return;
  services_.user_audit.write(
      {"connection.dropped", identity_->user, "", {{"source", origin_.source}, {"reason", why}}});
  front_->terminate("Sallyport: " + why + ".", Goodbye::brief);
  deadline_.after_us(kDismissedUs, [this] { front_->kill(""); });
}

void Connection::offer_menu() {
  const auto state = services_.policy.current();
  choices_ = policy::choices(state->resources, identity_->user, {}, services_.clock.now_us(), origin_.source_host);
  ipc::BrokerToFront message;
  ipc::Menu& menu = *message.mutable_menu();
  menu.set_greeting("Sallyport: " + identity_->user + ", choose where to go.");
  std::size_t bytes = 0;
  for (const policy::Choice& choice : choices_) {
    const policy::Target* target = state->resources.target(choice.target);
    auto* line = menu.add_choices();
    line->set_account(choice.account);
    line->set_target(choice.target);
    if (target != nullptr) line->set_description(base::cut_utf8(target->description, 80));
    bytes += line->ByteSizeLong() + 8;
    if (bytes > 56 * 1024) break;  // one message; who has more names the target
  }
  front_->send(message);
}

void Connection::front_menu_choice(ipc::MenuChoice& choice) {
  if (identity_->destination || session_ || !place_) return front_->kill("a choice that was not offered");
  if (choice.index() >= choices_.size()) return front_->kill("a choice that was not offered");
  if (const std::string why = barred(); !why.empty()) return dismiss(why);
  // The list is as old as the menu: the session decides by the policy of now.
  const policy::Choice& chosen = choices_[choice.index()];
  choose({chosen.account, chosen.target, 0}, "menu");
}

void Connection::choose(policy::Destination destination, const std::string& via) {
  Identity chosen = *identity_;
  chosen.destination = destination;
  SessionFacts facts{*identity_, std::move(destination),    origin_.source,  origin_.source_host,
                     via,        front_->client_software(), front_->legacy()};
  session_ = entrance_.make_session(thread_, *front_, *authenticator_, std::move(facts), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->over();
  });
  // Only a menu has waited since the login, and has a terminal.
  if (via == "menu" && needs_code(chosen)) return step_up();
  session_->open();
}

void Connection::front_event(base::ByteView event) {
  if (!session_) return front_->kill("event before a target was chosen");
  session_->front_event(event);
}

void Connection::front_credit(ipc::Credit& credit) {
  if (session_) session_->front_credit(credit);
}

void Connection::front_reauthenticate(ipc::Reauthenticate& answer) {
  std::string& text = *answer.mutable_password();
  const bool asked = step_up_ ? step_up_->answer(base::view(text)) : session_ != nullptr;
  if (asked && !step_up_) session_->front_reauthenticate(base::view(text));
  base::wipe(text.data(), text.size());
  if (!asked) front_->kill("answer to no question");
}

void Connection::front_drained() {
  if (session_) session_->front_drained();
}

// "resume ID": the user of a suspended session has authenticated again, here.
void Connection::front_service_command(ipc::ServiceCommand& command) {
  auto reply = [weak = weak_from_this(), number = command.number(), &loop = thread_.loop()](const std::string& text,
                                                                                            bool ok) {
    loop.post([weak, number, text, ok] {
      const auto self = weak.lock();
      if (!self || self->front_gone_) return;
      ipc::BrokerToFront message;
      message.mutable_service_reply()->set_number(number);
      message.mutable_service_reply()->set_text(text);
      message.mutable_service_reply()->set_exit_status(ok ? 0 : 1);
      self->front_->send(message);
    });
  };
  const auto parsed = policy::parse_own_command(command.command());
  if (session_ || !parsed) {
    return reply("Sallyport: " + (parsed ? std::string("this connection has a session") : parsed.message()) + ".",
                 false);
  }
  if (!place_) return reply("Sallyport: " + turned_away_, false);
  if (const std::string why = barred(); !why.empty()) return reply("Sallyport: " + why + ".", false);
  if (identity_->certificate) {
    const std::string why = forbids_command(identity_->certificate->certificate, command.command());
    if (!why.empty()) return reply("Sallyport: " + why + ".", false);
  }
  const auto* resume = std::get_if<policy::ResumeCommand>(&*parsed);
  if (resume == nullptr) {
    return run_own_command(services_, *identity_, origin_.source, origin_.source_host, *parsed, reply);
  }
  const auto session = services_.sessions.find(resume->session);
  if (!session || session->info().user != identity_->user) return reply("Sallyport: you have no such session.", false);
  ControlAct act{ControlAction::reauthenticated, identity_->user, identity_->method, identity_->proved_us,
                 identity_->incarnation};
  session->control(std::move(act), [reply](base::Status status) {
    reply(status ? "Sallyport: the session goes on." : "Sallyport: " + status.message(), status.has_value());
  });
}

void Connection::front_ended(const std::string& reason, const std::string& fault) {
  front_gone_ = true;
  step_up_.reset();
  if (!fault.empty() && !session_) {
    // Of no share: only a front that was taken over, or that is broken, gives cause for it.
    services_.audit.write(
        {"worker.fault", "sallyport", "", {{"worker", "front"}, {"fault", fault}, {"source", origin_.source}}});
  }
  if (session_) {
    session_->front_gone(reason, fault);
  } else {
    over();
  }
}

void Connection::give_up(const std::string& why) {
  services_.preauth_audit.write(Admission::source_of(origin_.source_host),
                                {"connection.dropped", "", "", {{"source", origin_.source}, {"reason", why}}});
  if (front_) {
    front_->kill("");
  } else {
    over();
  }
}

void Connection::over() {
  if (over_) return;
  over_ = true;
  deadline_.cancel();
  login_place_.reset();
  origin_.ticket.reset();
  origin_.jump.reset();
  if (const auto outer = origin_.outer.lock()) thread_.loop().post([outer] { outer->look_again(); });
  // Whoever called may stand on our own callbacks.
  thread_.loop().post([keep = std::exchange(self_, nullptr)] {
    if (keep) keep->session_.reset();
  });
}

}  // namespace sallyport::broker
