// SPDX-License-Identifier: Apache-2.0
// Invitations of outsiders: a request for access, a user of its own kind, and a code that is good once; made, taken up
// and ended together, each in one transaction with its audit event. Trusted side; everything here blocks, on the
// store's thread. The code leaves this once and is kept as a hash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "broker/node/services.h"
#include "identity/invitation_code.h"
#include "policy/access_request.h"

namespace sallyport::broker {

/// Wrong codes after which an invitation's code is good for nothing.
inline constexpr std::int64_t kMostWrongCodes = 10;
/// Invitations of one sponsor that are not over.
inline constexpr std::size_t kMostOpenInvitations = 100;

struct InvitationDraft {
  std::string user;  ///< the outsider's name to be
  std::string sponsor;
  std::string account;
  std::vector<std::string> targets;
  std::string reason = {};
  std::string ticket = {};
  base::Micros from_us = 0;  ///< 0: from now on
  base::Micros until_us = 0;
  std::int64_t max_sessions = 0;  ///< 0: any number
  std::string actor = {};         ///< for the audit log
};

struct Invitation {
  store::InvitationRow row;
  policy::AccessRequest request;
};

enum class InvitationState {
  waiting,  ///< for an approval; it can be taken up, and opens nothing
  open,     ///< for somebody to take it up
  taken,
  over,
};
const char* to_string(InvitationState state);
InvitationState state_of(const Invitation& invitation, base::Micros now_us);

struct MadeInvitation {
  Invitation invitation;
  base::SecretBytes code;  ///< as it is shown
};
/// Errors: denied (no policy lets the sponsor invite somebody to this), invalid, exists, full, the store's.
base::Result<MadeInvitation> create_invitation(Services& services, const InvitationDraft& draft);

/// What the outsider will log in with: one of the two.
struct InvitationProof {
  std::string key_line = {};       ///< whose private key was proved
  std::string password_hash = {};  ///< of identity::Passwords
  std::string shown = {};          ///< for people: the key's fingerprint, or "password"
};
/// Whether the code is of an invitation that can be taken up now. Counts a wrong one. Errors: denied, the store's.
base::Status check_invitation(Services& services, const identity::InvitationCode& code);
/// Binds the invitation to its taker; of several at once one succeeds. Returns the outsider's name. Errors as above.
base::Result<std::string> take_up_invitation(Services& services, const identity::InvitationCode& code,
                                             const InvitationProof& proof, const std::string& source);

/// Ends one that is not over: nothing logs in by it any more, and what is open under it ends. Errors: invalid, the
/// store's.
base::Status end_invitation(Services& services, const std::string& id, const std::string& actor,
                            const std::string& reason);
/// Ends each whose time is over, whose sponsor is barred, or whose request was denied or ended.
void end_invitations_that_are_over(Services& services);

/// By id, or by the name of its outsider while it is not over. sponsor: whose alone; none: anybody's. Errors:
/// not_found.
base::Result<Invitation> find_invitation(store::Store& store, const std::string& name,
                                         const std::optional<std::string>& sponsor = std::nullopt);
base::Result<Invitation> with_request(store::Store& store, store::InvitationRow row);

}  // namespace sallyport::broker
