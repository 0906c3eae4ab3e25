// SPDX-License-Identifier: Apache-2.0
// The walk over the audit log that finds what does not hold.
#include "audit/verify.h"

#include <sodium.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "audit/chain.h"
#include "base/text_time.h"

namespace sallyport::audit {

using base::Bytes;
using base::Result;
using nlohmann::json;

namespace {

constexpr std::int64_t kBatch = 512;

/// A head, from this log or kept elsewhere, with the chain that it claims.
struct Claim {
  Head head;
  std::string origin;
};

class Walk {
 public:
  Walk(store::Store& store, const VerifyOptions& options) : store_(store), options_(options) {}

  Result<Verdict> run();

 private:
  base::Status load_claims();
  void check_claim_signatures();
  bool check_row(const store::AuditRow& row);
  bool check_claims_at(std::int64_t seq);
  bool broken(std::int64_t seq, const std::string& problem);

  store::Store& store_;
  const VerifyOptions& options_;
  std::multimap<std::int64_t, Claim> claims_;
  Verdict verdict_;
  std::int64_t expected_seq_ = 1;
  Bytes chain_ = chain_start();
};

bool Walk::broken(std::int64_t seq, const std::string& problem) {
  if (verdict_.broken_seq == 0 || seq < verdict_.broken_seq) {
    verdict_.broken_seq = seq;
    verdict_.problem = problem;
  }
  return false;
}

std::string event(std::int64_t seq) {
  return "event " + std::to_string(seq);
}

base::Status Walk::load_claims() {
  Result<std::vector<store::AuditHeadRow>> rows = store_.list_audit_heads();
  if (!rows) return pass(rows);
  for (const store::AuditHeadRow& row : *rows) {
    Claim claim{{row.seq, row.time_us, {}, {}, {}}, "the signed head"};
    if (const auto bytes = base::from_hex(row.chain)) claim.head.chain = *bytes;
    if (const auto bytes = base::from_base64(row.public_key)) claim.head.public_key = *bytes;
    if (const auto bytes = base::from_base64(row.signature)) claim.head.signature = *bytes;
    claims_.emplace(row.seq, std::move(claim));
  }
  if (options_.witnessed) {
    claims_.emplace(options_.witnessed->seq, Claim{*options_.witnessed, "the head kept elsewhere"});
  }
  return {};
}

void Walk::check_claim_signatures() {
  for (const auto& [seq, claim] : claims_) {
    const Head& head = claim.head;
    const auto& trusted = options_.trusted_keys;
    const bool known = trusted.empty() || std::find(trusted.begin(), trusted.end(), head.public_key) != trusted.end();
    const Bytes message = head_message(head.seq, head.time_us, head.chain);
    const bool valid =
        head.public_key.size() == crypto_sign_PUBLICKEYBYTES && head.signature.size() == crypto_sign_BYTES &&
        head.chain.size() == kHashBytes &&
        crypto_sign_verify_detached(head.signature.data(), message.data(), message.size(), head.public_key.data()) == 0;
    if (!known)
      broken(std::max<std::int64_t>(seq, 1),
             claim.origin + " at " + event(seq) + " is signed by a key that is not trusted");
    if (!valid) broken(std::max<std::int64_t>(seq, 1), claim.origin + " at " + event(seq) + " has no valid signature");
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
  return check_claims_at(row.seq);
}

bool Walk::check_claims_at(std::int64_t seq) {
  const auto [first, last] = claims_.equal_range(seq);
  for (auto it = first; it != last; ++it) {
    if (it->second.head.chain != chain_) {
      return broken(seq, event(seq) + " is not what " + it->second.origin + " vouched for: the log was rewritten");
    }
    ++verdict_.heads;
    verdict_.signed_seq = seq;
  }
  return true;
}

Result<Verdict> Walk::run() {
  if (base::Status loaded = load_claims(); !loaded) return pass(loaded);
  check_claim_signatures();
  bool going = true;
  while (going) {
    store::AuditFilter filter;
    filter.after_seq = expected_seq_ - 1;
    filter.limit = kBatch;
    if (expected_seq_ == 1) filter.after_seq = INT64_MIN;  // events numbered before the first are no part of any log
    const Result<std::vector<store::AuditRow>> rows = store_.list_audit(filter);
    if (!rows) return base::fail(rows.error().code, rows.error().message);
    for (const store::AuditRow& row : *rows) {
      going = check_row(row);
      if (!going) break;
    }
    if (static_cast<std::int64_t>(rows->size()) < kBatch) break;
  }
  if (going && !claims_.empty() && claims_.rbegin()->first >= expected_seq_) {
    const auto& [seq, claim] = *claims_.rbegin();
    broken(expected_seq_, "the log ends at " + event(expected_seq_ - 1) + ", but " + claim.origin + " vouches for " +
                              event(seq) + ": the end was cut off");
  }
  verdict_.ok = verdict_.broken_seq == 0;
  verdict_.chain = chain_;
  return verdict_;
}

}  // namespace

Result<Verdict> verify(store::Store& store, const VerifyOptions& options) {
  return Walk(store, options).run();
}

}  // namespace sallyport::audit
