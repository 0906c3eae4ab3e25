// SPDX-License-Identifier: Apache-2.0
// The audit log: events in order, each chained to the one before. Trusted side; blocks on the store. It must never
// report an event as written that a crash or a power cut could lose, and it never holds a secret or session content.
//
// Each node has a log of its own, and is its only writer.
//
//   body  = the event's JSON: sorted keys, no blanks: {actor, node, seq, session, time, type, …}; events from before
//           nodes had logs of their own have no node
//   leaf  = SHA-256(salt ‖ body)                   salt: 32 random bytes of its own
//   chain = SHA-256(chain of the event before ‖ leaf); before the first stand 32 zero bytes
//
// None of these hashes takes a secret, so whoever can write to the database can make them fit again. What he cannot
// make is the node's signature: over the end of the log, renewed with every event (tip.h), and over heads that stay.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "ledger/head.h"
#include "store/store.h"

namespace sallyport::audit {

using Value = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

struct Field {
  std::string name;
  Value value;
};

/// What happened. Text may be foreign; bytes that are no UTF-8 are kept as \xNN.
struct Event {
  std::string type;  ///< dotted, from the general to the special: "session.start", "auth.failure"
  std::string actor;
  std::string session;  ///< id, or empty
  /// None may be called node, seq, time, type, actor, session or happened_at. Of a text over 8 KiB the beginning is
  /// kept, beside its length and hash: NAME_bytes, NAME_sha256.
  std::vector<Field> fields;
  base::Micros happened_us = 0;  ///< 0: now. An event that is written later says so: happened_at
};

/// An event that waited no longer for its writing is one of the moment.
inline constexpr base::Micros kLateUs = 2'000'000;

/// An event as it stands in the log.
struct Entry {
  std::string node;
  std::int64_t seq = 0;
  base::Micros time_us = 0;
  std::string type;
  std::string actor;
  std::string session;
  std::string json;   ///< the whole event, one line; foreign text in it is not escaped for a terminal
  std::string chain;  ///< hexadecimal
};

using ledger::Head;

/// The node's Ed25519 key, which stays where it is.
struct Signer {
  base::Bytes public_key;
  std::function<base::Result<base::Bytes>(base::ByteView message)> sign;  ///< the raw 64 bytes
};

/// How old an event may grow before a head that stays is signed over it.
inline constexpr base::Micros kHeadPeriodUs = 60'000'000;
/// Whether this node has ever been started on this store.
enum class History { none, some };

/// The only writer of the log of the store's node. Any thread may call.
class Log {
 public:
  /// Goes on where the log ends. Where that end is not the one that the node has signed, the database was changed while
  /// nobody watched: the log goes on all the same, for to refuse would help nobody but who did it, and its next event
  /// is a ledger::kFaultType. Errors: those of the store and of the signer.
  static base::Result<std::unique_ptr<Log>> open(store::Store& store, const base::Clock& clock, base::Random& random,
                                                 Signer signer);

  /// By the clock whose time events get.
  base::Micros now_us() const { return clock_.now_us(); }

  /// Writes the first event of a new log. An empty log that should have a history is a fault as above.
  base::Status begin(History history);

  /// Writes one event, or several as one (cheaper: one sync). Once this returns, they stay; inside a
  /// store::Store::transaction(), once that does. Errors: those of the store; corrupt, and nothing is written, when the
  /// store does not end with what this object wrote last.
  base::Result<Entry> append(const Event& event);
  base::Result<std::vector<Entry>> append(std::span<const Event> events);

  /// In a store::Store::when_ended() that was asked for after append(): the number of the transaction's doubt, when its
  /// commit may have happened or not.
  std::optional<std::uint64_t> doubt() const;
  /// Whether the transaction with this doubt stayed. Asked once for each. Errors: those of the store, while it cannot
  /// be told.
  base::Result<bool> settled(std::uint64_t doubt);

  /// How many events of each type this object has written. Any thread may call, at any time.
  std::map<std::string, std::uint64_t> counts() const;

  /// Signs the end of the log as a head that stays, stores and returns it; the same each time, until the log goes on.
  /// Errors as for append(); not_found, when the log is empty.
  base::Result<Head> keep_head();

 private:
  /// An end of the log: the last event's number and chain as they stand in the store, and the signature over them.
  struct End {
    std::int64_t seq = 0;
    std::string chain;
    Head head;
  };
  Log(store::Store& store, const base::Clock& clock, base::Random& random, Signer signer)
      : store_(store), clock_(clock), random_(random), signer_(std::move(signer)) {}

  base::Status take_up();
  base::Status note_fault(std::vector<Field> fields);
  base::Result<End> current_end();
  base::Result<Head> sign(ledger::Says says, std::int64_t seq, base::Micros time_us, base::ByteView chain);
  void now_ends_with(End end, std::span<const Entry> added);
  void ended(store::Store::Outcome outcome);

  store::Store& store_;
  const base::Clock& clock_;
  base::Random& random_;
  Signer signer_;
  // What the store must end with: were it only read from there, we would continue, and sign, whatever somebody else
  // wrote. Only touched in the store's turn.
  End end_;
  std::optional<End> pending_;              // of the transaction under way
  std::optional<End> doubtful_;             // of one whose commit may have happened or not
  std::uint64_t doubts_ = 0;                // the number of the last such one
  std::map<std::uint64_t, bool> settled_;   // what became of those before it
  std::vector<std::string> pending_types_;  // of the events of the transaction under way
  mutable std::mutex counts_mutex_;
  std::map<std::string, std::uint64_t> counts_;
};

/// Events that match, with cursors; the limit keeps the first or the newest ones as the filter's order says.
base::Result<std::vector<Entry>> list(store::Store& store, const store::AuditFilter& filter);

/// The last n events, oldest first.
base::Result<std::vector<Entry>> tail(store::Store& store, std::int64_t n);

}  // namespace sallyport::audit
