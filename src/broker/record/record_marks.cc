// SPDX-License-Identifier: Apache-2.0
// Marks from audit events. Their bodies may have been changed by someone with access to the store: nothing in them is
// taken for granted.
#include "broker/record/record_marks.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace sallyport::broker {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& event, const char* name) {
  const auto found = event.find(name);
  return found != event.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<recording::Hash> hash_of(const Json& event, const char* name) {
  auto bytes = base::from_hex(text_of(event, name));
  recording::Hash out{};
  if (!bytes || bytes->size() != out.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

void take_chunk(const Json& event, recording::KnownRecord& known) {
  const auto number = event.find("chunk");
  const auto head = hash_of(event, "head");
  if (!head || number == event.end() || !number->is_number_unsigned()) return;
  recording::ChunkMark mark;
  mark.number = number->get<std::uint64_t>();
  mark.head_hash = *head;
  known.chunks.push_back(mark);
}

void take(const store::AuditRow& row, RecordMarks& out) {
  if (row.type == "session.end") out.ended = true;
  const Json event = Json::parse(row.body, nullptr, false);
  if (!event.is_object()) return;
  if (row.type == "recording.start") {
    if (!out.known.header) out.known.header = hash_of(event, "header");
    if (!out.keys) out.keys = hash_of(event, "keys");
  } else if (row.type == "recording.chunk") {
    take_chunk(event, out.known);
  } else if (row.type == "recording.damaged") {
    out.damage = text_of(event, "reason");
  } else if (const auto seal = hash_of(event, "seal");
             seal && (row.type == "session.end" || row.type == "recording.sealed")) {
    out.known.seals.push_back(*seal);
  }
}

}  // namespace

base::Result<RecordMarks> read_record_marks(store::Store& store, const std::string& session) {
  RecordMarks out;
  for (const char* type : {"recording.", "session.end"}) {
    store::AuditFilter filter;
    filter.session = session;
    filter.type = type;
    for (;;) {
      auto rows = store.list_audit(filter);
      if (!rows) return base::pass(rows);
      for (const store::AuditRow& row : *rows) take(row, out);
      if (static_cast<std::int64_t>(rows->size()) < filter.limit) break;
      filter.after_seq = rows->back().seq;
    }
  }
  return out;
}

}  // namespace sallyport::broker
