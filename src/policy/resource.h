// SPDX-License-Identifier: Apache-2.0
// The resources that administrators declare, and their JSON. Trusted side, pure: it must never skip a key, a value or a
// word that it does not understand, because what a policy seems to say must be what is enforced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "policy/permission.h"
#include "policy/requirements.h"
#include "policy/user_ca.h"
#include "policy/when.h"

namespace sallyport::policy {

enum class Kind { user, group, role, target, account, policy, recipient, user_ca };

/// "user", "group", … as in the key `kind`.
const char* to_string(Kind kind);
/// Errors: invalid, listing the kinds there are.
base::Result<Kind> kind_from(std::string_view word);

/// 1 to 64 characters of a-z 0-9 . _ - that begin with a letter or a digit. So no name holds '@', '%', '+', ':' or '/',
/// reads as an option, or is a path.
bool is_name(std::string_view s);

/// In a list of names, stands alone for every name there is.
inline constexpr std::string_view kEvery = "*";

/// Largest JSON text of one resource.
inline constexpr std::size_t kMaxResourceBytes = 256 * 1024;

/// Chooses targets. An item is a name, or labels that must all match; one matching item suffices.
///   {env: prod}            the targets with that label
///   {env: [prod, stage]}   with either value
///   [web1, {env: prod}]    a name, or labels
///   ["*"]                  every target
struct Selector {
  using Labels = std::map<std::string, std::vector<std::string>>;  ///< label → the values that match
  std::vector<std::string> names;
  std::vector<Labels> labels;
  bool operator==(const Selector&) const = default;
};

/// A service account is a program's: it proves itself with keys or certificates alone, from named networks, and names
/// its target.
enum class UserType : std::uint8_t { person, service };
/// "person", "service".
const char* to_string(UserType type);
/// Somebody from outside whom a user has invited, for as long as the invitation says. Only the gateway makes such
/// users; they have no groups and no roles, and reach nothing but what the invitation names.
struct Outsider {
  std::string invitation;         ///< the request for access under which they open everything
  std::string sponsor;            ///< the user who answers for them
  std::int64_t sponsor_life = 0;  ///< of the sponsor's row: when the sponsor is barred, so are they
  std::string account;
  std::vector<std::string> targets;
  base::Micros from_us = 0;
  base::Micros until_us = 0;
  bool operator==(const Outsider&) const = default;
};

/// Who logs in to take up an invitation. No user has this name.
inline constexpr std::string_view kInviteLogin = "invite";

struct User {
  std::string name;
  std::string description;
  std::string email;  ///< a second name to log in by; no two users have the same
  std::vector<std::string> groups;
  std::vector<std::string> public_keys;  ///< lines as in authorized_keys: keys/authorized_line.h
  std::string local_account;             ///< of the gateway's machine, whose owner this is; no two users have the same
  std::vector<Role> roles;               ///< in Sallyport itself, beside what `role` resources give
  bool disabled = false;                 ///< may not log in, whatever else is said
  UserType type = UserType::person;
  // Of a service account:
  std::vector<std::string> sources;      ///< blocks of addresses: each login comes from one of them
  std::optional<std::int64_t> sessions;  ///< at a time
  bool is_service() const { return type == UserType::service; }
  std::optional<Outsider> outsider;  ///< none: one of the organisation's own
  bool operator==(const User&) const = default;
};

/// A group exists as soon as a user names it; the resource adds members from its own side and a description.
struct Group {
  std::string name;
  std::string description;
  std::vector<std::string> members;
  bool operator==(const Group&) const = default;
};

struct Subjects {
  std::vector<std::string> users;  ///< or "*" alone: every user
  std::vector<std::string> groups;
  bool operator==(const Subjects&) const = default;
};

/// Gives a role of Sallyport itself to users and groups.
struct RoleBinding {
  std::string name;
  std::string description;
  Role role = Role::user;
  Subjects subjects;
  bool operator==(const RoleBinding&) const = default;
};

enum class Protocol { ssh, telnet };
const char* to_string(Protocol protocol);

/// How a target asks for a login in text. Compared without regard to case, at the end of a line.
struct Prompts {
  std::string name = "login:";
  std::string password = "Password:";
  std::vector<std::string> shell = {"$", "#", ">"};        ///< one of them: the user is in
  std::vector<std::string> refused = {"Login incorrect"};  ///< anywhere in a line: the user is not
  bool operator==(const Prompts&) const = default;
};

struct Target {
  std::string name;
  std::string description;
  Protocol protocol = Protocol::ssh;
  std::string host;  ///< a host name, or a numeric address without brackets
  std::uint16_t port = 22;
  std::map<std::string, std::string> labels;
  std::vector<std::string> host_keys;  ///< key lines, any one of which the target must prove
  std::vector<std::string> host_ca;    ///< key lines of authorities whose host certificates are accepted
  std::vector<std::string> legacy;     ///< names of legacy.h that this target needs
  Prompts prompts;                     ///< of a target that speaks Telnet
  /// "host:port", IPv6 in brackets.
  std::string address() const;
  bool operator==(const Target&) const = default;
};

/// How the gateway logs in as an account.
enum class Login { certificate, key, password };
const char* to_string(Login login);

struct Account {
  std::string name;
  std::string description;
  Selector targets;
  Login login = Login::certificate;
  std::string login_name;  ///< on the target; the account's name unless given
  bool operator==(const Account&) const = default;
};

enum class Effect { allow, deny };

/// What a policy says of recording; what it leaves out, others or the defaults say.
struct RecordRules {
  std::optional<std::int64_t> bulk_after_bytes;
  std::optional<bool> bulk_hash;
  std::optional<bool> strict;
  bool operator==(const RecordRules&) const = default;
};

struct LimitRules {
  std::optional<std::int64_t> idle_seconds;        ///< no data in either direction on any channel
  std::optional<std::int64_t> input_idle_seconds;  ///< nothing typed into a terminal
  std::optional<std::int64_t> duration_seconds;    ///< of the whole session
  // Sessions at a time, this one included:
  std::optional<std::int64_t> sessions_per_user;
  std::optional<std::int64_t> sessions_per_target;
  std::optional<std::int64_t> sessions_per_account;  ///< on all targets together
  bool exclusive = false;                            ///< no other session as this account on this target
  bool operator==(const LimitRules&) const = default;
};

struct Policy {
  std::string name;
  std::string description;
  Effect effect = Effect::allow;  ///< deny: refuses the access outright, whatever other policies say
  Subjects subjects;
  Subjects sponsors;  ///< whose outsiders it is for: outsiders are never among the subjects of an allow
  Selector targets;
  std::vector<std::string> accounts;  ///< or "*" alone: every account
  Permissions allow;
  Permissions deny;  ///< taken away from whatever other policies allow
  When when;
  RequireRules require;
  RecordRules record;
  LimitRules limits;
  bool operator==(const Policy&) const = default;
};

/// To whom recordings are encrypted besides this node.
struct Recipient {
  std::string name;
  std::string description;
  std::string public_key;  ///< X25519, 32 bytes in base64
  base::Bytes public_key_bytes() const;
  bool operator==(const Recipient&) const = default;
};

using Resource = std::variant<User, Group, RoleBinding, Target, Account, Policy, Recipient, UserCa>;

Kind kind_of(const Resource& resource);
const std::string& name_of(const Resource& resource);

/// Judges one public key line; its error's message is shown to the administrator.
using KeyCheck = std::function<base::Status(std::string_view line)>;

/// Reads one resource from its JSON object, strictly: an unknown, repeated or missing key, a wrong type, a bad name, or
/// a bad key line is an error that names kind, name and key and says what to do. Key lines are checked here for their
/// shape (known type, base64, the type inside agreeing); `check_key` looks at the key itself. Errors: invalid.
base::Result<Resource> parse_resource(std::string_view json, const KeyCheck& check_key = {});

/// The canonical JSON: sorted keys, no blanks, defaults left out. parse_resource() reads it back to an equal value.
std::string to_json(const Resource& resource);

}  // namespace sallyport::policy
