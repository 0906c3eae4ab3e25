// SPDX-License-Identifier: Apache-2.0
// Jumps through a connection: each gets an inner leg, which is a connection of its own with the identity of the outer
// one.
#include <sys/socket.h>

#include "broker/ssh/connection.h"
#include "ipc/message_kind.h"
#include "ipc/ssh_front.pb.h"

namespace sallyport::broker {

void Connection::front_jump_open(ipc::JumpOpen& request) {
  auto jump = std::make_shared<Jump>();
  jump->number = request.number();
  jump->host = request.host();
  std::string why = why_no_jump(request.host(), jump->target);
  if (why.empty()) {
    // Its front is a stranger's until it is authenticated.
    jump->ticket = gateway_.strangers.enter(Admission::source_of(origin_.source_host));
    if (!jump->ticket) why = "too many connections are not logged in yet; try again";
  }
  if (why.empty()) return open_jump(std::move(jump));
  ipc::BrokerToFront message;
  message.mutable_jump_reply()->set_number(request.number());
  message.mutable_jump_reply()->set_ok(false);
  message.mutable_jump_reply()->set_reason("Sallyport: " + why);
  front_->send(message);
}

// Empty, and the target's name, when the user may try.
std::string Connection::why_no_jump(const std::string& host, std::string& target) {
  if (session_ || origin_.inherited) return "this connection has a target already";
  if (!place_) return turned_away_;
  if (std::string why = barred(); !why.empty()) {
    services_.user_audit.write(
        {"jump.denied", identity_->user, "", {{"host", host}, {"source", origin_.source}, {"reason", why}}});
    return why;
  }
  if (static_cast<unsigned>(jumps_.use_count()) > ipc::kMaxJumps) return "too many jumps through one connection";
  auto parsed = policy::parse_jump_target(host, services_.config.ssh.jump_suffix);
  const auto state = services_.policy.current();
  if (!parsed ||
      !policy::reaches(state->resources, identity_->user, *parsed, services_.clock.now_us(), origin_.source_host)) {
    services_.user_audit.write({"jump.denied",
                                identity_->user,
                                "",
                                {{"host", host}, {"source", origin_.source}, {"reason", "not reachable by policy"}}});
    return "no such target, or no policy lets you reach it";
  }
  target = std::move(*parsed);
  return {};
}

void Connection::open_jump(std::shared_ptr<Jump> jump) {
  jump->counted = jumps_;
  services_.store_thread.post([self = shared_from_this(), jump = std::move(jump)] {
    auto made = std::make_shared<base::Result<std::shared_ptr<const HostIdentity>>>(HostIdentity::of_jump_target(
        self->services_.vault, jump->target, jump->host, self->services_.clock, self->services_.random));
    self->thread_.loop().post([self, jump, made] {
      if (self->over_ || self->front_gone_) return;
      self->jump_ready(*jump, *made ? **made : nullptr);
    });
  });
}

void Connection::jump_ready(Jump& jump, std::shared_ptr<const HostIdentity> identity) {
  ipc::BrokerToFront message;
  ipc::JumpReply& reply = *message.mutable_jump_reply();
  reply.set_number(jump.number);
  int ends[2];
  if (!identity || !barred().empty() ||
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
    reply.set_reason("Sallyport: the gateway cannot open this now");
    front_->send(message);
    jump.ticket.reset();
    jump.counted.reset();
    return look_again();  // it may have been the last that kept an old login
  }
  base::Fd ours(ends[0]), theirs(ends[1]);
  reply.set_ok(true);
  const int fd = theirs.get();
  front_->send(message, {&fd, 1});
  Origin origin;
  origin.source = origin_.source;
  origin.source_host = origin_.source_host;
  origin.ticket = std::move(jump.ticket);
  origin.inherited = identity_;
  origin.jump_target = jump.target;
  origin.jump = std::move(jump.counted);
  origin.outer = weak_from_this();
  origin.identity = std::move(identity);
  pin_to(thread_, std::make_unique<Connection>(entrance_, thread_, std::move(ours), std::move(origin)))->start();
}

void Connection::refuse_inherited() {
  services_.preauth_audit.write(Admission::source_of(origin_.source_host),
                                {"auth.failure",
                                 origin_.inherited->user,
                                 "",
                                 {{"method", "jump"},
                                  {"source", origin_.source},
                                  {"reason", "the login of the outer connection does not count any more"}}});
  ipc::AuthReply reply;
  reply.mutable_failure();
  reply.set_disconnect(true);
  answer_auth(reply, std::nullopt);
}

}  // namespace sallyport::broker
