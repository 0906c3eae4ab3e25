// SPDX-License-Identifier: Apache-2.0
// Login names and destinations, by hand: each form is a few characters of grammar. Pure.
#include "policy/address.h"

#include "policy/resource.h"

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view kSeparators = "@%+";

Result<std::uint16_t> parse_port(std::string_view digits) {
  if (digits.empty() || digits.size() > 5 || digits.front() == '0') return fail(Errc::invalid, "not a port number");
  unsigned value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return fail(Errc::invalid, "not a port number");
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > 65535) return fail(Errc::invalid, "not a port number");
  return static_cast<std::uint16_t>(value);
}

}  // namespace

Result<LoginName> parse_login_name(std::string_view raw) {
  if (raw.size() > kMaxLoginNameBytes) return fail(Errc::invalid, "the login name is too long");
  const std::size_t first = raw.find_first_of(kSeparators);
  if (first == std::string_view::npos) {
    if (!is_name(raw)) return fail(Errc::invalid, "the login name is no user's name");
    return LoginName{std::string(raw), std::nullopt};
  }
  // No name holds a separator, so the first one found must be the only kind, twice.
  const std::size_t second = raw.find(raw[first], first + 1);
  if (second == std::string_view::npos) {
    return fail(Errc::invalid, "the login name must be USER or USER@ACCOUNT@TARGET");
  }
  const std::string_view user = raw.substr(0, first);
  const std::string_view account = raw.substr(first + 1, second - first - 1);
  const std::string_view target = raw.substr(second + 1);
  if (!is_name(user) || !is_name(account) || !is_name(target)) {
    return fail(Errc::invalid, "the login name must be USER or USER@ACCOUNT@TARGET");
  }
  return LoginName{std::string(user), Destination{std::string(account), std::string(target), 0}};
}

Result<Destination> parse_destination(std::string_view raw) {
  if (raw.size() > kMaxLoginNameBytes) return fail(Errc::invalid, "the destination is too long");
  Destination out;
  std::string_view names = raw;
  if (const std::size_t colon = raw.find(':'); colon != std::string_view::npos) {
    Result<std::uint16_t> port = parse_port(raw.substr(colon + 1));
    if (!port) return pass(port);
    out.port = *port;
    names = raw.substr(0, colon);
  }
  const std::size_t at = names.find('@');
  if (at == std::string_view::npos || !is_name(names.substr(0, at)) || !is_name(names.substr(at + 1))) {
    return fail(Errc::invalid, "the destination must be ACCOUNT@TARGET or ACCOUNT@TARGET:PORT");
  }
  out.account = names.substr(0, at);
  out.target = names.substr(at + 1);
  return out;
}

Result<std::string> parse_jump_target(std::string_view host, std::string_view alias_suffix) {
  if (host.size() > kMaxLoginNameBytes) return fail(Errc::invalid, "the target's name is too long");
  std::string name(host);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (name.ends_with('.')) name.pop_back();
  if (!alias_suffix.empty() && name.size() > alias_suffix.size() && name.ends_with(alias_suffix)) {
    name.resize(name.size() - alias_suffix.size());
  }
  if (!is_name(name)) return fail(Errc::invalid, "this is no target's name");
  return name;
}

}  // namespace sallyport::policy
