// SPDX-License-Identifier: Apache-2.0
// The server's side of the service and authentication layer (RFC 4253 §10, RFC 4252, RFC 4256): relays evidence to the
// broker and its answers to the client. Untrusted side. It must never judge, and keeps no evidence.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/transport.h"
#include "leg/broker_port.h"

namespace sallyport::codec::ssh {
struct UserauthRequest;
}
namespace sallyport::ipc {
class AuthReply;
class AuthRequest;
}  // namespace sallyport::ipc

namespace sallyport::front::ssh {

class Authentication {
 public:
  /// Both must outlive it.
  Authentication(codec::ssh::Transport& transport, leg::BrokerPort& port) : transport_(transport), port_(port) {}

  /// A payload of the service or authentication layer. Errors: the client's breach.
  base::Status peer_message(base::ByteView payload);

  enum class Outcome { going_on, succeeded, ended };
  /// What the broker says to the request (or answers) that it was sent. Errors: it was sent none.
  base::Result<Outcome> broker_reply(const ipc::AuthReply& reply);

  /// A request is with the broker: take no other from the client.
  bool waiting() const { return stage_ == Stage::judged; }

 private:
  enum class Stage { service, requests, judged, prompted };

  base::Status service(base::ByteView payload);
  base::Status request(base::ByteView payload);
  base::Status answers(base::ByteView payload);
  base::Status fill(const codec::ssh::UserauthRequest& request, ipc::AuthRequest& out);

  codec::ssh::Transport& transport_;
  leg::BrokerPort& port_;
  Stage stage_ = Stage::service;
};

}  // namespace sallyport::front::ssh
