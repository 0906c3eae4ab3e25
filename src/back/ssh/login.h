// SPDX-License-Identifier: Apache-2.0
// The client's side of the service and authentication layer towards a target (RFC 4252, RFC 4256): sends what the
// broker built and signed, tells it what the target answered. Untrusted side. It never sees a key; a password only
// where the protocol forces one through, and wipes it at once.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/ssh/transport.h"
#include "leg/broker_port.h"

namespace sallyport::ipc {
class LoginAnswers;
class LoginStep;
}  // namespace sallyport::ipc

namespace sallyport::back::ssh {

class Login {
 public:
  enum class Outcome { going_on, succeeded, failed };

  /// Both must outlive it.
  Login(codec::ssh::Transport& transport, leg::BrokerPort& port) : transport_(transport), port_(port) {}

  /// After the first key exchange.
  base::Status start();
  /// A payload of the service or authentication layer. Errors: the target's breach.
  base::Result<Outcome> peer_message(base::ByteView payload);
  /// The broker's next step, wiped once it was sent. Errors: nobody asked for it.
  base::Result<Outcome> step(ipc::LoginStep& step);
  base::Result<Outcome> answers(ipc::LoginAnswers& answers);

  /// What the target showed before login: printable lines, bounded.
  const std::string& banner() const { return banner_; }

 private:
  enum class Stage { begin, service, broker_steps, target_answers, broker_answers };
  enum class Method { other, password, publickey, interactive };

  void add_banner(std::string_view text);
  base::Result<Outcome> failure(base::ByteView payload);
  base::Result<Outcome> number_60(base::ByteView payload);
  base::Result<Outcome> prompts(base::ByteView payload);
  void want_step(const std::vector<std::string_view>& methods);

  codec::ssh::Transport& transport_;
  leg::BrokerPort& port_;
  Stage stage_ = Stage::begin;
  Method method_ = Method::other;
  std::string banner_;
};

}  // namespace sallyport::back::ssh
