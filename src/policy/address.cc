// SPDX-License-Identifier: Apache-2.0
// Login names and destinations, by hand: each form is a few characters of grammar. Pure.
#include "policy/address.h"

#include <algorithm>

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

bool is_email(std::string_view s) {
  const std::size_t at = s.find('@');
  if (at == std::string_view::npos) return false;
  const std::string_view domain = s.substr(at + 1);
  return is_name(s.substr(0, at)) && is_name(domain) && !domain.ends_with('.') && !domain.ends_with('-') &&
         domain.find('.') != std::string_view::npos && domain.find("..") == std::string_view::npos;
}

// No name holds a separator. So a login name splits in one way: one part is a name, two are an e-mail address, three a
// name and where to, four an e-mail address and where to.
Result<LoginName> parse_login_name(std::string_view raw) {
  if (raw.size() > kMaxLoginNameBytes) return fail(Errc::invalid, "the login name is too long");
  const char* const forms = "the login name must be USER or USER@ACCOUNT@TARGET, where USER may be an e-mail address";
  std::size_t end = raw.find_first_of(kSeparators);  // of the user
  if (end == std::string_view::npos) {
    if (!is_name(raw)) return fail(Errc::invalid, "the login name is no user's name");
    return LoginName{std::string(raw), std::nullopt};
  }
  const auto parts =
      1 + std::count_if(raw.begin(), raw.end(), [](char c) { return kSeparators.find(c) != std::string_view::npos; });
  if (parts == 2 && is_email(raw)) return LoginName{std::string(raw), std::nullopt};
  if (parts == 4) end = raw.find_first_of(kSeparators, end + 1);
  if (parts < 3 || parts > 4) return fail(Errc::invalid, forms);
  const std::string_view user = raw.substr(0, end);
  const std::string_view rest = raw.substr(end + 1);
  const std::size_t between = rest.find(raw[end]);  // the same separator on both sides of the account
  if (between == std::string_view::npos || !(parts == 4 ? is_email(user) : is_name(user))) {
    return fail(Errc::invalid, forms);
  }
  const std::string_view account = rest.substr(0, between);
  const std::string_view target = rest.substr(between + 1);
  if (!is_name(account) || !is_name(target)) return fail(Errc::invalid, forms);
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
