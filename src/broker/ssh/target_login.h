// SPDX-License-Identifier: Apache-2.0
// Logging in to a target: one deed for exactly this login. Trusted side, on a session loop. Keys stay here; a stored
// password goes to the back alone, for the one step that needs it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "broker/session/account_secret.h"
#include "broker/ssh/host_check.h"
#include "keys/private_key.h"
#include "policy/resource.h"

namespace sallyport::ipc {
class LoginAnswers;
class LoginPrompts;
class LoginStep;
class LoginWanted;
}  // namespace sallyport::ipc

namespace sallyport::broker {

class TargetLogin {
 public:
  struct Facts {
    std::string session;  ///< id
    std::string user;     ///< of Sallyport
    policy::Account account;
    policy::Target target;
    std::optional<std::string> egress_address;  ///< restricts the certificate, if known
    policy::Permissions permissions;            ///< of the grant: a certificate is good for no forwarding beyond them
  };

  TargetLogin(Facts facts, AccountSecret secret, const keys::PrivateKey& user_ca, const base::Clock& clock,
              base::Random& random);

  /// Answers LoginWanted: the next step, or give_up. Errors: internal.
  base::Status step(const ipc::LoginWanted& wanted, const ProvenHost& host, ipc::LoginStep& out);
  /// Answers keyboard-interactive prompts: one hidden prompt gets the password, anything else ends it.
  void answer(const ipc::LoginPrompts& prompts, ipc::LoginAnswers& out);

  bool secret_crossed() const { return secret_crossed_; }
  /// The secrets are not needed any more.
  void forget();

  /// What sshd(8) shall permit to the bearer of a certificate (PROTOCOL.certkeys, "extensions").
  static std::vector<const char*> certificate_extensions(const policy::Permissions& granted);

 private:
  base::Result<base::Bytes> certificate_request(const ProvenHost& host, bool hostbound);
  bool may_use_ssh_rsa() const;
  base::Result<base::Bytes> key_request(const ipc::LoginWanted& wanted, const ProvenHost& host);
  base::Result<base::Bytes> signed_request(std::string_view algorithm, base::ByteView blob, const keys::PrivateKey& key,
                                           const ProvenHost& host, bool hostbound) const;

  Facts facts_;
  AccountSecret secret_;
  const keys::PrivateKey& user_ca_;
  const base::Clock& clock_;
  base::Random& random_;
  unsigned attempts_ = 0;
  bool prompts_allowed_ = false;
  bool secret_crossed_ = false;
  bool tried_ssh_rsa_ = false;
};

}  // namespace sallyport::broker
