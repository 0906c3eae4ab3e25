// SPDX-License-Identifier: Apache-2.0
// Chain, signatures and claims, in the order of the events.
#include "ledger/walk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ledger/chain.h"

namespace sallyport::ledger {

using base::Bytes;
using nlohmann::json;

std::string event_name(std::int64_t seq) {
  return "event " + std::to_string(seq);
}

Walk::Walk(std::vector<Bytes> trusted_keys, std::vector<std::int64_t> known_faults)
    : trusted_keys_(std::move(trusted_keys)), known_faults_(std::move(known_faults)), chain_(chain_start()) {}

std::string Walk::origin(Claim from) {
  return from == Claim::kept ? "the signed head" : from == Claim::end ? "the signed end" : "the head kept elsewhere";
}

bool Walk::broken(std::int64_t seq, const std::string& problem) {
  seq = std::max<std::int64_t>(seq, 1);
  if (verdict_.broken_seq == 0 || seq < verdict_.broken_seq) {
    verdict_.broken_seq = seq;
    verdict_.problem = problem;
  }
  return false;
}

void Walk::claim(Claim from, Head head) {
  const bool known = trusted_keys_.empty() ||
                     std::find(trusted_keys_.begin(), trusted_keys_.end(), head.public_key) != trusted_keys_.end();
  const std::string which = origin(from) + " at " + event_name(head.seq);
  if (!known) broken(head.seq, which + " is signed by a key that is not trusted");
  const Says says = from == Claim::end ? Says::ends : Says::reached;
  if (!signature_holds(head, says)) broken(head.seq, which + " has no valid signature");
  const std::int64_t seq = head.seq;
  claims_.emplace(seq, Claimed{from, std::move(head)});
}

bool Walk::check(const Link& event) {
  stopped_ = true;
  if (event.seq < expected_seq_) {
    return broken(expected_seq_, event_name(event.seq) + " stands where " + event_name(expected_seq_) + " should");
  }
  if (event.seq > expected_seq_) return broken(expected_seq_, event_name(expected_seq_) + " is missing");
  const auto salt = base::from_base64(event.salt);
  if (!salt || salt->size() != kSaltBytes)
    return broken(event.seq, event_name(event.seq) + " was changed: its salt is none");
  Bytes chain = chain_hash(chain_, leaf_hash(*salt, base::view(event.body)));
  if (base::to_hex(chain) != event.chain) {
    return broken(event.seq, event_name(event.seq) +
                                 " does not continue the chain: it, or one before it, was changed or replaced");
  }
  chain_ = std::move(chain);
  ++expected_seq_;
  ++verdict_.events;
  if (event.body.find(kFaultType) != std::string_view::npos) check_fault(event);
  if (!check_claims_at(event.seq)) return false;
  stopped_ = false;
  return true;
}

/// The chain holds here, but the gateway found at a start that it did not go on from what it had signed.
void Walk::check_fault(const Link& event) {
  const json body = json::parse(event.body.begin(), event.body.end(), nullptr, /*allow_exceptions=*/false);
  const auto text_of = [&](const char* name) {
    const auto found = body.find(name);
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text_of("type") != kFaultType) return;
  verdict_.faults.push_back(event.seq);
  if (std::find(known_faults_.begin(), known_faults_.end(), event.seq) != known_faults_.end()) return;
  const std::string problem = text_of("problem");
  broken(event.seq, "the gateway found at a start, and noted in " + event_name(event.seq) +
                        ", that the log had been changed: " + (problem.empty() ? "it does not say how" : problem));
}

bool Walk::check_claims_at(std::int64_t seq) {
  const auto [first, last] = claims_.equal_range(seq);
  for (auto it = first; it != last; ++it) {
    if (it->second.head.chain != chain_) {
      return broken(
          seq, event_name(seq) + " is not what " + origin(it->second.from) + " vouched for: the log was rewritten");
    }
    if (it->second.from != Claim::end) ++verdict_.heads;
    verdict_.signed_seq = seq;
  }
  return true;
}

/// What vouches for events after the last one.
void Walk::check_rest() {
  if (claims_.empty() || claims_.rbegin()->first < expected_seq_) return;
  const auto& [seq, claimed] = *claims_.rbegin();
  broken(expected_seq_, "the log ends at " + event_name(expected_seq_ - 1) + ", but " + origin(claimed.from) +
                            " vouches for " + event_name(seq) + ": the end was cut off");
}

Verdict Walk::finish() {
  if (!stopped_) check_rest();
  verdict_.ok = verdict_.broken_seq == 0;
  verdict_.chain = chain_;
  return verdict_;
}

}  // namespace sallyport::ledger
