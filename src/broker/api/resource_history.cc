// SPDX-License-Identifier: Apache-2.0
// The versions of a resource, who made them, and what each changed. Trusted side; they change nothing.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "broker/api/handlers.h"
#include "policy/differences.h"
#include "policy/resource.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxChangesBytes = 32 * 1024;  // of one version, in a list of versions

Json value_of(const std::string& json) {
  return json.empty() ? Json() : Json::parse(json, nullptr, false);
}

Json change_json(const policy::Difference& one) {
  return {{"path", one.path}, {"before", value_of(one.before)}, {"after", value_of(one.after)}};
}

base::Result<Json> version_json(const std::string& before, const store::ResourceRow& row) {
  const auto changes = policy::differences(before, row.json);
  if (!changes) return base::fail(base::Errc::corrupt, row.kind + " " + row.name + ": " + changes.message());
  Json out{{"version", row.version},
           {"time", base::to_rfc3339(row.updated_at_us)},
           {"author", row.author},
           {"action", row.json.empty() ? "deleted"
                      : before.empty() ? "created"
                                       : "updated"},
           {"changes", Json::array()}};
  std::size_t bytes = 0, shown = 0;
  for (const policy::Difference& one : *changes) {
    Json change = change_json(one);
    bytes += change.dump().size();
    if (bytes > kMaxChangesBytes) break;
    out["changes"].push_back(std::move(change));
    ++shown;
  }
  out["left_out"] = changes->size() - shown;
  return out;
}

base::Result<std::vector<store::ResourceRow>> versions_of(store::Store& reader, const std::string& kind,
                                                          const std::string& name) {
  auto rows = reader.resource_history(kind, name);
  if (rows && rows->empty()) return base::fail(base::Errc::not_found, "there never was a " + kind + " " + name);
  return rows;
}

base::Result<Answer> history(store::Store& reader, const std::string& kind, const std::string& name) {
  const auto rows = versions_of(reader, kind, name);
  if (!rows) return base::fail(rows.error().code, rows.error().message);
  Answer out;
  std::string before;
  for (const store::ResourceRow& row : *rows) {
    auto version = version_json(before, row);
    if (!version) return base::pass(version);
    out.add(version->dump(-1, ' ', false, Json::error_handler_t::replace));
    before = row.json;
  }
  return out;
}

// Version 0 is nothing.
base::Result<std::string> text_of(const std::vector<store::ResourceRow>& rows, std::int64_t version) {
  if (version == 0) return std::string();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.version == version; });
  if (found != rows.end()) return found->json;
  return base::fail(base::Errc::not_found, "there is no version " + std::to_string(version) +
                                               "; the versions are 1 to " + std::to_string(rows.back().version));
}

base::Result<Answer> diff(store::Store& reader, const std::string& kind, const std::string& name, std::int64_t from,
                          std::int64_t to) {
  const auto rows = versions_of(reader, kind, name);
  if (!rows) return base::fail(rows.error().code, rows.error().message);
  if (to == 0) to = rows->back().version;
  if (from < 0) from = to - 1;
  auto before = text_of(*rows, from);
  if (!before) return base::pass(before);
  auto after = text_of(*rows, to);
  if (!after) return base::pass(after);
  const auto changes = policy::differences(*before, *after);
  if (!changes) return base::fail(base::Errc::corrupt, kind + " " + name + ": " + changes.message());
  Answer out;
  for (const policy::Difference& one : *changes) {
    out.add(change_json(one).dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  out.done = Json{{"from", from}, {"to", to}}.dump();
  return out;
}

}  // namespace

void resource_history(const ExchangePtr& exchange, ipc::ResourceHistory& asked) {
  if (auto known = policy::kind_from(asked.kind()); !known) return exchange->fail(known.error());
  exchange->answer_read(
      [kind = asked.kind(), name = asked.name()](store::Store& reader) { return history(reader, kind, name); });
}

void resource_diff(const ExchangePtr& exchange, ipc::ResourceDiff& asked) {
  if (auto known = policy::kind_from(asked.kind()); !known) return exchange->fail(known.error());
  exchange->answer_read(
      [asked](store::Store& reader) { return diff(reader, asked.kind(), asked.name(), asked.from(), asked.to()); });
}

}  // namespace sallyport::broker::api
