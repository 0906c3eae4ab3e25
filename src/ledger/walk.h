// SPDX-License-Identifier: Apache-2.0
// The walk over an audit log, event by event from the first, that finds what does not hold. Pure: the log may be a
// database's table or an exported file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ledger/head.h"

namespace sallyport::ledger {

/// The event with which a log goes on that is not what the node left behind: {problem, signed_seq, signed_chain,
/// found_seq, found_chain}. A walk reports each, for as long as the log is kept.
inline constexpr const char* kFaultType = "audit.fault";

struct Verdict {
  bool ok = false;
  std::int64_t events = 0;           ///< checked
  std::int64_t heads = 0;            ///< signed heads checked, those kept elsewhere among them
  std::int64_t signed_seq = 0;       ///< up to here a signature vouches
  std::int64_t broken_seq = 0;       ///< the first event that does not hold; 0 when ok
  std::string problem;               ///< one sentence that names it; empty when ok
  std::vector<std::int64_t> faults;  ///< events of kFaultType, the known ones too
  base::Bytes chain;                 ///< of the last event
};

/// Where a head comes from that claims what the log held.
enum class Claim { kept, end, elsewhere };

/// An event with what binds it to the one before.
struct Link {
  std::int64_t seq = 0;
  std::string_view body;   ///< the event's canonical JSON
  std::string_view salt;   ///< base64
  std::string_view chain;  ///< hexadecimal
};

class Walk {
 public:
  /// trusted_keys: Ed25519 keys whose heads count; empty: any, so only self-consistent. known_faults: events of
  /// kFaultType that somebody has looked into.
  Walk(std::vector<base::Bytes> trusted_keys, std::vector<std::int64_t> known_faults);

  /// Every claim comes before the first event.
  void claim(Claim from, Head head);
  /// The next event. False: it does not hold, and what follows need not be looked at.
  bool check(const Link& event);
  /// For what the caller finds by itself; the first event named counts. Returns false.
  bool broken(std::int64_t seq, const std::string& problem);
  std::int64_t expected_seq() const { return expected_seq_; }
  /// After the last event.
  Verdict finish();

 private:
  struct Claimed {
    Claim from;
    Head head;
  };
  static std::string origin(Claim from);
  void check_fault(const Link& event);
  bool check_claims_at(std::int64_t seq);
  void check_rest();

  const std::vector<base::Bytes> trusted_keys_;
  const std::vector<std::int64_t> known_faults_;
  std::multimap<std::int64_t, Claimed> claims_;
  Verdict verdict_;
  std::int64_t expected_seq_ = 1;
  base::Bytes chain_;
  bool stopped_ = false;
};

/// "event 17"
std::string event_name(std::int64_t seq);

}  // namespace sallyport::ledger
