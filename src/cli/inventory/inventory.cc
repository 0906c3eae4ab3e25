// SPDX-License-Identifier: Apache-2.0
// What a target resource takes, and what is only noted.
#include "cli/inventory/inventory.h"

#include <arpa/inet.h>

#include <algorithm>

namespace sallyport::cli::inventory {

using base::Errc;
using base::fail;

namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxHostBytes = 253;
constexpr std::size_t kMaxLabels = 64;
constexpr std::size_t kMaxLabelKeyBytes = 64;
constexpr std::size_t kMaxLabelValueBytes = 128;
constexpr std::size_t kMaxTextBytes = 256;

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_letter_or_digit(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_label_key(const std::string& key) {
  return !key.empty() && key.size() <= kMaxLabelKeyBytes && std::all_of(key.begin(), key.end(), [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-' || c == '/';
  });
}

// As the target resource has it; brackets around an IPv6 address are tolerated. Empty when it is no host.
std::string checked_host(std::string host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  unsigned char space[16];
  if (::inet_pton(AF_INET6, host.c_str(), space) == 1) return "[" + host + "]";
  if (::inet_pton(AF_INET, host.c_str(), space) == 1) return host;
  if (host.empty() || host.size() > kMaxHostBytes || host.front() == '.' || host.front() == '-') return {};
  if (host.find_first_not_of("0123456789.") == std::string::npos || host.find("..") != std::string::npos) return {};
  const bool good = std::all_of(host.begin(), host.end(),
                                [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_'; });
  return good ? host : std::string();
}

bool is_port(const std::string& port) {
  return !port.empty() && port.size() <= 5 && port.front() != '0' &&
         port.find_first_not_of("0123456789") == std::string::npos && std::stoul(port) <= 65535;
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out(text.substr(0, max_bytes));
  for (char& c : out) {
    if (c < 0x20 || c >= 0x7f) c = '?';
  }
  if (text.size() > max_bytes) out += "...";
  return out;
}

std::string name_from(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool fits = is_lower_or_digit(c) || c == '.' || c == '_' || c == '-';
    if (out.empty() && !is_lower_or_digit(c)) continue;
    if (out.size() == kMaxNameBytes) break;
    out += fits ? c : '-';
  }
  return out;
}

void Inventory::note(std::string_view text) {
  std::string line = printable(text, 400);
  if (notes_.size() > kMaxNotes || !noted_.insert(line).second) return;
  notes_.push_back(notes_.size() == kMaxNotes ? "further notes are not listed" : std::move(line));
}

std::string Inventory::unique_name(const std::string& raw) {
  const std::string plain = name_from(raw);
  std::string name = plain;
  for (unsigned n = 2; !name.empty() && !names_.insert(name).second; ++n) {
    const std::string ending = "-" + std::to_string(n);
    name = plain.substr(0, kMaxNameBytes - ending.size()) + ending;
  }
  if (!name.empty() && name != raw) note("host '" + printable(raw) + "' is named " + name + " here");
  return name;
}

std::string Inventory::checked_user(const RawHost& raw) {
  const bool fits = raw.user.size() <= kMaxTextBytes && is_printable(raw.user) && !name_from(raw.user).empty();
  if (raw.user.empty() || fits) return raw.user;
  note("host '" + printable(raw.name) + "': the user '" + printable(raw.user) + "' cannot become an account");
  return {};
}

std::map<std::string, std::string> Inventory::checked_labels(const RawHost& raw) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : raw.labels) {
    const bool fits = is_label_key(key) && !value.empty() && value.size() <= kMaxLabelValueBytes && is_printable(value);
    if (fits && out.size() < kMaxLabels) {
      out.emplace(key, value);
    } else {
      note("host '" + printable(raw.name) + "': '" + printable(key) + "' cannot become a label" +
           (fits ? ", there are 64 already" : ""));
    }
  }
  return out;
}

base::Status Inventory::add(const RawHost& raw) {
  const std::string where = "host '" + printable(raw.name) + "' is left out: ";
  const std::string host = checked_host(raw.address.empty() ? raw.name : raw.address);
  const std::string port = raw.port.empty() ? "22" : raw.port;
  if (name_from(raw.name).empty()) return note(where + "it has no characters that a name can hold"), base::Status{};
  if (host.empty()) {
    note(where + "'" + printable(raw.address.empty() ? raw.name : raw.address) + "' is no host name or address");
    return {};
  }
  if (!is_port(port)) return note(where + "'" + printable(port) + "' is no port"), base::Status{};
  if (hosts_.size() >= kMaxHosts) {
    return fail(Errc::full, "more than " + std::to_string(kMaxHosts) + " hosts: import them in parts");
  }
  Host out;
  out.name = unique_name(raw.name);
  out.address = host + ":" + port;
  out.user = checked_user(raw);
  out.labels = checked_labels(raw);
  if (raw.description.size() <= kMaxTextBytes && is_printable(raw.description)) {
    out.description = raw.description;
  } else {
    note("host '" + printable(raw.name) + "': its description is left out: only printable ASCII is carried over");
  }
  hosts_.push_back(std::move(out));
  return {};
}

}  // namespace sallyport::cli::inventory
