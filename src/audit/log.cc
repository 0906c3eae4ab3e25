// SPDX-License-Identifier: Apache-2.0
// Appending to the audit log and reading it.
#include "audit/log.h"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>

#include "audit/chain.h"
#include "base/escape.h"
#include "base/text_time.h"

namespace sallyport::audit {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxFieldBytes = 16 * 1024;

/// What a database and JSON can hold of any bytes: UTF-8 without NUL, or else escaped so that nothing is lost.
std::string storable(const std::string& text) {
  if (text.size() <= kMaxFieldBytes && text.find('\0') == std::string::npos && base::is_utf8(text)) return text;
  return base::escape_for_terminal(text, kMaxFieldBytes);
}

json value_json(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return storable(*text);
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    json out = json::array();
    for (const std::string& item : *list) out.push_back(storable(item));
    return out;
  }
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  return std::get<std::int64_t>(value);
}

/// A text that does not fit is bound all the same: whoever has it can show that it is the one.
void add_what_was_cut(json& out, const Field& field) {
  const auto* text = std::get_if<std::string>(&field.value);
  if (text == nullptr || text->size() <= kMaxFieldBytes) return;
  out[field.name + "_bytes"] = text->size();
  out[field.name + "_sha256"] = text_hash(*text);
}

/// Keys sorted (nlohmann's objects are), no blanks, UTF-8 as it is: one event has one form.
std::string body_of(const store::AuditRow& row, const Event& event) {
  json out = json::object();
  for (const Field& field : event.fields) {
    assert(!field.name.empty() && field.name != "seq" && field.name != "time" && field.name != "type" &&
           field.name != "actor" && field.name != "session" && "a field takes the place of a fixed one");
    out[field.name] = value_json(field.value);
    add_what_was_cut(out, field);
  }
  out["seq"] = row.seq;
  out["time"] = base::to_rfc3339(row.time_us);
  out["type"] = row.type;
  out["actor"] = row.actor;
  out["session"] = row.session;
  return out.dump();
}

Entry entry_of(store::AuditRow row) {
  return {row.seq,
          row.time_us,
          std::move(row.type),
          std::move(row.actor),
          std::move(row.session),
          std::move(row.body),
          std::move(row.chain)};
}

Result<Bytes> chain_of(const store::AuditRow& row) {
  Result<Bytes> chain = base::from_hex(row.chain);
  if (!chain || chain->size() != kHashBytes) {
    return fail(Errc::corrupt, "audit: event " + std::to_string(row.seq) + " has no readable hash; run audit verify");
  }
  return chain;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(store::Store& store, const base::Clock& clock, base::Random& random) {
  const Result<store::AuditRow> last = store.last_audit();
  if (!last && last.error().code != Errc::not_found) return fail(last.error().code, last.error().message);
  if (last) {
    if (Result<Bytes> chain = chain_of(*last); !chain) return pass(chain);
  }
  return std::unique_ptr<Log>(new Log(store, clock, random));
}

Result<Entry> Log::append(const Event& event) {
  Result<std::vector<Entry>> entries = append(std::span(&event, 1));
  if (!entries) return pass(entries);
  return std::move(entries->front());
}

Result<std::vector<Entry>> Log::append(std::span<const Event> events) {
  std::vector<Entry> out;
  Status done = store_.transaction([&]() -> Status {
    Result<store::AuditRow> last = store_.last_audit();
    if (!last && last.error().code != Errc::not_found) return pass(last);
    std::int64_t seq = last ? last->seq : 0;
    Bytes chain = chain_start();
    if (last) {
      Result<Bytes> previous = chain_of(*last);
      if (!previous) return pass(previous);
      chain = std::move(*previous);
    }
    std::vector<store::AuditRow> rows;
    rows.reserve(events.size());
    for (const Event& event : events) {
      store::AuditRow& row = rows.emplace_back();
      row.seq = ++seq;
      row.time_us = clock_.now_us();
      row.type = storable(event.type);
      row.actor = storable(event.actor);
      row.session = storable(event.session);
      row.body = body_of(row, event);
      const Bytes salt = random_.bytes(kSaltBytes);
      const Bytes leaf = leaf_hash(salt, base::view(row.body));
      chain = chain_hash(chain, leaf);
      row.salt = base::to_base64(salt);
      row.leaf = base::to_hex(leaf);
      row.chain = base::to_hex(chain);
    }
    if (Status appended = store_.append_audit(rows); !appended) return appended;
    for (store::AuditRow& row : rows) out.push_back(entry_of(std::move(row)));
    return {};
  });
  if (!done) return pass(done);
  return out;
}

Result<Head> Log::sign_head(ByteView public_key, const Signer& sign) {
  Head head;
  Status done = store_.transaction([&]() -> Status {
    Result<store::AuditRow> last = store_.last_audit();
    if (!last) return pass(last);
    Result<Bytes> chain = chain_of(*last);
    if (!chain) return pass(chain);
    head.seq = last->seq;
    head.chain = std::move(*chain);
    Result<std::vector<store::AuditHeadRow>> heads = store_.list_audit_heads();
    if (!heads) return pass(heads);
    if (!heads->empty() && heads->back().seq == head.seq) {
      const store::AuditHeadRow& row = heads->back();
      Result<Bytes> key = base::from_base64(row.public_key);
      Result<Bytes> signature = base::from_base64(row.signature);
      if (!key || !signature) return fail(Errc::corrupt, "audit: the last head is unreadable; run audit verify");
      head.time_us = row.time_us;
      head.public_key = std::move(*key);
      head.signature = std::move(*signature);
      return {};
    }
    head.time_us = clock_.now_us();
    head.public_key = base::to_bytes(public_key);
    Result<Bytes> signature = sign(head_message(head.seq, head.time_us, head.chain));
    if (!signature) return pass(signature);
    head.signature = std::move(*signature);
    return store_.append_audit_head({head.seq, head.time_us, base::to_hex(head.chain), base::to_base64(head.public_key),
                                     base::to_base64(head.signature)});
  });
  if (!done) return pass(done);
  return head;
}

Result<std::vector<Entry>> list(store::Store& store, const store::AuditFilter& filter) {
  Result<std::vector<store::AuditRow>> rows = store.list_audit(filter);
  if (!rows) return pass(rows);
  std::vector<Entry> out;
  out.reserve(rows->size());
  for (store::AuditRow& row : *rows) out.push_back(entry_of(std::move(row)));
  return out;
}

Result<std::vector<Entry>> tail(store::Store& store, std::int64_t n) {
  store::AuditFilter filter;
  filter.limit = n;
  filter.order = store::AuditFilter::Order::newest_first;
  Result<std::vector<Entry>> entries = list(store, filter);
  if (entries) std::reverse(entries->begin(), entries->end());
  return entries;
}

}  // namespace sallyport::audit
