// SPDX-License-Identifier: Apache-2.0
// Resources from JSON: one reader a kind. A new key means a line here and one in resource_write.cc.
#include <arpa/inet.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "policy/json_object.h"
#include "policy/key_lines_read.h"
#include "policy/legacy.h"
#include "policy/policy_read.h"
#include "policy/resource.h"
#include "policy/selector_read.h"
#include "policy/user_ca_read.h"
#include "policy/user_read.h"

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using nlohmann::json;

namespace {

using Every = JsonObject::Every;

// ---- pieces that several kinds share

std::vector<std::string> legacy_names(JsonObject& in, std::string_view key) {
  std::vector<std::string> out;
  for (const std::string& word : in.string_list(key)) {
    const auto known = [&word](const LegacyAlgorithm& one) { return one.name == word; };
    if (std::none_of(std::begin(kLegacyAlgorithms), std::end(kLegacyAlgorithms), known)) {
      std::string all;
      for (const LegacyAlgorithm& one : kLegacyAlgorithms) all.append(all.empty() ? "" : ", ").append(one.name);
      in.reject(key, "must be some of " + all);
      break;
    }
    out.push_back(word);
  }
  return out;
}

bool is_host(const std::string& host) {
  unsigned char space[16];
  if (inet_pton(AF_INET, host.c_str(), space) == 1 || inet_pton(AF_INET6, host.c_str(), space) == 1) return true;
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.front() == '-') return false;
  // What looks like a numeric address but is none ("10.0.0.300") must not become a name to look up.
  if (host.find_first_not_of("0123456789.") == std::string::npos) return false;
  const bool letters = std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
  return letters && host.find("..") == std::string::npos;
}

/// "host", "host:port", "[v6]", "[v6]:port".
bool split_address(const std::string& address, Target& out) {
  std::string port;
  if (address.starts_with('[')) {
    const std::size_t end = address.find(']');
    if (end == std::string::npos) return false;
    out.host = address.substr(1, end - 1);
    if (out.host.find(':') == std::string::npos) return false;
    port = address.substr(end + 1);
  } else {
    const std::size_t colon = address.find(':');
    out.host = address.substr(0, colon);
    port = colon == std::string::npos ? std::string() : address.substr(colon);
  }
  if (!is_host(out.host)) return false;
  if (port.empty()) return true;
  if (port.front() != ':' || port.size() < 2 || port.size() > 6 || port[1] == '0' ||
      port.find_first_not_of("0123456789", 1) != std::string::npos) {
    return false;
  }
  const int number = std::stoi(port.substr(1));
  out.port = static_cast<std::uint16_t>(number);
  return number <= 65535;
}

// ---- one reader a kind

Group read_group(JsonObject& in, const KeyCheck&) {
  Group out;
  out.members = in.name_list("members", Every::refused);
  return out;
}

RoleBinding read_role(JsonObject& in, const KeyCheck&) {
  RoleBinding out;
  const Result<Role> role = role_from(in.required_string("role"));
  if (!role) {
    in.reject("role", role.message());
  } else {
    out.role = *role;
  }
  out.subjects = read_subjects(in);
  return out;
}

constexpr std::uint16_t kTelnetPort = 23;
constexpr std::size_t kMaxPrompts = 16;

bool is_prompt(const std::string& text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  return printable && text.size() <= 128 && text.find_first_not_of(' ') != std::string::npos;
}

constexpr const char* kPromptRule = "must be 1 to 128 printable ASCII characters, not all of them spaces";

void read_prompt(JsonObject& in, std::string_view key, std::string& out) {
  if (!in.has(key)) return;
  out = in.required_string(key);
  if (in.ok() && !is_prompt(out)) in.reject(key, kPromptRule);
}

void read_prompt_list(JsonObject& in, std::string_view key, std::vector<std::string>& out) {
  if (!in.has(key)) return;
  out = in.string_list(key);
  if (out.empty() || out.size() > kMaxPrompts) in.reject(key, "must be a list of 1 to 16 texts");
  if (in.ok() && !std::all_of(out.begin(), out.end(), is_prompt)) in.reject(key, std::string("each ") + kPromptRule);
}

Prompts read_prompts(JsonObject& in) {
  Prompts out;
  nested(in, "login", [&](JsonObject& l) {
    read_prompt(l, "name", out.name);
    read_prompt(l, "password", out.password);
    read_prompt_list(l, "shell", out.shell);
    read_prompt_list(l, "refused", out.refused);
  });
  return out;
}

// A key that the target's protocol has no use for is a mistake, not a wish.
void only_for(JsonObject& in, Protocol protocol, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (in.has(key)) in.reject(key, std::string("is for targets with protocol: ") + to_string(protocol));
  }
}

Target read_target(JsonObject& in, const KeyCheck& check_key) {
  Target out;
  const std::string protocol = in.required_string("protocol");
  if (protocol == to_string(Protocol::telnet)) {
    out.protocol = Protocol::telnet;
    out.port = kTelnetPort;
    only_for(in, Protocol::ssh, {"host_keys", "host_ca", "legacy"});
    out.prompts = read_prompts(in);
  } else if (protocol == to_string(Protocol::ssh)) {
    only_for(in, Protocol::telnet, {"login"});
  } else {
    in.reject("protocol", "must be ssh or telnet");
  }
  if (const std::string address = in.required_string("address"); in.ok() && !split_address(address, out)) {
    in.reject("address", "must be HOST or HOST:PORT, an IPv6 address in brackets, such as 10.0.0.7:22 or [fd00::7]:22");
  }
  out.labels = read_labels(in, "labels");
  out.host_keys = read_key_lines(in, "host_keys", check_key, Before::hosts);
  out.host_ca = read_key_lines(in, "host_ca", check_key, Before::nothing);
  out.legacy = legacy_names(in, "legacy");
  return out;
}

Account read_account(JsonObject& in, const KeyCheck&) {
  Account out;
  out.targets = read_selector(in, "targets");
  const std::string login = in.required_string("login");
  bool found = false;
  for (const Login l : {Login::certificate, Login::key, Login::password}) {
    if (login != to_string(l)) continue;
    out.login = l;
    found = true;
  }
  if (!found) in.reject("login", "must be certificate, key or password");
  out.login_name = in.optional_text("login_name");
  if (out.login_name.size() > 256) in.reject("login_name", "must be at most 256 bytes");
  return out;
}

Recipient read_recipient(JsonObject& in, const KeyCheck&) {
  Recipient out;
  out.public_key = in.required_string("public_key");
  const base::Bytes bytes = out.public_key_bytes();
  const bool zero = std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
  if (bytes.size() != 32 || zero) in.reject("public_key", "must be an X25519 public key: 32 bytes in base64");
  out.public_key = base::to_base64(bytes);
  return out;
}

template <class T>
Result<Resource> finish(JsonObject& in, std::string name, T value) {
  value.name = std::move(name);
  value.description = in.optional_text("description");
  if constexpr (std::is_same_v<T, Account>) {
    if (value.login_name.empty()) value.login_name = value.name;
  }
  if (Status done = in.finish(); !done) return pass(done);
  return Resource(std::move(value));
}

}  // namespace

Result<Resource> parse_resource(std::string_view text, const KeyCheck& check_key) {
  const Result<json> object = parse_object(text, kMaxResourceBytes);
  if (!object) return fail(Errc::invalid, "resource: " + object.message());
  JsonObject head(*object, "resource");
  const std::string kind_word = head.required_string("kind");
  const std::string name = head.required_string("name");
  if (!head.ok()) return fail(Errc::invalid, head.problem());
  const Result<Kind> kind = kind_from(kind_word);
  if (!kind) return fail(Errc::invalid, "resource: key 'kind': " + kind.message());
  const std::string where = kind_word + " '" + base::escape_for_terminal(name, 80) + "'";
  if (!is_name(name)) {
    return fail(Errc::invalid,
                where + ": key 'name': a name is 1 to 64 of a-z 0-9 . _ - beginning with a letter or digit");
  }
  JsonObject in(*object, where);
  in.take("kind");
  in.take("name");
  switch (*kind) {
    case Kind::user:
      return finish(in, name, read_user(in, check_key));
    case Kind::group:
      return finish(in, name, read_group(in, check_key));
    case Kind::role:
      return finish(in, name, read_role(in, check_key));
    case Kind::target:
      return finish(in, name, read_target(in, check_key));
    case Kind::account:
      return finish(in, name, read_account(in, check_key));
    case Kind::policy:
      return finish(in, name, read_policy(in));
    case Kind::recipient:
      return finish(in, name, read_recipient(in, check_key));
    case Kind::user_ca:
      return finish(in, name, read_user_ca(in, check_key));
  }
  return fail(Errc::internal, "resource: no reader for " + kind_word);
}

}  // namespace sallyport::policy
