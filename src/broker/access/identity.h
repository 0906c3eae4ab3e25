// SPDX-License-Identifier: Apache-2.0
// A user who has proved who it is, and the checks of a password and a one-time code for a session that waits for such a
// proof. Trusted side.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "broker/access/certificate_login.h"
#include "policy/address.h"
#include "policy/requirements.h"
#include "store/rows.h"

namespace sallyport::broker {

/// A second factor that the user proved, and when, on the monotonic clock.
struct ProvedFactor {
  policy::Factor factor = policy::Factor::totp;
  policy::FactorProof::Kind kind = policy::FactorProof::Kind::by_this_login;
  base::Micros proved_us = 0;
};

struct Identity {
  std::string user;
  std::string method;  ///< "publickey SHA256:…", "certificate SHA256:…", "password", "keyboard-interactive"
  std::optional<policy::Destination> destination;
  base::Micros proved_us = 0;           ///< when, on the monotonic clock
  store::Incarnation incarnation = {};  ///< of the user, as it was then; compared wherever the identity is used
  std::vector<ProvedFactor> factors = {};
  std::shared_ptr<const CertificateLogin> certificate = {};  ///< null: none
};

class PasswordCheck {
 public:
  enum class Verdict {
    right,
    code_wanted,  ///< the password was right, and the user is enrolled for one-time codes
    wrong,
    not_judged,
  };
  struct Judged {
    Verdict verdict = Verdict::wrong;
    store::Incarnation incarnation = {};  ///< of a right password: the user's, as it stood together with it
    std::string text = {};                ///< of a code that did not do: why, for the user
  };

  virtual ~PasswordCheck() = default;
  /// Checks a password of a known user again. done() on the loop; not_judged: too many wait.
  virtual void check_again(const std::string& user, base::ByteView password,
                           std::function<void(const Judged&)> done) = 0;
  /// Checks a one-time code of a user whose password was right. done() on the loop; not_judged: too many wait.
  virtual void check_code(const std::string& user, base::ByteView code, std::function<void(const Judged&)> done) = 0;
};

}  // namespace sallyport::broker
