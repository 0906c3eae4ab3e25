// SPDX-License-Identifier: Apache-2.0
// Judges users' one-time codes, away from the session loops. Trusted side. Only for users who have proved a key or a
// password: its answers tell who is enrolled.
#pragma once

#include <functional>
#include <string>

#include "base/bytes.h"
#include "broker/intake/guess_queue.h"
#include "identity/factor.h"
#include "net/executor.h"

namespace sallyport::broker {

class CodeJudge {
 public:
  struct Judged {
    enum class Verdict {
      right,
      wrong,
      used,        ///< it was right once
      too_soon,    ///< not looked at: too many of the user's codes were wrong
      not_judged,  ///< too many wait, or the store does not answer
    };
    Verdict verdict = Verdict::not_judged;
    std::string by = {};       ///< of right: "totp" or "recovery-code"
    base::Micros wait_us = 0;  ///< no further code is looked at for so long
  };
  struct Question {
    std::string source;   ///< whose guess it is, as Admission::source_of() names it
    std::string user;     ///< has proved a key or a password
    base::ByteView code;  ///< copied at once
    std::function<bool()> wanted;
    std::function<void(const Judged&)> done;
  };

  virtual ~CodeJudge() = default;
  /// done() is called once, on any thread, unless wanted() says no when the question's turn comes. Both may be called
  /// after the judge has gone.
  virtual void judge(Question question) = 0;
};

/// What the user is told of a code that did not do; empty for one that did.
std::string words_for(const CodeJudge::Judged& judged);
/// The same for the audit log.
const char* reason_of(CodeJudge::Judged::Verdict verdict);

/// By a factor whose codes are in the store. Wrong ones count against the source, as wrong passwords do.
class StoredCodes final : public CodeJudge {
 public:
  /// All of it outlives every question.
  StoredCodes(identity::Factor& factor, net::Executor& store_thread, GuessQueue& guesses)
      : factor_(factor), store_thread_(store_thread), guesses_(guesses) {}

  void judge(Question question) override;

 private:
  identity::Factor& factor_;
  net::Executor& store_thread_;
  GuessQueue& guesses_;
};

}  // namespace sallyport::broker
