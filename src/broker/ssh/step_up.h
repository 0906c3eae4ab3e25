// SPDX-License-Identifier: Apache-2.0
// Asks a user who is logged in for a one-time code, on the terminal, because what the user chose demands one that is
// younger than the login's. Trusted side, on a session loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "broker/access/code_judge.h"
#include "broker/node/user_audit.h"
#include "broker/session/front_side.h"
#include "net/loop.h"

namespace sallyport::broker {

class StepUp {
 public:
  struct Asker {
    std::string user;
    std::string source;        ///< "address:port"
    std::string source_share;  ///< as Admission::source_of() names it
    unsigned tries = 1;
  };
  enum class Outcome { proved, failed };

  /// All of these outlive it. done is called once, on the loop, and may destroy it.
  StepUp(CodeJudge& codes, UserAudit& audit, FrontSide& front, net::Loop& loop, Asker asker,
         std::function<void(Outcome)> done);
  ~StepUp();
  StepUp(const StepUp&) = delete;
  StepUp& operator=(const StepUp&) = delete;

  void ask();
  /// The user's answer. False: nothing was asked.
  bool answer(base::ByteView code);

 private:
  void judged(const CodeJudge::Judged& judged);

  CodeJudge& codes_;
  UserAudit& audit_;
  FrontSide& front_;
  net::Loop& loop_;
  const Asker asker_;
  const std::function<void(Outcome)> done_;
  unsigned failures_ = 0;
  bool asked_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // looked at on the loop alone
};

}  // namespace sallyport::broker
