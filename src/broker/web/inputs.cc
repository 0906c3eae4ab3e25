// SPDX-License-Identifier: Apache-2.0
// Reading what a caller wrote.
#include "broker/web/inputs.h"

#include <charconv>
#include <utility>

namespace sallyport::broker::web {

namespace {

using Json = nlohmann::json;
using base::Errc;
using base::fail;

constexpr std::size_t kMaxItems = 10'000;

}  // namespace

Inputs::Inputs(const ipc::WebRequest& asked, BodyTree body, std::vector<std::string> places)
    : asked_(asked),
      tree_(std::move(body)),
      places_(std::move(places)),
      has_body_(tree_.has_object()),
      first_(tree_.fault()) {
  if (!has_body_) tree_.root() = Json::object();
}

void Inputs::wrong(std::string_view name, std::string_view what) {
  if (first_) first_ = fail(Errc::invalid, std::string(name) + " " + std::string(what));
}

const std::string* Inputs::find(std::string_view name) {
  used_.emplace(name);
  const std::string* out = nullptr;
  for (const auto& one : asked_.query()) {
    if (one.name() != name) continue;
    if (out != nullptr) wrong(name, "is given twice");
    out = &one.value();
  }
  return out;
}

std::string Inputs::text(std::string_view name) {
  const std::string* value = find(name);
  return value == nullptr ? std::string() : *value;
}

std::vector<std::string> Inputs::texts(std::string_view name) {
  used_.emplace(name);
  std::vector<std::string> out;
  for (const auto& one : asked_.query()) {
    if (one.name() == name) out.push_back(one.value());
  }
  return out;
}

bool Inputs::flag(std::string_view name) {
  const std::string* value = find(name);
  if (value == nullptr || *value == "false" || *value == "0") return false;
  if (*value != "true" && *value != "1") wrong(name, "is true or false");
  return true;
}

std::int64_t Inputs::number(std::string_view name, std::int64_t most) {
  const std::string* value = find(name);
  if (value == nullptr) return 0;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), out);
  if (error != std::errc() || end != value->data() + value->size() || value->empty() || out < 0 || out > most) {
    wrong(name, "is a number from 0 to " + std::to_string(most));
    return 0;
  }
  return out;
}

const Json* Inputs::member(std::string_view name) {
  fields_used_.emplace(name);
  const auto found = body().find(name);
  if (found == body().end() || found->is_null()) return nullptr;
  return &*found;
}

std::string Inputs::field(std::string_view name, Needed needed) {
  const Json* value = member(name);
  if (value == nullptr) {
    if (needed == Needed::yes) wrong(name, "is missing");
    return {};
  }
  if (!value->is_string()) {
    wrong(name, "is a text");
    return {};
  }
  const auto& out = value->get_ref<const std::string&>();
  if (needed == Needed::yes && out.empty()) wrong(name, "is empty");
  return out;
}

std::vector<std::string> Inputs::field_texts(std::string_view name) {
  std::vector<std::string> out;
  const Json* value = member(name);
  if (value == nullptr) return out;
  bool good = value->is_array() && value->size() <= kMaxItems;
  for (std::size_t i = 0; good && i < value->size(); ++i) {
    good = (*value)[i].is_string();
    if (good) out.push_back((*value)[i]);
  }
  if (!good) wrong(name, "is a list of texts");
  return out;
}

bool Inputs::field_flag(std::string_view name) {
  const Json* value = member(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) wrong(name, "is true or false");
  return value->is_boolean() && value->get<bool>();
}

std::int64_t Inputs::field_number(std::string_view name, std::int64_t most) {
  const Json* value = member(name);
  if (value == nullptr) return 0;
  const bool good = value->is_number_integer() &&
                    !(value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(most)) &&
                    value->get<std::int64_t>() >= 0 && value->get<std::int64_t>() <= most;
  if (!good) wrong(name, "is a whole number from 0 to " + std::to_string(most));
  return good ? value->get<std::int64_t>() : 0;
}

std::vector<std::int64_t> Inputs::field_numbers(std::string_view name, std::int64_t most) {
  std::vector<std::int64_t> out;
  const Json* value = member(name);
  if (value == nullptr) return out;
  bool good = value->is_array() && value->size() <= kMaxItems;
  for (std::size_t i = 0; good && i < value->size(); ++i) {
    const Json& one = (*value)[i];
    good = one.is_number_unsigned() && one.get<std::uint64_t>() <= static_cast<std::uint64_t>(most);
    if (good) out.push_back(one.get<std::int64_t>());
  }
  if (!good) wrong(name, "is a list of whole numbers");
  return out;
}

std::vector<ipc::ApplyItem> Inputs::resources(std::string_view name) {
  std::vector<ipc::ApplyItem> out;
  const Json* value = member(name);
  if (value == nullptr) return out;
  bool good = value->is_array() && value->size() <= kMaxItems;
  for (std::size_t i = 0; good && i < value->size(); ++i) {
    const Json& one = (*value)[i];
    good = one.is_object() && one.contains("resource") && one["resource"].is_object();
    if (!good) break;
    ipc::ApplyItem item;
    item.set_json(one["resource"].dump());
    if (one.contains("expected_version") && !one["expected_version"].is_null()) {
      const Json& version = one["expected_version"];
      good = version.is_number_unsigned() && version.get<std::uint64_t>() < (std::uint64_t{1} << 53);
      if (good) item.set_expected_version(version.get<std::int64_t>());
    }
    good = good && one.size() <= (one.contains("expected_version") ? 2U : 1U);
    out.push_back(std::move(item));
  }
  if (!good) wrong(name, "is a list of {resource: {…}, expected_version: a number, or left out}");
  return out;
}

std::string Inputs::whole_body_of(const std::string& kind, const std::string& name) {
  whole_ = true;
  if (!has_body_) wrong("the body", "is missing");
  Json& all = tree_.root();
  for (const auto& [key, value] : {std::pair<const char*, const std::string&>{"kind", kind}, {"name", name}}) {
    if (!all.contains(key)) all[key] = value;
    if (all[key] != value) wrong(key, "is another one in the body than in the address");
  }
  return all.dump();
}

std::optional<std::int64_t> Inputs::expected_version() {
  if (asked_.if_none_match() == "*") return 0;
  const std::string& tag = asked_.if_match();
  if (tag.empty()) return std::nullopt;
  std::int64_t out = 0;
  const char* first = tag.data() + 1;
  const char* last = tag.data() + tag.size() - 1;
  const bool quoted = tag.size() > 2 && tag.front() == '"' && tag.back() == '"';
  if (quoted) {
    const auto [end, error] = std::from_chars(first, last, out);
    if (error == std::errc() && end == last && out > 0) return out;
  }
  wrong("If-Match", "is no version of a resource");
  return std::nullopt;
}

base::Status Inputs::finish() {
  if (!first_) return first_;
  for (const auto& one : asked_.query()) {
    if (!used_.contains(one.name()))
      return fail(Errc::invalid, "the query has '" + one.name() + "', which means nothing here");
  }
  if (whole_) return {};
  for (const auto& [key, value] : body().items()) {
    if (!fields_used_.contains(key)) return fail(Errc::invalid, "the body has '" + key + "', which means nothing here");
  }
  return {};
}

}  // namespace sallyport::broker::web
