// SPDX-License-Identifier: Apache-2.0
// auth, changes and notify.
#include "config/access_settings.h"

#include <algorithm>

namespace sallyport::config {
namespace {

constexpr std::size_t kMaxHookWords = 32;
constexpr std::size_t kMaxHookBytes = 4096;

// It stands before a colon in the address that apps read.
bool is_issuer(const std::string& text) {
  return !text.empty() && text.size() <= 64 && text.find(':') == std::string::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void read_self_enrolment(MapReader& auth, SelfEnrolment& out) {
  std::string word;
  auth.text("self_enrolment", word);
  if (word == "no") out = SelfEnrolment::no;
  if (word == "yes") out = SelfEnrolment::yes;
  if (!word.empty() && word != "no" && word != "yes" && word != "replace") {
    auth.wrong("self_enrolment", "must be no, replace or yes");
  }
}

}  // namespace

void read_auth(MapReader auth, Auth& out) {
  auth.names("require_factors", out.require_factors, {"totp"});
  auth.number("factor_seconds", out.factor_seconds, 10, 600);
  auth.text("issuer", out.issuer);
  read_self_enrolment(auth, out.self_enrolment);
  if (!is_issuer(out.issuer)) auth.wrong("issuer", "must be 1 to 64 printable ASCII characters, without a colon");
  auth.finish();
}

// Without keys and roles, one administrator would make the second one.
void read_changes(MapReader changes, Changes& out) {
  changes.names("second_administrator", out.second_administrator, {"policy", "keys", "roles", "retention", "targets"});
  const auto has = [&](const char* word) {
    return std::find(out.second_administrator.begin(), out.second_administrator.end(), word) !=
           out.second_administrator.end();
  };
  if (!out.second_administrator.empty() && (!has("keys") || !has("roles"))) {
    changes.wrong("second_administrator",
                  "must name keys and roles too: without them one administrator makes a second one of their own");
  }
  changes.number("decide_hours", out.decide_hours, 1, 720);
  changes.finish();
}

// It is executed as it stands, without a shell.
void read_notify(MapReader notify, Notify& out) {
  if (const YamlNode* command = notify.take("command"); command != nullptr) {
    for (const YamlNode& word : command->children) out.command.push_back(word.text);
    std::size_t bytes = 0;
    for (const std::string& word : out.command)
      bytes += word.find('\0') == std::string::npos ? word.size() + 1 : kMaxHookBytes + 1;
    const bool good = command->kind == YamlKind::list && !out.command.empty() && out.command.front()[0] == '/' &&
                      out.command.size() <= kMaxHookWords && bytes <= kMaxHookBytes;
    if (!good) {
      notify.wrong("command", "must be a list: the absolute path of a program, then its arguments (at most 32, 4 KiB)");
    }
  }
  notify.text("user", out.user);
  notify.number("timeout_seconds", out.timeout_seconds, 1, 600);
  notify.finish();
}

}  // namespace sallyport::config
