// SPDX-License-Identifier: Apache-2.0
// Keeping the signed end of the log, and judging what stands there at a start.
#include "audit/tip.h"
#include "ledger/chain.h"

#include <algorithm>

namespace sallyport::audit {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

std::string tip_setting(std::string_view node) {
  return "audit.tip." + std::string(node);
}

std::string event(std::int64_t seq) {
  return "event " + std::to_string(seq);
}

bool is_ours(const Head& head, ledger::Says says, ByteView public_key) {
  return std::equal(head.public_key.begin(), head.public_key.end(), public_key.begin(), public_key.end()) &&
         signature_holds(head, says);
}

/// Whether the last event is what its hashes say. The one before is taken at its word.
Result<bool> last_event_holds(store::Store& store, const store::AuditRow& last) {
  store::AuditFilter filter;
  filter.after_seq = last.seq > 1 ? last.seq - 2 : 0;
  const Result<std::vector<store::AuditRow>> rows = store.list_audit(filter);
  if (!rows) return fail(rows.error().code, rows.error().message);
  Result<Bytes> before = ledger::chain_start();
  if (last.seq > 1) {
    if (rows->size() != 2) return false;
    before = base::from_hex(rows->front().chain);
  }
  const Result<Bytes> salt = base::from_base64(last.salt);
  if (!before || !salt) return false;
  const Bytes leaf = ledger::leaf_hash(*salt, base::view(last.body));
  return base::to_hex(leaf) == last.leaf && base::to_hex(ledger::chain_hash(*before, leaf)) == last.chain;
}

std::string problem_of_tip(const Ending& ending, const Result<Head>& tip) {
  if (!tip && tip.error().code == Errc::not_found) {
    return ending.seq == 0 ? "" : "the signature over its end, " + event(ending.seq) + ", is gone";
  }
  if (!tip) return "the signature over its end is damaged";
  if (!ending.tip) return "the signature over its end is not this node's";
  if (tip->seq == ending.seq && base::to_hex(tip->chain) == ending.chain) return "";
  if (tip->seq == ending.seq) return event(ending.seq) + " is not the one that this node signed as the last";
  return "this node signed " + event(tip->seq) + " as the last, but the log ends at " + event(ending.seq);
}

/// The last head that stays must still be what the log says at that place.
Result<std::string> problem_of_head(store::Store& store, const Ending& ending, ByteView public_key) {
  const Result<store::AuditHeadRow> row = store.last_audit_head();
  if (!row && row.error().code == Errc::not_found) return std::string();
  if (!row) return fail(row.error().code, row.error().message);
  const Head head = head_of(*row);
  if (!is_ours(head, ledger::Says::reached, public_key))
    return "the last signed head, at " + event(head.seq) + ", is not this node's";
  if (head.seq > ending.seq) return "a signed head vouches for " + event(head.seq) + ", which is gone";
  store::AuditFilter filter;
  filter.after_seq = head.seq - 1;
  filter.limit = 1;
  const Result<std::vector<store::AuditRow>> rows = store.list_audit(filter);
  if (!rows) return fail(rows.error().code, rows.error().message);
  if (rows->empty() || rows->front().seq != head.seq || rows->front().chain != row->chain) {
    return event(head.seq) + " is not what the last signed head vouched for";
  }
  return std::string();
}

}  // namespace

Result<Head> read_tip(store::Store& store, std::string_view node) {
  const Result<std::string> text = store.get_setting(tip_setting(node.empty() ? store.node() : node));
  if (!text) return fail(text.error().code, text.error().message);
  Result<Head> head = ledger::head_from_json(*text);
  if (!head) return fail(Errc::corrupt, "audit: the signed end of the log is unreadable");
  return head;
}

Status write_tip(store::Store& store, const Head& head) {
  return store.put_setting(tip_setting(store.node()), ledger::to_json(head));
}

store::AuditHeadRow row_of(const Head& head) {
  return {head.seq, head.time_us, base::to_hex(head.chain), base::to_base64(head.public_key),
          base::to_base64(head.signature)};
}

Head head_of(const store::AuditHeadRow& row) {
  Head head{row.seq, row.time_us, {}, {}, {}};
  if (auto bytes = base::from_hex(row.chain)) head.chain = std::move(*bytes);
  if (auto bytes = base::from_base64(row.public_key)) head.public_key = std::move(*bytes);
  if (auto bytes = base::from_base64(row.signature)) head.signature = std::move(*bytes);
  return head;
}

Result<Ending> look_at_ending(store::Store& store, ByteView public_key) {
  Ending out;
  const Result<store::AuditRow> last = store.last_audit();
  if (!last && last.error().code != Errc::not_found) return fail(last.error().code, last.error().message);
  if (last) {
    out.seq = last->seq;
    out.chain = last->chain;
  }
  Result<Head> tip = read_tip(store);
  if (!tip && tip.error().code != Errc::not_found && tip.error().code != Errc::corrupt) return pass(tip);
  if (tip && is_ours(*tip, ledger::Says::ends, public_key)) out.tip = *tip;
  out.problem = problem_of_tip(out, tip);
  if (!out.problem.empty()) return out;
  if (last) {
    const Result<bool> holds = last_event_holds(store, *last);
    if (!holds) return fail(holds.error().code, holds.error().message);
    if (!*holds) out.problem = event(last->seq) + " was changed: its content does not match its hash";
    if (!out.problem.empty()) return out;
  }
  Result<std::string> problem = problem_of_head(store, out, public_key);
  if (!problem) return pass(problem);
  out.problem = std::move(*problem);
  return out;
}

}  // namespace sallyport::audit
