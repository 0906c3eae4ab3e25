// SPDX-License-Identifier: Apache-2.0
// What proves a user beside a key or a password. Trusted side; every call blocks on the store. A factor keeps no
// answer, and must never be asked on a session loop.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace sallyport::identity {

/// What an answer to a factor's question came to.
struct FactorAnswer {
  enum class Verdict {
    right,
    wrong,         ///< counted
    used,          ///< it was right once; not counted, because nobody guesses it
    too_soon,      ///< not looked at: too many were wrong
    not_enrolled,  ///< the user has no such factor
  };
  Verdict verdict = Verdict::wrong;
  std::string by = {};       ///< of right: what proved it, for the audit log
  base::Micros wait_us = 0;  ///< no further answer is looked at for so long
};

class Factor {
 public:
  virtual ~Factor() = default;
  /// Judges an answer of a known user. A right one counts once: it is noted durably before this returns, and so is a
  /// wrong one. Errors: the store's and the vault's; then nothing was judged.
  virtual base::Result<FactorAnswer> judge(std::string_view user, base::ByteView answer) = 0;
};

}  // namespace sallyport::identity
