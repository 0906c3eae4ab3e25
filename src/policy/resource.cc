// SPDX-License-Identifier: Apache-2.0
// Words, names and small answers about resources. Pure.
#include "policy/resource.h"

#include <algorithm>

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::user:
      return "user";
    case Kind::group:
      return "group";
    case Kind::role:
      return "role";
    case Kind::target:
      return "target";
    case Kind::account:
      return "account";
    case Kind::policy:
      return "policy";
    case Kind::recipient:
      return "recipient";
    case Kind::user_ca:
      return "user-ca";
  }
  return "unknown";
}

Result<Kind> kind_from(std::string_view word) {
  for (const Kind kind : {Kind::user, Kind::group, Kind::role, Kind::target, Kind::account, Kind::policy,
                          Kind::recipient, Kind::user_ca}) {
    if (word == to_string(kind)) return kind;
  }
  return fail(Errc::invalid,
              "there is no such kind; there are user, group, role, target, account, policy, recipient, user-ca");
}

const char* to_string(UserType type) {
  switch (type) {
    case UserType::person:
      return "person";
    case UserType::service:
      return "service";
  }
  return "unknown";
}

const char* to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::ssh:
      return "ssh";
    case Protocol::telnet:
      return "telnet";
  }
  return "unknown";
}

const char* to_string(Login login) {
  switch (login) {
    case Login::certificate:
      return "certificate";
    case Login::key:
      return "key";
    case Login::password:
      return "password";
  }
  return "unknown";
}

bool is_name(std::string_view s) {
  const auto letter_or_digit = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (s.empty() || s.size() > 64 || !letter_or_digit(s.front())) return false;
  return std::all_of(s.begin(), s.end(),
                     [&](char c) { return letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

std::string Target::address() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

base::Bytes Recipient::public_key_bytes() const {
  Result<base::Bytes> bytes = base::from_base64(public_key);
  return bytes ? std::move(*bytes) : base::Bytes{};
}

Kind kind_of(const Resource& resource) {
  return static_cast<Kind>(resource.index());
}

static_assert(std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(Kind::user), Resource>, User>);
static_assert(std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(Kind::role), Resource>, RoleBinding>);
static_assert(
    std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(Kind::recipient), Resource>, Recipient>);
static_assert(std::is_same_v<std::variant_alternative_t<static_cast<std::size_t>(Kind::user_ca), Resource>, UserCa>);

const std::string& name_of(const Resource& resource) {
  return std::visit([](const auto& r) -> const std::string& { return r.name; }, resource);
}

}  // namespace sallyport::policy
