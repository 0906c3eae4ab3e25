// SPDX-License-Identifier: Apache-2.0
// Why a session's gate is shut. Three facts stand for themselves: somebody wants it shut, its user owes a proof, and a
// supervisor is missing; it is open only when none holds. Trusted side, pure; its owner guards it against other
// threads.
#pragma once

#include <cstdint>
#include <optional>

#include "broker/session/control_act.h"

namespace sallyport::broker {

class GateLocks {
 public:
  /// An act was asked for, on any thread: one that shuts is in force from here on. Others do nothing yet.
  void ask(ControlAction action);
  /// The session's loop carries the act out, in the order in which all were asked for. A terminate never is.
  void carry_out(ControlAction action, base::Micros now_us);
  /// The user has authenticated again, at proved_us. Errors, and nothing changes: invalid, when no proof is waited
  /// for; denied, when the proof is not newer than the wish for it.
  base::Status take_proof(base::Micros proved_us);

  /// A supervisor whom the policies demand is missing, or there again. No other act undoes it.
  void set_unsupervised(bool missing) { unsupervised_ = missing; }

  bool open() const { return !wanted_shut() && !proof_owed() && !unsupervised_ && !terminated_; }
  bool wanted_shut() const { return wanted_shut_ || shuts_under_way_ != 0; }
  bool proof_owed() const { return proof_owed_ || suspends_under_way_ != 0; }
  bool unsupervised() const { return unsupervised_; }
  bool terminated() const { return terminated_; }
  /// The user may pay the debt now, and since when: since a resume that came after the suspend.
  std::optional<base::Micros> proof_wanted_since() const { return proof_wanted_since_; }

 private:
  bool wanted_shut_ = false;
  bool proof_owed_ = false;
  bool unsupervised_ = false;
  bool terminated_ = false;
  std::optional<base::Micros> proof_wanted_since_;
  std::uint64_t shuts_under_way_ = 0;  ///< asked for, not carried out: whatever opens is older than they
  std::uint64_t suspends_under_way_ = 0;
};

}  // namespace sallyport::broker
