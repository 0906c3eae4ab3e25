// SPDX-License-Identifier: Apache-2.0
// What a user writes as login name: which user, which account, which target. Foreign text, parsed on the trusted side:
// pure, bounded, and refusing whatever is not exactly one of the forms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sallyport::policy {

/// Longer login names are refused unread.
inline constexpr std::size_t kMaxLoginNameBytes = 256;

struct Destination {
  std::string account;
  std::string target;
  std::uint16_t port = 0;  ///< as written; 0 when none was. The inventory says where to connect, not this
  bool operator==(const Destination&) const = default;
};

struct LoginName {
  std::string user;                        ///< a name, or an e-mail address: Snapshot::user_name()
  std::optional<Destination> destination;  ///< none: the menu, or a jump
  bool operator==(const LoginName&) const = default;
};

/// NAME@DOMAIN, both names as of resources, the domain with a dot inside. So it holds one '@' and no other separator,
/// and is no resource's name.
bool is_email(std::string_view s);

/// USER, or USER@ACCOUNT@TARGET with '@', '%' or '+' twice; USER is a name or an e-mail address. Errors: invalid, for
/// the audit log: a user must hear nothing but that authentication failed.
base::Result<LoginName> parse_login_name(std::string_view raw);

/// ACCOUNT@TARGET or ACCOUNT@TARGET:PORT. Errors: invalid.
base::Result<Destination> parse_destination(std::string_view raw);

/// The host of a direct-tcpip channel that asks for a target (ssh -J USER@gateway ACCOUNT@TARGET: the account comes as
/// the inner login name). `alias_suffix` such as ".sallyport" is taken off the end if it is there; a final dot and
/// upper case are tolerated, as in any host name. Returns the target's name. Errors: invalid.
base::Result<std::string> parse_jump_target(std::string_view host, std::string_view alias_suffix = {});

}  // namespace sallyport::policy
