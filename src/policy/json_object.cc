// SPDX-License-Identifier: Apache-2.0
// Strict reading of one JSON object.
#include "policy/json_object.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "policy/resource.h"

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using nlohmann::json;

namespace {

constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::int64_t kMaxAmount = std::int64_t{1} << 50;

std::string in_quotes(std::string_view foreign) {
  return "'" + base::escape_for_terminal(foreign, 80) + "'";
}

}  // namespace

Result<json> parse_object(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return fail(Errc::invalid, "larger than " + std::to_string(max_bytes) + " bytes");
  }
  std::vector<std::set<std::string>> open;
  std::string problem;
  const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth && problem.empty()) problem = "nested too deeply";
    if (!problem.empty()) return false;
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end && !open.empty()) open.pop_back();
    if (event == json::parse_event_t::key && !open.empty()) {
      const std::string key = parsed.get<std::string>();
      if (!open.back().insert(key).second) problem = "the key " + in_quotes(key) + " stands twice; keep one";
    }
    return problem.empty();
  };
  json out = json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (!problem.empty()) return fail(Errc::invalid, problem);
  if (out.is_discarded()) return fail(Errc::invalid, "this is not well-formed JSON");
  if (!out.is_object()) return fail(Errc::invalid, "a resource is an object with the keys kind and name");
  return out;
}

JsonObject::JsonObject(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

bool JsonObject::has(std::string_view key) const {
  return object_.find(key) != object_.end();
}

bool JsonObject::has_bool(std::string_view key) const {
  const auto it = object_.find(key);
  return it != object_.end() && it->is_boolean();
}

const json* JsonObject::take(std::string_view key) {
  known_.emplace(key);
  const auto it = object_.find(key);
  return it == object_.end() ? nullptr : &*it;
}

void JsonObject::reject(std::string_view key, const std::string& problem) {
  if (problem_.empty()) problem_ = where_ + ": key '" + std::string(key) + "': " + problem;
}

std::string JsonObject::required_string(std::string_view key) {
  const json* value = take(key);
  if (value == nullptr) {
    reject(key, "is missing");
    return {};
  }
  if (!value->is_string()) {
    reject(key, "must be a string; put it in quotes");
    return {};
  }
  return value->get<std::string>();
}

std::string JsonObject::optional_text(std::string_view key) {
  if (!has(key)) return take(key), std::string();
  std::string text = required_string(key);
  const bool printable = std::none_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
  });
  if (!printable || text.size() > kMaxTextBytes || !base::is_utf8(text)) {
    reject(key, "must be one line of text, at most " + std::to_string(kMaxTextBytes) + " bytes");
    return {};
  }
  return text;
}

std::optional<bool> JsonObject::maybe_bool(std::string_view key) {
  const json* value = take(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) {
    reject(key, "must be true or false");
    return std::nullopt;
  }
  return value->get<bool>();
}

bool JsonObject::optional_bool(std::string_view key, bool otherwise) {
  return maybe_bool(key).value_or(otherwise);
}

std::optional<std::int64_t> JsonObject::maybe_amount(
    std::string_view key, const std::vector<std::pair<std::string_view, std::int64_t>>& units, const char* example) {
  const json* value = take(key);
  if (value == nullptr) return std::nullopt;
  std::int64_t amount = -1;
  if (value->is_number_unsigned()) {
    const auto wide = value->get<std::uint64_t>();
    if (wide <= static_cast<std::uint64_t>(kMaxAmount)) amount = static_cast<std::int64_t>(wide);
  } else if (value->is_string()) {
    const std::string word = value->get<std::string>();
    const std::size_t digits = word.find_first_not_of("0123456789");
    if (digits != std::string::npos && digits > 0 && digits <= 10) {
      for (const auto& [unit, factor] : units) {
        if (std::string_view(word).substr(digits) == unit) amount = std::stoll(word.substr(0, digits)) * factor;
      }
    }
  }
  if (amount < 0 || amount > kMaxAmount) {
    reject(key, std::string("must be a whole number or a word such as ") + example);
    return std::nullopt;
  }
  return amount;
}

std::optional<std::int64_t> JsonObject::maybe_seconds(std::string_view key) {
  const auto amount = maybe_amount(key, {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}, "30s, 15m, 8h, 2d");
  constexpr std::int64_t kTenYears = std::int64_t{3660} * 86400;
  if (amount && (*amount == 0 || *amount > kTenYears)) {
    reject(key, "must be between one second and ten years; leave it out for no limit");
    return std::nullopt;
  }
  return amount;
}

std::optional<std::int64_t> JsonObject::maybe_bytes(std::string_view key) {
  return maybe_amount(key,
                      {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", std::int64_t{1} << 40}},
                      "512KiB, 4MiB, 1GiB");
}

std::optional<std::int64_t> JsonObject::maybe_count(std::string_view key, std::int64_t most) {
  const json* value = take(key);
  if (value == nullptr) return std::nullopt;
  const std::uint64_t count = value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
  if (count == 0 || count > static_cast<std::uint64_t>(most)) {
    reject(key, "must be a whole number from 1 to " + std::to_string(most));
    return std::nullopt;
  }
  return static_cast<std::int64_t>(count);
}

std::vector<std::string> JsonObject::string_list(std::string_view key) {
  const json* value = take(key);
  if (value == nullptr) return {};
  if (!value->is_array()) {
    reject(key, "must be a list, such as [one, two]");
    return {};
  }
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const json& item : *value) {
    const std::string number = "item " + std::to_string(out.size() + 1);
    if (!item.is_string()) {
      reject(key, number + " must be a string; put it in quotes");
      return {};
    }
    out.push_back(item.get<std::string>());
    if (!seen.insert(out.back()).second) {
      reject(key, number + " stands there twice; keep one");
      return {};
    }
  }
  return out;
}

std::vector<std::string> JsonObject::name_list(std::string_view key, Every every) {
  std::vector<std::string> out = string_list(key);
  if (every == Every::accepted && out.size() == 1 && out.front() == kEvery) return out;
  for (const std::string& name : out) {
    if (name == kEvery) {
      reject(key, every == Every::accepted ? "'*' means every one, and stands alone" : "'*' cannot be used here");
      return {};
    }
    if (!is_name(name)) {
      reject(key, in_quotes(name) + " is no name: 1 to 64 of a-z 0-9 . _ - beginning with a letter or digit");
      return {};
    }
  }
  return out;
}

void JsonObject::not_yet(std::string_view key) {
  if (take(key) != nullptr) reject(key, "is not offered by this version and would not be enforced; take it out");
}

Status JsonObject::finish() {
  if (!problem_.empty()) return fail(Errc::invalid, problem_);
  for (const auto& [key, value] : object_.items()) {
    if (known_.contains(key)) continue;
    std::string all;
    for (const std::string& known : known_) all += (all.empty() ? "" : ", ") + known;
    return fail(Errc::invalid, where_ + ": there is no key " + in_quotes(key) + " here; there are " + all);
  }
  return {};
}

void nested(JsonObject& in, std::string_view key, const std::function<void(JsonObject&)>& read) {
  const json* value = in.take(key);
  if (value == nullptr) return;
  if (!value->is_object()) {
    in.reject(key, "must be an object");
    return;
  }
  JsonObject inner(*value, "in it");
  read(inner);
  if (const Status done = inner.finish(); !done) in.reject(key, done.message());
}

}  // namespace sallyport::policy
