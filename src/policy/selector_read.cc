// SPDX-License-Identifier: Apache-2.0
// Labels, selectors, blocks of addresses and subjects from JSON.
#include "policy/selector_read.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/escape.h"
#include "keys/address_block.h"

namespace sallyport::policy {

using nlohmann::json;

namespace {

bool is_label_key(std::string_view s) {
  return !s.empty() && s.size() <= 64 && std::all_of(s.begin(), s.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '/';
  });
}

bool is_label_value(const json& value) {
  if (!value.is_string()) return false;
  const std::string s = value.get<std::string>();
  return !s.empty() && s.size() <= 128 && base::is_utf8(s) && std::none_of(s.begin(), s.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
  });
}

const char* const kLabelHelp =
    "labels are KEY: VALUE, the key of letters, digits and . _ - / (at most 64), the value a string (at most 128 "
    "bytes); put numbers and true or false in quotes";

std::optional<Selector::Labels> label_selector(JsonObject& in, std::string_view key, const json& object) {
  Selector::Labels out;
  for (const auto& [label, value] : object.items()) {
    std::vector<std::string> values;
    const json items = value.is_array() ? value : json::array({value});
    for (const json& item : items) {
      if (!is_label_value(item)) break;
      values.push_back(item.get<std::string>());
    }
    if (!is_label_key(label) || values.empty() || values.size() != items.size()) {
      in.reject(key, kLabelHelp);
      return std::nullopt;
    }
    out.emplace(label, std::move(values));
  }
  if (out.empty()) {
    in.reject(key, "an empty choice of labels would choose everything; write [\"*\"] if that is meant");
    return std::nullopt;
  }
  return out;
}

}  // namespace

Selector read_selector(JsonObject& in, std::string_view key) {
  Selector out;
  const json* value = in.take(key);
  if (value == nullptr) {
    in.reject(key, "is missing; write labels such as {env: prod}, names such as [web1, web2], or [\"*\"] for all");
    return out;
  }
  if (value->is_object()) {
    if (auto labels = label_selector(in, key, *value)) out.labels.push_back(std::move(*labels));
    return out;
  }
  if (!value->is_array() || value->empty()) {
    in.reject(key, "must be labels such as {env: prod}, or a list such as [web1, {env: prod}]");
    return out;
  }
  for (const json& item : *value) {
    if (item.is_object()) {
      auto labels = label_selector(in, key, item);
      if (!labels) return {};
      out.labels.push_back(std::move(*labels));
      continue;
    }
    const std::string name = item.is_string() ? item.get<std::string>() : std::string();
    if (!is_name(name) && name != kEvery) {
      in.reject(key, "each item must be a target's name or labels");
      return {};
    }
    out.names.push_back(name);
  }
  const bool every = std::find(out.names.begin(), out.names.end(), kEvery) != out.names.end();
  if (every && value->size() != 1) in.reject(key, "'*' means every one, and stands alone");
  return out;
}

std::map<std::string, std::string> read_labels(JsonObject& in, std::string_view key) {
  std::map<std::string, std::string> out;
  const json* labels = in.take(key);
  if (labels == nullptr) return out;
  if (!labels->is_object()) {
    in.reject(key, "must be an object such as {env: prod}");
    return out;
  }
  for (const auto& [label, value] : labels->items()) {
    if (!is_label_key(label) || !is_label_value(value)) {
      in.reject(key, kLabelHelp);
      return {};
    }
    out.emplace(label, value.get<std::string>());
  }
  return out;
}

std::vector<std::string> read_blocks(JsonObject& in, std::string_view key) {
  std::vector<std::string> out = in.string_list(key);
  for (const std::string& block : out) {
    if (const base::Status good = keys::check_address_block(block); !good) {
      in.reject(key, "'" + base::escape_for_terminal(block, 80) + "': " + good.message() +
                         "; write addresses or blocks such as 10.0.0.0/8 or fd00::/8");
    }
  }
  if (in.has(key) && out.empty()) in.reject(key, "must name a block of addresses");
  return out;
}

Subjects read_subjects(JsonObject& in, std::string_view key) {
  Subjects out;
  nested(in, key, [&](JsonObject& s) {
    out.users = s.name_list("users", JsonObject::Every::accepted);
    out.groups = s.name_list("groups", JsonObject::Every::refused);
  });
  if (in.ok() && out.users.empty() && out.groups.empty()) {
    in.reject(key, "must name users or groups, such as {groups: [ops]} or {users: [\"*\"]}");
  }
  return out;
}

}  // namespace sallyport::policy
