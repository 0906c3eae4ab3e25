// SPDX-License-Identifier: Apache-2.0
// Proves again who a user is: the password, and then the code of whoever is enrolled. For a session that was suspended.
// Trusted side, on a session loop; slow work goes to other threads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "broker/access/code_judge.h"
#include "broker/access/identity.h"
#include "broker/access/password_judge.h"
#include "broker/access/policy_state.h"
#include "net/loop.h"

namespace sallyport::broker {

class ProofAgain final : public PasswordCheck {
 public:
  /// All of it outlives the proofs. source_share: whose guesses they are, as Admission::source_of() names it.
  ProofAgain(const PolicySource& policy, PasswordJudge& passwords, CodeJudge& codes, net::Loop& loop,
             std::string source_share);
  ~ProofAgain() override;

  // done() on the loop, not after destruction.
  void check_again(const std::string& user, base::ByteView password, std::function<void(const Judged&)> done) override;
  void check_code(const std::string& user, base::ByteView code, std::function<void(const Judged&)> done) override;

 private:
  const PolicySource& policy_;
  PasswordJudge& passwords_;
  CodeJudge& codes_;
  net::Loop& loop_;
  const std::string source_share_;
  std::shared_ptr<std::atomic<bool>> alive_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace sallyport::broker
