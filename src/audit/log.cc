// SPDX-License-Identifier: Apache-2.0
// Appending to the audit log and reading it.
#include "audit/log.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "audit/tip.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/text_time.h"
#include "ledger/chain.h"
#include "ledger/walk.h"

namespace sallyport::audit {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using nlohmann::json;

namespace {

// JSON doubles what it must escape of such a text, at most: a few of them fit one message to a reader.
constexpr std::size_t kMaxFieldBytes = 8 * 1024;

struct Stored {
  std::string text;
  bool whole = true;
};

constexpr std::size_t kMostSettled = 64;  // outcomes of commits that nobody has asked for

/// What a database and JSON can hold of any bytes: UTF-8 without NUL, or else escaped so that nothing is lost but what
/// is too long. Control characters, which JSON writes as six, count as what they become.
Stored stored(const std::string& text) {
  if (text.size() <= kMaxFieldBytes && text.find('\0') == std::string::npos && base::is_utf8(text) &&
      json(text).dump().size() <= 2 * kMaxFieldBytes) {
    return {text};
  }
  const std::size_t at_most = 4 * text.size();
  std::string escaped = base::escape_for_terminal(text, at_most);
  if (escaped.size() <= kMaxFieldBytes) return {std::move(escaped)};
  return {base::escape_for_terminal(text, kMaxFieldBytes), false};
}

std::string storable(const std::string& text) {
  return stored(text).text;
}

/// Of what is no text.
json value_json(const Value& value) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    json out = json::array();
    for (const std::string& item : *list) out.push_back(storable(item));
    return out;
  }
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  return std::get<std::int64_t>(value);
}

/// A text that does not fit is bound all the same: whoever has it can show that it is the one.
void add_text(json& out, const std::string& name, const std::string& text) {
  Stored kept = stored(text);
  out[name] = std::move(kept.text);
  if (kept.whole) return;
  out[name + "_bytes"] = text.size();
  out[name + "_sha256"] = ledger::text_hash(text);
}

/// Keys sorted (nlohmann's objects are), no blanks, UTF-8 as it is: one event has one form.
std::string body_of(const store::AuditRow& row, const Event& event, const std::string& node) {
  json out = json::object();
  for (const Field& field : event.fields) {
    assert(!field.name.empty() && field.name != "node" && field.name != "seq" && field.name != "time" &&
           field.name != "type" && field.name != "actor" && field.name != "session" &&
           "a field takes the place of a fixed one");
    if (const auto* text = std::get_if<std::string>(&field.value)) {
      add_text(out, field.name, *text);
    } else {
      out[field.name] = value_json(field.value);
    }
  }
  if (event.happened_us != 0 && row.time_us - event.happened_us > kLateUs) {
    out["happened_at"] = base::to_rfc3339(event.happened_us);
  }
  out["node"] = node;
  out["seq"] = row.seq;
  out["time"] = base::to_rfc3339(row.time_us);
  out["type"] = row.type;
  out["actor"] = row.actor;
  out["session"] = row.session;
  return out.dump();
}

Entry entry_of(store::AuditRow row) {
  return {std::move(row.node),  row.seq,
          row.time_us,          std::move(row.type),
          std::move(row.actor), std::move(row.session),
          std::move(row.body),  std::move(row.chain)};
}

/// What the next event is chained to. An unreadable hash is nothing to go on from: the fault is noted, and verify()
/// names the event.
Bytes chain_after(const std::string& stored) {
  Result<Bytes> chain = base::from_hex(stored);
  return chain && chain->size() == ledger::kHashBytes ? std::move(*chain) : ledger::chain_start();
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(store::Store& store, const base::Clock& clock, base::Random& random,
                                       Signer signer) {
  const store::Store::Turn turn = store.hold();
  std::unique_ptr<Log> log(new Log(store, clock, random, std::move(signer)));
  if (Status taken = log->take_up(); !taken) return pass(taken);
  return log;
}

Status Log::take_up() {
  Result<Ending> ending = look_at_ending(store_, signer_.public_key);
  if (!ending) return pass(ending);
  end_ = {ending->seq, ending->chain, ending->tip.value_or(Head{})};
  if (ending->problem.empty()) return {};
  std::vector<Field> fields = {
      {"problem", ending->problem}, {"found_seq", ending->seq}, {"found_chain", ending->chain}};
  if (ending->tip) {
    fields.push_back({"signed_seq", ending->tip->seq});
    fields.push_back({"signed_chain", base::to_hex(ending->tip->chain)});
  }
  return note_fault(std::move(fields));
}

Status Log::note_fault(std::vector<Field> fields) {
  base::log_error("THE AUDIT LOG IS NOT WHAT THIS NODE WROTE: " + std::get<std::string>(fields.front().value) +
                  "; run sallyport audit verify, and see docs/threat-model.md");
  if (Result<Entry> noted = append({ledger::kFaultType, "sallyport", "", std::move(fields)}); !noted)
    return pass(noted);
  return {};
}

Status Log::begin(History history) {
  const store::Store::Turn turn = store_.hold();
  if (end_.seq != 0) return {};
  if (history == History::some) {
    return note_fault({{"problem", "the log is empty, though this node has been started on this store before"}});
  }
  Result<Entry> begun = append({"audit.begin", "sallyport", "", {{"node_key", base::to_base64(signer_.public_key)}}});
  if (!begun) return pass(begun);
  return {};
}

/// In a transaction.
Result<Log::End> Log::current_end() {
  Result<store::AuditRow> last = store_.last_audit();
  if (!last && last.error().code != Errc::not_found) return pass(last);
  const std::int64_t seq = last ? last->seq : 0;
  const std::string chain = last ? std::move(last->chain) : std::string();
  const auto is = [&](const End& end) { return end.seq == seq && end.chain == chain; };
  if (!pending_ && doubtful_) {
    const bool stayed = is(*doubtful_);
    if (stayed) end_ = std::move(*doubtful_);
    doubtful_.reset();
    settled_[doubts_] = stayed;
    while (settled_.size() > kMostSettled) settled_.erase(settled_.begin());
  }
  const End& expected = pending_ ? *pending_ : end_;
  if (is(expected)) return expected;
  return fail(Errc::corrupt, "audit: the log was changed behind the gateway's back: it was written up to event " +
                                 std::to_string(expected.seq) + ", and now ends otherwise, at event " +
                                 std::to_string(seq) +
                                 "; nothing is added to it. Keep the database as evidence, then restart");
}

Result<Head> Log::sign(ledger::Says says, std::int64_t seq, base::Micros time_us, ByteView chain) {
  Head head{seq, time_us, base::to_bytes(chain), signer_.public_key, {}};
  Result<Bytes> signature = signer_.sign(ledger::head_message(says, head.seq, head.time_us, head.chain));
  if (!signature) return pass(signature);
  head.signature = std::move(*signature);
  return head;
}

void Log::now_ends_with(End end, std::span<const Entry> added) {
  if (!pending_) store_.when_ended([this](store::Store::Outcome outcome) { ended(outcome); });
  pending_ = std::move(end);
  for (const Entry& entry : added) pending_types_.push_back(entry.type);
}

void Log::ended(store::Store::Outcome outcome) {
  if (outcome == store::Store::Outcome::committed) {
    end_ = std::move(*pending_);
    const std::lock_guard lock(counts_mutex_);
    for (const std::string& type : pending_types_) ++counts_[type];
  }
  pending_types_.clear();
  if (outcome == store::Store::Outcome::unknown) {
    doubtful_ = std::move(*pending_);
    ++doubts_;
  }
  pending_.reset();
}

std::optional<std::uint64_t> Log::doubt() const {
  if (!doubtful_) return std::nullopt;
  return doubts_;
}

Result<bool> Log::settled(std::uint64_t doubt) {
  const store::Store::Turn turn = store_.hold();
  if (doubtful_ && doubts_ == doubt) {
    const Status looked = store_.transaction([&]() -> Status {
      Result<End> end = current_end();
      if (!end && settled_.find(doubt) == settled_.end()) return pass(end);
      return {};
    });
    if (!looked) return fail(looked.error().code, looked.error().message);
  }
  const auto found = settled_.find(doubt);
  if (found == settled_.end()) return fail(Errc::internal, "audit: nothing is known of this commit");
  const bool stayed = found->second;
  settled_.erase(found);
  return stayed;
}

Result<Entry> Log::append(const Event& event) {
  Result<std::vector<Entry>> entries = append(std::span(&event, 1));
  if (!entries) return pass(entries);
  return std::move(entries->front());
}

Result<std::vector<Entry>> Log::append(std::span<const Event> events) {
  std::vector<Entry> out;
  if (events.empty()) return out;
  Status done = store_.transaction([&]() -> Status {
    out.clear();
    Result<End> end = current_end();
    if (!end) return pass(end);
    std::int64_t seq = end->seq;
    if (seq > INT64_MAX - static_cast<std::int64_t>(events.size())) {
      return fail(Errc::corrupt, "audit: an event has a number after which none can come");
    }
    Bytes chain = chain_after(end->chain);
    std::vector<store::AuditRow> rows;
    rows.reserve(events.size());
    for (const Event& event : events) {
      store::AuditRow& row = rows.emplace_back();
      row.node = store_.node();
      row.seq = ++seq;
      row.time_us = clock_.now_us();
      row.type = storable(event.type);
      row.actor = storable(event.actor);
      row.session = storable(event.session);
      row.body = body_of(row, event, store_.node());
      const Bytes salt = random_.bytes(ledger::kSaltBytes);
      const Bytes leaf = ledger::leaf_hash(salt, base::view(row.body));
      chain = ledger::chain_hash(chain, leaf);
      row.salt = base::to_base64(salt);
      row.leaf = base::to_hex(leaf);
      row.chain = base::to_hex(chain);
    }
    Result<Head> head = sign(ledger::Says::ends, seq, clock_.now_us(), chain);
    if (!head) return pass(head);
    if (Status appended = store_.append_audit(rows); !appended) return appended;
    if (Status tipped = write_tip(store_, *head); !tipped) return tipped;
    std::string last = rows.back().chain;
    for (store::AuditRow& row : rows) out.push_back(entry_of(std::move(row)));
    now_ends_with({seq, std::move(last), std::move(*head)}, out);
    return {};
  });
  if (!done) return pass(done);
  return out;
}

std::map<std::string, std::uint64_t> Log::counts() const {
  const std::lock_guard lock(counts_mutex_);
  return counts_;
}

Result<Head> Log::keep_head() {
  Head head;
  Status done = store_.transaction([&]() -> Status {
    Result<End> end = current_end();
    if (!end) return pass(end);
    if (end->seq == 0) return fail(Errc::not_found, "the audit log is empty");
    // Of the same moment: Ed25519 then gives the same signature again.
    Result<Head> signed_head = sign(ledger::Says::reached, end->seq, end->head.time_us, end->head.chain);
    if (!signed_head) return pass(signed_head);
    head = std::move(*signed_head);
    const store::AuditHeadRow row = row_of(head);
    Result<store::AuditHeadRow> last = store_.last_audit_head();
    if (!last && last.error().code != Errc::not_found) return pass(last);
    if (!last || last->seq != row.seq) return store_.append_audit_head(row);
    if (last->signature == row.signature) return {};
    return fail(Errc::corrupt, "audit: another head stands where the last one belongs; run audit verify");
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
