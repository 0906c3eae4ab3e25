// SPDX-License-Identifier: Apache-2.0
// Comparing two JSON objects. Pure.
#include "policy/differences.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "policy/json_object.h"
#include "policy/resource.h"

namespace sallyport::policy {

using base::Result;
using nlohmann::json;

namespace {

bool is_words(const json& value) {
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const json& one) { return !one.is_structured(); });
}

void compare(const std::string& path, const json* before, const json* after, std::vector<Difference>& out);

// What is absent is as good as an empty object or list: so the parts of what appears or goes are named one by one.
void compare_objects(const std::string& path, const json& before, const json& after, std::vector<Difference>& out) {
  std::set<std::string> keys;
  for (const json* object : {&before, &after}) {
    for (const auto& [key, unused] : object->items()) keys.insert(key);
  }
  for (const std::string& key : keys) {
    const auto in = [&key](const json& object) { return object.contains(key) ? &object.at(key) : nullptr; };
    compare(path.empty() ? key : path + "." + key, in(before), in(after), out);
  }
}

void compare_words(const std::string& path, const json& before, const json& after, std::vector<Difference>& out) {
  const auto has = [](const json& list, const json& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  };
  for (const json& item : before) {
    if (!has(after, item)) out.push_back({path, item.dump(), ""});
  }
  for (const json& item : after) {
    if (!has(before, item)) out.push_back({path, "", item.dump()});
  }
}

void compare(const std::string& path, const json* before, const json* after, std::vector<Difference>& out) {
  static const json no_object = json::object();
  static const json no_list = json::array();
  if (before != nullptr && after != nullptr && *before == *after) return;
  const auto both = [&](auto is_kind) {
    return (before == nullptr || is_kind(*before)) && (after == nullptr || is_kind(*after));
  };
  if (both([](const json& value) { return value.is_object(); })) {
    return compare_objects(path, before != nullptr ? *before : no_object, after != nullptr ? *after : no_object, out);
  }
  if (both(is_words)) {
    return compare_words(path, before != nullptr ? *before : no_list, after != nullptr ? *after : no_list, out);
  }
  out.push_back({path, before != nullptr ? before->dump() : "", after != nullptr ? after->dump() : ""});
}

}  // namespace

Result<std::vector<Difference>> differences(std::string_view before, std::string_view after) {
  json sides[2] = {json::object(), json::object()};
  std::size_t side = 0;
  for (const std::string_view text : {before, after}) {
    json& into = sides[side++];
    if (text.empty()) continue;
    Result<json> parsed = parse_object(text, kMaxResourceBytes);
    if (!parsed) return base::pass(parsed);
    into = std::move(*parsed);
  }
  std::vector<Difference> out;
  compare_objects("", sides[0], sides[1], out);
  return out;
}

}  // namespace sallyport::policy
