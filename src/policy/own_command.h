// SPDX-License-Identifier: Apache-2.0
// What a user tells Sallyport itself instead of a target: ssh USER@gateway "approve 7F3KQ2ZD". Foreign text, parsed on
// the trusted side: pure, bounded, and refusing whatever is not exactly one of the forms.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace sallyport::policy {

/// Longest command.
inline constexpr std::size_t kMaxOwnCommandBytes = 2048;

/// "resume SESSION"
struct ResumeCommand {
  std::string session;
};
/// "request ACCOUNT@TARGET [--for TIME] [--ticket TICKET] [REASON…]", "break-glass ACCOUNT@TARGET … REASON…"
struct RequestCommand {
  std::string account;
  std::string target;
  std::int64_t valid_seconds = 0;  ///< 0: as long as the policies allow
  std::string ticket;
  std::string reason;
  bool emergency = false;
};
/// "requests"
struct ListCommand {};
/// "approve REQUEST [COMMENT…]", "deny REQUEST [COMMENT…]"
struct VoteCommand {
  std::string request;
  bool approves = false;
  std::string comment;
};
/// "review REQUEST [COMMENT…]"
struct ReviewCommand {
  std::string request;
  std::string comment;
};
/// "cancel REQUEST"
struct CancelCommand {
  std::string request;
};

/// "enroll-totp", then "enroll-totp CODE" with the first code of the app.
struct EnrollCommand {
  std::string code;
};

using OwnCommand =
    std::variant<ResumeCommand, RequestCommand, ListCommand, VoteCommand, ReviewCommand, CancelCommand, EnrollCommand>;

/// Words are separated by blanks; there are no quotes. Errors: invalid, in words for the user, with the forms there
/// are.
base::Result<OwnCommand> parse_own_command(std::string_view text);

}  // namespace sallyport::policy
