// SPDX-License-Identifier: Apache-2.0
// The walk over the audit log that finds what does not hold.
#include "audit/verify.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "audit/chain.h"
#include "audit/tip.h"
#include "base/text_time.h"

namespace sallyport::audit {

using base::Bytes;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::int64_t kBatch = 512;

/// A head and the chain that it claims.
struct Claim {
  enum class From { table, tip, elsewhere } from = From::table;
  Head head;

  std::string origin() const {
    return from == From::table ? "the signed head" : from == From::tip ? "the signed end" : "the head kept elsewhere";
  }
};

class Walk {
 public:
  Walk(store::Store& store, const VerifyOptions& options) : store_(store), options_(options) {}

  Result<Verdict> run();

 private:
  base::Status load();
  void check_tip(const Result<Head>& tip);
  void check_claim_signatures();
  bool check_row(const store::AuditRow& row);
  void check_fault(const store::AuditRow& row);
  bool check_claims_at(std::int64_t seq);
  void check_rest();
  bool broken(std::int64_t seq, const std::string& problem);

  store::Store& store_;
  const VerifyOptions& options_;
  std::multimap<std::int64_t, Claim> claims_;
  Verdict verdict_;
  std::int64_t end_ = 0;       // what is added while we walk is not looked at
  std::int64_t kept_seq_ = 0;  // of the last head that stays
  bool overdue_told_ = false;
  std::int64_t expected_seq_ = 1;
  Bytes chain_ = chain_start();
};

bool Walk::broken(std::int64_t seq, const std::string& problem) {
  seq = std::max<std::int64_t>(seq, 1);
  if (verdict_.broken_seq == 0 || seq < verdict_.broken_seq) {
    verdict_.broken_seq = seq;
    verdict_.problem = problem;
  }
  return false;
}

std::string event(std::int64_t seq) {
  return "event " + std::to_string(seq);
}

base::Status Walk::load() {
  const store::Store::Turn turn = store_.hold();  // the heads and the end must be of one moment
  Result<std::vector<store::AuditHeadRow>> rows = store_.list_audit_heads();
  if (!rows) return pass(rows);
  for (const store::AuditHeadRow& row : *rows) {
    claims_.emplace(row.seq, Claim{Claim::From::table, head_of(row)});
    kept_seq_ = row.seq;
  }
  for (const Head& head : options_.witnessed) claims_.emplace(head.seq, Claim{Claim::From::elsewhere, head});
  const Result<store::AuditRow> last = store_.last_audit();
  if (!last && last.error().code != base::Errc::not_found) return base::fail(last.error().code, last.error().message);
  if (last) end_ = last->seq;
  const Result<Head> tip = read_tip(store_);
  if (!tip && tip.error().code != base::Errc::not_found && tip.error().code != base::Errc::corrupt) {
    return base::fail(tip.error().code, tip.error().message);
  }
  check_tip(tip);
  return {};
}

void Walk::check_tip(const Result<Head>& tip) {
  if (tip) {
    claims_.emplace(tip->seq, Claim{Claim::From::tip, *tip});
    if (tip->seq >= end_) return;
    return (void)broken(tip->seq + 1, "the log was signed up to " + event(tip->seq) + ": " + event(tip->seq + 1) +
                                          " was added by somebody else");
  }
  if (tip.error().code == base::Errc::corrupt) return (void)broken(end_, "the signature over the log's end is damaged");
  if (end_ != 0) broken(end_, "the signature over the log's end, " + event(end_) + ", is gone");
}

void Walk::check_claim_signatures() {
  for (const auto& [seq, claim] : claims_) {
    const auto& trusted = options_.trusted_keys;
    const bool known =
        trusted.empty() || std::find(trusted.begin(), trusted.end(), claim.head.public_key) != trusted.end();
    if (!known) broken(seq, claim.origin() + " at " + event(seq) + " is signed by a key that is not trusted");
    if (!signature_holds(claim.head)) broken(seq, claim.origin() + " at " + event(seq) + " has no valid signature");
  }
}

bool Walk::check_row(const store::AuditRow& row) {
  if (row.seq != expected_seq_) return broken(expected_seq_, event(expected_seq_) + " is missing");
  const Result<Bytes> salt = base::from_base64(row.salt);
  const Bytes leaf = leaf_hash(salt ? *salt : Bytes{}, base::view(row.body));
  if (!salt || salt->size() != kSaltBytes || base::to_hex(leaf) != row.leaf) {
    return broken(row.seq, event(row.seq) + " was changed: its content does not match its hash");
  }
  Bytes chain = chain_hash(chain_, leaf);
  if (base::to_hex(chain) != row.chain) {
    return broken(row.seq, event(row.seq) + " does not continue the chain: it, or one before it, was replaced");
  }
  // The columns are what searches look at: they must say what the hashed body says.
  const json body = json::parse(row.body, nullptr, /*allow_exceptions=*/false);
  const auto is = [&](const char* key, const json& value) {
    return body.is_object() && body.value(key, json()) == value;
  };
  if (!is("seq", row.seq) || !is("time", base::to_rfc3339(row.time_us)) || !is("type", row.type) ||
      !is("actor", row.actor) || !is("session", row.session)) {
    return broken(row.seq, event(row.seq) + " was changed: its columns do not match its content");
  }
  chain_ = std::move(chain);
  ++expected_seq_;
  ++verdict_.events;
  if (row.type == kFaultType) check_fault(row);
  if (row.seq > kept_seq_ && row.time_us < options_.heads_due_us && !overdue_told_) {
    overdue_told_ = true;
    broken(row.seq, "no head was kept over " + event(row.seq) +
                        ", which is old enough for one: heads were taken away, "
                        "or the gateway cannot sign");
  }
  return check_claims_at(row.seq);
}

/// The chain holds here, but the gateway found at a start that it did not go on from what it had signed.
void Walk::check_fault(const store::AuditRow& row) {
  verdict_.faults.push_back(row.seq);
  const auto& known = options_.known_faults;
  if (std::find(known.begin(), known.end(), row.seq) != known.end()) return;
  const json body = json::parse(row.body, nullptr, /*allow_exceptions=*/false);
  const auto found = body.find("problem");
  broken(row.seq, "the gateway found at a start, and noted in " + event(row.seq) + ", that the log had been changed: " +
                      (found != body.end() && found->is_string() ? found->get<std::string>() : "it does not say how"));
}

bool Walk::check_claims_at(std::int64_t seq) {
  const auto [first, last] = claims_.equal_range(seq);
  for (auto it = first; it != last; ++it) {
    if (it->second.head.chain != chain_) {
      return broken(seq, event(seq) + " is not what " + it->second.origin() + " vouched for: the log was rewritten");
    }
    if (it->second.from != Claim::From::tip) ++verdict_.heads;
    verdict_.signed_seq = seq;
  }
  return true;
}

/// What vouches for events after the last one.
void Walk::check_rest() {
  if (claims_.empty() || claims_.rbegin()->first < expected_seq_) return;
  const auto& [seq, claim] = *claims_.rbegin();
  broken(expected_seq_, "the log ends at " + event(expected_seq_ - 1) + ", but " + claim.origin() + " vouches for " +
                            event(seq) + ": the end was cut off");
}

Result<Verdict> Walk::run() {
  if (base::Status loaded = load(); !loaded) return pass(loaded);
  check_claim_signatures();
  bool going = true;
  while (going && expected_seq_ <= std::max<std::int64_t>(end_, 1)) {
    store::AuditFilter filter;
    filter.after_seq = expected_seq_ - 1;
    filter.limit = kBatch;
    if (expected_seq_ == 1) filter.after_seq = INT64_MIN;  // events numbered before the first are no part of any log
    const Result<std::vector<store::AuditRow>> rows = store_.list_audit(filter);
    if (!rows) return base::fail(rows.error().code, rows.error().message);
    for (const store::AuditRow& row : *rows) {
      if (row.seq > end_) break;
      going = check_row(row);
      if (!going) break;
    }
    if (static_cast<std::int64_t>(rows->size()) < kBatch) break;
  }
  if (going) check_rest();
  verdict_.ok = verdict_.broken_seq == 0;
  verdict_.chain = chain_;
  return verdict_;
}

}  // namespace

Result<Verdict> verify(store::Store& store, const VerifyOptions& options) {
  return Walk(store, options).run();
}

}  // namespace sallyport::audit
