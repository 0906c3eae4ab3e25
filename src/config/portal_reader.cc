// SPDX-License-Identifier: Apache-2.0
// The keys of `portal`, their bounds.
#include "config/portal_reader.h"

#include <utility>

namespace sallyport::config {

namespace {

std::vector<std::string> texts(MapReader& map, std::string_view key, std::size_t most) {
  std::vector<std::string> out;
  const YamlNode* list = map.take(key);
  if (list == nullptr) return out;
  for (const YamlNode& child : list->children) {
    if (child.kind != YamlKind::list && child.kind != YamlKind::map && !child.text.empty()) out.push_back(child.text);
  }
  const bool good = list->kind == YamlKind::list && out.size() == list->children.size();
  if (!good || out.empty() || out.size() > most) {
    map.wrong(key, "must be a list of 1 to " + std::to_string(most) + " words");
  }
  return out;
}

}  // namespace

void read_portal(MapReader portal, Portal& out) {
  constexpr std::size_t kMaxNames = 32;
  out.names = texts(portal, "names", kMaxNames);
  out.trusted_proxies = texts(portal, "trusted_proxies", kMaxNames);
  portal.text("certificate", out.certificate);
  portal.text("key", out.key);
  portal.text("pages", out.pages);
  if (out.certificate.empty() != out.key.empty()) portal.wrong("key", "certificate and key go together");
  for (const auto& [key, path] : {std::pair<const char*, const std::string&>{"certificate", out.certificate},
                                  {"key", out.key},
                                  {"pages", out.pages}}) {
    if (!path.empty() && path[0] != '/') portal.wrong(key, "must be an absolute path");
  }
  portal.number("idle_seconds", out.idle_seconds, 60, 86'400);
  portal.number("sign_in_seconds", out.sign_in_seconds, 60, 604'800);
  portal.number("connections_per_user", out.connections_per_user, 4, 10'000);
  portal.finish();
}

}  // namespace sallyport::config
