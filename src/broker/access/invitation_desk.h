// SPDX-License-Identifier: Apache-2.0
// Judges the codes of invitations, away from the session loops, and binds an invitation to whoever takes it up. Trusted
// side. Whoever asks is a stranger: wrong codes count against the source, as wrong passwords do.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "broker/access/invitations.h"
#include "store/rows.h"

namespace sallyport::broker {

class InvitationDesk {
 public:
  struct Judged {
    enum class Verdict { right, wrong, not_judged } verdict = Verdict::not_judged;
    // Of an invitation that was taken up:
    std::string user = {};
    store::Incarnation incarnation = {};
  };
  struct Question {
    std::string source_share;  ///< whose guess it is, as Admission::source_of() names it
    std::string source;        ///< for the audit log
    base::ByteView code;       ///< as it was typed; copied at once
    // What the invitation is to be bound to; neither: the code is only checked.
    std::string key_line = {};
    std::string key_fingerprint = {};
    base::ByteView password = {};  ///< copied at once
    std::function<bool()> wanted;
    std::function<void(const Judged&)> done;
  };

  virtual ~InvitationDesk() = default;
  /// done() is called once, on any thread, unless wanted() says no when the question's turn comes. Both may be called
  /// after the desk has gone.
  virtual void judge(Question question) = 0;
};

class StoredInvitations final : public InvitationDesk {
 public:
  explicit StoredInvitations(Services& services) : services_(services) {}
  void judge(Question question) override;

 private:
  Services& services_;
};

}  // namespace sallyport::broker
