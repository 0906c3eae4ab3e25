// SPDX-License-Identifier: Apache-2.0
// The life of a connection.
#include "broker/connection.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/escape.h"
#include "base/log.h"
#include "broker/legacy.h"
#include "ipc/front.pb.h"
#include "ipc/message_kind.h"
#include "net/socket.h"

namespace sallyport::broker {

namespace {
// For a choice from the menu, a jump, or a command to the gateway itself.
constexpr std::int64_t choice_us = 15 * 60 * std::int64_t{1'000'000};
// A refusal is shown when the client asks for something.
constexpr std::int64_t turned_away_us = 10 * std::int64_t{1'000'000};
}  // namespace

Connection::Connection(Gateway& gateway, SessionThread& thread, base::Fd socket, Origin origin)
    : gateway_(gateway),
      services_(gateway.services),
      thread_(thread),
      socket_(std::move(socket)),
      origin_(std::move(origin)),
      deadline_(thread.loop()) {}

Connection::~Connection() = default;

// The identification string is the same for everybody, so it is sent from here, and a connection that says nothing
// costs a descriptor and not a process.
void Connection::start() {
  self_ = shared_from_this();
  authenticator_ = std::make_unique<Authenticator>(services_, thread_.loop(), origin_.source, origin_.source_host);
  deadline_.after_us(std::int64_t{services_.config.limits.preauth_seconds} * 1'000'000,
                     [this] { give_up("not authenticated in time"); });
  const std::string line = std::string(ssh_version) + "\r\n";
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
  gateway_.fronts.spawn(std::move(socket_), [self = shared_from_this()](base::Result<SpawnedWorker> spawned) {
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
  const auto identity = origin_.identity ? origin_.identity : gateway_.identity;
  front_ = std::make_unique<FrontLink>(services_, thread_, std::move(spawned), *this, identity, ssh_version);
  ipc::FrontStart start;
  start.set_server_version(ssh_version);
  start.set_version_sent(true);
  for (const std::string& name : identity->algorithms()) start.add_host_key_algorithms(name);
  const config::Ssh& ssh = services_.config.ssh;
  for (const std::string& name : ssh.kex) start.mutable_algorithms()->add_kex(name);
  for (const std::string& name : ssh.ciphers) start.mutable_algorithms()->add_ciphers(name);
  for (const std::string& name : ssh.macs) start.mutable_algorithms()->add_macs(name);
  offer_legacy(ssh.legacy_clients, *start.mutable_algorithms());
  start.set_inherited_identity(origin_.inherited.has_value());
  start.set_rekey_bytes(ssh.rekey_bytes);
  start.set_rekey_seconds(ssh.rekey_seconds);
  start.set_max_channels(services_.config.limits.max_channels);
  front_->start(start);
}

void Connection::front_auth_request(ipc::AuthRequest& request) {
  if (origin_.inherited) {
    // The outer leg proved who it is; the inner user name is the account. (ssh -J)
    Identity identity = *origin_.inherited;
    identity.destination = policy::Destination{request.user(), origin_.jump_target, 0};
    ipc::AuthReply reply;
    reply.mutable_success();
    return answer_auth(reply, std::move(identity));
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
  front_->send(message);
  if (identity) authenticated(std::move(*identity));
}

void Connection::authenticated(Identity identity) {
  identity_ = std::move(identity);
  deadline_.cancel();
  front_->set_live();
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
  if (identity_->destination) {
    choose(*identity_->destination, origin_.inherited ? "jump" : "direct");
  } else {
    offer_menu();
    await_choice();
  }
}

// The client hears why when it asks for something. Until it has gone it counts among those who are not logged in.
void Connection::turn_away(const std::string& text, const std::string& reason) {
  services_.user_audit.write(
      {"connection.refused", identity_->user, "", {{"source", origin_.source}, {"reason", reason}}});
  ipc::BrokerToFront message;
  message.mutable_refused()->set_text("Sallyport: " + text);
  message.mutable_refused()->set_exit_status(255);
  front_->send(message);
  deadline_.after_us(turned_away_us, [this] { front_->kill(""); });
}

// A connection without a session counts among no sessions: it must not stay for ever.
void Connection::await_choice() {
  deadline_.after_us(choice_us, [this] {
    if (session_) return;
    if (jumps_.use_count() > 1) return await_choice();
    give_up("nothing was chosen in time");
  });
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
  const policy::Choice& chosen = choices_[choice.index()];
  choose({chosen.account, chosen.target, 0}, "menu");
}

void Connection::choose(policy::Destination destination, const std::string& via) {
  Session::Facts facts{*identity_, std::move(destination),    origin_.source,  origin_.source_host,
                       via,        front_->client_software(), front_->legacy()};
  session_ = pin_to(thread_, std::make_unique<Session>(gateway_, thread_, *front_, *authenticator_, std::move(facts),
                                                       [weak = weak_from_this()] {
                                                         if (const auto self = weak.lock()) self->over();
                                                       }));
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
  if (!session_) return front_->kill("answer to no question");
  session_->front_reauthenticate(answer);
  std::string& password = *answer.mutable_password();
  base::wipe(password.data(), password.size());
}

void Connection::front_drained() {
  if (session_) session_->front_drained();
}

void Connection::front_jump_open(ipc::JumpOpen& request) {
  const auto refuse = [&](const std::string& why) {
    ipc::BrokerToFront message;
    message.mutable_jump_reply()->set_number(request.number());
    message.mutable_jump_reply()->set_ok(false);
    message.mutable_jump_reply()->set_reason(why);
    front_->send(message);
  };
  if (session_ || origin_.inherited) return refuse("Sallyport: this connection has a target already");
  if (!place_) return refuse("Sallyport: you have too many connections");
  if (static_cast<unsigned>(jumps_.use_count()) > ipc::max_jumps)
    return refuse("Sallyport: too many jumps through one connection");
  auto target = policy::parse_jump_target(request.host());
  const bool reachable =
      target && std::any_of(choices_.begin(), choices_.end(), [&](const auto& c) { return c.target == *target; });
  if (!reachable) {
    services_.user_audit.write(
        {"jump.denied", identity_->user, "", {{"host", request.host()}, {"source", origin_.source}}});
    return refuse("Sallyport: no such target, or no policy lets you reach it");
  }
  open_jump(request.number(), *target, request.host());
}

// The jump counts from here on, not only when its leg is there.
void Connection::open_jump(std::uint32_t number, const std::string& target, const std::string& host) {
  services_.store_thread.post([self = shared_from_this(), number, target, host, place = jumps_] {
    auto made = std::make_shared<base::Result<std::shared_ptr<const HostIdentity>>>(HostIdentity::of_jump_target(
        self->services_.vault, target, host, self->services_.clock, self->services_.random));
    self->thread_.loop().post([self, number, target, made, place] {
      if (self->over_ || self->front_gone_) return;
      self->jump_ready(number, target, *made ? **made : nullptr);
    });
  });
}

void Connection::jump_ready(std::uint32_t number, const std::string& target,
                            std::shared_ptr<const HostIdentity> identity) {
  ipc::BrokerToFront message;
  ipc::JumpReply& reply = *message.mutable_jump_reply();
  reply.set_number(number);
  int ends[2];
  if (!identity || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
    reply.set_reason("Sallyport: the gateway cannot open this now");
    return front_->send(message);
  }
  base::Fd ours(ends[0]), theirs(ends[1]);
  reply.set_ok(true);
  const int fd = theirs.get();
  front_->send(message, {&fd, 1});
  Origin origin;
  origin.source = origin_.source;
  origin.source_host = origin_.source_host;
  origin.inherited = identity_;
  origin.jump_target = target;
  origin.jump = jumps_;
  origin.identity = std::move(identity);
  pin_to(thread_, std::make_unique<Connection>(gateway_, thread_, std::move(ours), std::move(origin)))->start();
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
  const std::string& words = command.command();
  if (session_ || words.rfind("resume ", 0) != 0) {
    return reply("Sallyport: name a target (ssh USER@ACCOUNT@TARGET@gateway), or 'resume SESSION'.", false);
  }
  const auto session = services_.sessions.find(words.substr(7));
  if (!session || session->info().user != identity_->user) return reply("Sallyport: you have no such session.", false);
  if (!services_.policy.current()->may_log_in(identity_->user)) return reply("Sallyport: you may not log in.", false);
  ControlAct act{ControlAction::reauthenticated, identity_->user, identity_->method, identity_->proved_us};
  session->control(std::move(act), [reply](base::Status status) {
    reply(status ? "Sallyport: the session goes on." : "Sallyport: " + status.message(), status.has_value());
  });
}

void Connection::front_ended(const std::string& reason, const std::string& fault) {
  front_gone_ = true;
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
  // Whoever called may stand on our own callbacks.
  thread_.loop().post([keep = std::exchange(self_, nullptr)] {
    if (keep) keep->session_.reset();
  });
}

}  // namespace sallyport::broker
