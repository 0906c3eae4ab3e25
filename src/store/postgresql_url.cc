// SPDX-License-Identifier: Apache-2.0
// Parsing is libpq's.
#include "store/postgresql_url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>

namespace sallyport::store {

using base::Errc;
using base::fail;

namespace {

// A server that went without a word is noticed in ten seconds.
constexpr std::pair<const char*, const char*> kDefaults[] = {
    {"application_name", "sallyport"},      {"connect_timeout", "3"},  {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},           {"keepalives_count", "3"}, {"tcp_user_timeout", "10000"},
    {"target_session_attrs", "read-write"},
};

bool is_local(std::string_view host) {
  return host.empty() || host.front() == '/' || host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// Of each of several hosts.
bool all_local(const std::string& hosts) {
  std::string_view rest = hosts;
  for (;;) {
    const std::size_t comma = rest.find(',');
    if (!is_local(rest.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    rest.remove_prefix(comma + 1);
  }
}

std::string quoted(const std::string& value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "'";
}

}  // namespace

bool is_postgresql(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

base::Result<std::string> connection_parameters(const std::string& url) {
  char* unused = nullptr;  // libpq's message may quote the URL
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(PQconninfoParse(url.c_str(), &unused),
                                                                              PQconninfoFree);
  PQfreemem(unused);
  if (!parsed) {
    return fail(Errc::invalid,
                "store: this is no postgresql://USER@HOST:PORT/DATABASE?PARAMETER=VALUE; a special character in it is "
                "written as %XX");
  }
  std::map<std::string, std::string> values(std::begin(kDefaults), std::end(kDefaults));
  for (const PQconninfoOption* one = parsed.get(); one->keyword != nullptr; ++one) {
    if (one->val != nullptr) values[one->keyword] = one->val;
  }
  // Whoever can pose as the server can write the policy.
  const bool local = all_local(values["host"]) && all_local(values["hostaddr"]);
  if (!local) values.try_emplace("sslmode", "verify-full");
  std::string out;
  for (const auto& [name, value] : values) {
    if (value.empty()) continue;
    out.append(out.empty() ? "" : " ").append(name).append("=").append(quoted(value));
  }
  return out;
}

}  // namespace sallyport::store
