// SPDX-License-Identifier: Apache-2.0
// The walk over the store's log, which also holds its columns to what was hashed.
#include "audit/verify.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/tip.h"
#include "base/text_time.h"
#include "ledger/chain.h"

namespace sallyport::audit {

using base::Bytes;
using base::Result;
using ledger::Claim;
using ledger::event_name;
using nlohmann::json;

namespace {

constexpr std::int64_t kBatch = 512;

class StoreWalk {
 public:
  StoreWalk(store::Store& store, const VerifyOptions& options)
      : store_(store), options_(options), walk_(options.trusted_keys, options.known_faults) {}

  Result<Verdict> run();

 private:
  base::Status load();
  void check_tip(const Result<Head>& tip);
  bool check_row(const store::AuditRow& row);

  store::Store& store_;
  const VerifyOptions& options_;
  ledger::Walk walk_;
  std::int64_t end_ = 0;       // what is added while we walk is not looked at
  std::int64_t kept_seq_ = 0;  // of the last head that stays
  bool overdue_told_ = false;
};

base::Status StoreWalk::load() {
  const store::Store::Turn turn = store_.hold();  // the heads and the end must be of one moment
  Result<std::vector<store::AuditHeadRow>> rows = store_.list_audit_heads(options_.node);
  if (!rows) return pass(rows);
  for (const store::AuditHeadRow& row : *rows) {
    walk_.claim(Claim::kept, head_of(row));
    kept_seq_ = row.seq;
  }
  for (const Head& head : options_.witnessed) walk_.claim(Claim::elsewhere, head);
  const Result<store::AuditRow> last = store_.last_audit(options_.node);
  if (!last && last.error().code != base::Errc::not_found) return base::fail(last.error().code, last.error().message);
  if (last) end_ = last->seq;
  const Result<Head> tip = read_tip(store_, options_.node);
  if (!tip && tip.error().code != base::Errc::not_found && tip.error().code != base::Errc::corrupt) {
    return base::fail(tip.error().code, tip.error().message);
  }
  check_tip(tip);
  return {};
}

void StoreWalk::check_tip(const Result<Head>& tip) {
  if (tip) {
    walk_.claim(Claim::end, *tip);
    if (tip->seq >= end_) return;
    return (void)walk_.broken(tip->seq + 1, "the log was signed up to " + event_name(tip->seq) + ": " +
                                                event_name(tip->seq + 1) + " was added by somebody else");
  }
  if (tip.error().code == base::Errc::corrupt) {
    return (void)walk_.broken(end_, "the signature over the log's end is damaged");
  }
  if (end_ != 0) walk_.broken(end_, "the signature over the log's end, " + event_name(end_) + ", is gone");
}

bool StoreWalk::check_row(const store::AuditRow& row) {
  if (row.seq == walk_.expected_seq()) {
    const Result<Bytes> salt = base::from_base64(row.salt);
    const Bytes leaf = ledger::leaf_hash(salt ? *salt : Bytes{}, base::view(row.body));
    if (base::to_hex(leaf) != row.leaf) {
      return walk_.broken(row.seq, event_name(row.seq) + " was changed: its content does not match its hash");
    }
  }
  if (!walk_.check({row.seq, row.body, row.salt, row.chain})) return false;
  // The columns are what searches look at: they must say what the hashed body says. Whose log it is, the signatures
  // say.
  const json body = json::parse(row.body, nullptr, /*allow_exceptions=*/false);
  const auto is = [&](const char* key, const json& value) {
    return body.is_object() && body.value(key, json()) == value;
  };
  if (!is("seq", row.seq) || !is("time", base::to_rfc3339(row.time_us)) || !is("type", row.type) ||
      !is("actor", row.actor) || !is("session", row.session)) {
    return walk_.broken(row.seq, event_name(row.seq) + " was changed: its columns do not match its content");
  }
  if (row.seq > kept_seq_ && row.time_us < options_.heads_due_us && !overdue_told_) {
    overdue_told_ = true;
    walk_.broken(row.seq, "no head was kept over " + event_name(row.seq) +
                              ", which is old enough for one: heads were taken away, "
                              "or the gateway cannot sign");
  }
  return true;
}

Result<Verdict> StoreWalk::run() {
  if (base::Status loaded = load(); !loaded) return pass(loaded);
  store::Store& events = options_.pages != nullptr ? *options_.pages : store_;
  bool going = true;
  while (going && walk_.expected_seq() <= std::max<std::int64_t>(end_, 1)) {
    store::AuditFilter filter;
    filter.after_seq = walk_.expected_seq() - 1;
    filter.node = options_.node;
    filter.limit = kBatch;
    if (walk_.expected_seq() == 1) filter.after_seq = INT64_MIN;  // events before the first are no part of any log
    const Result<std::vector<store::AuditRow>> rows = events.list_audit(filter);
    if (!rows) return base::fail(rows.error().code, rows.error().message);
    for (const store::AuditRow& row : *rows) {
      if (row.seq > end_) break;
      going = check_row(row);
      if (!going) break;
    }
    if (static_cast<std::int64_t>(rows->size()) < kBatch) break;
  }
  return walk_.finish();
}

}  // namespace

Result<Verdict> verify(store::Store& store, const VerifyOptions& options) {
  return StoreWalk(store, options).run();
}

}  // namespace sallyport::audit
