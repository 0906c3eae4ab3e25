// SPDX-License-Identifier: Apache-2.0
// The audit log: events in order, each chained to the one before. Trusted side; blocks on the store. It must never
// report an event as written that a crash or a power cut could lose, and it never holds a secret or session content.
//
//   body  = the event's JSON: sorted keys, no blanks: {actor, seq, session, time, type, …}
//   leaf  = SHA-256(salt ‖ body)                   salt: 32 random bytes of its own
//   chain = SHA-256(chain of the event before ‖ leaf); before the first stand 32 zero bytes
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
  /// None may be called seq, time, type, actor or session. Of a text over 16 KiB the beginning is kept, beside its
  /// length and hash: NAME_bytes, NAME_sha256.
  std::vector<Field> fields;
};

/// An event as it stands in the log.
struct Entry {
  std::int64_t seq = 0;
  base::Micros time_us = 0;
  std::string type;
  std::string actor;
  std::string session;
  std::string json;   ///< the whole event, one line; foreign text in it is not escaped for a terminal
  std::string chain;  ///< hexadecimal
};

/// How far the log reached, signed by a node.
struct Head {
  std::int64_t seq = 0;
  base::Micros time_us = 0;
  base::Bytes chain;
  base::Bytes public_key;  ///< Ed25519
  base::Bytes signature;   ///< over head_message()
};

/// The bytes that a head's signature covers.
base::Bytes head_message(std::int64_t seq, base::Micros time_us, base::ByteView chain);

/// A head as one line of JSON, to be kept or witnessed elsewhere, and back. Errors: invalid.
std::string to_json(const Head& head);
base::Result<Head> head_from_json(std::string_view json);

/// Signs with the node's Ed25519 key: the raw 64 bytes.
using Signer = std::function<base::Result<base::Bytes>(base::ByteView message)>;

/// The only writer of the log. Any thread may call.
class Log {
 public:
  /// Continues where the store's last event left off. Errors: those of the store; corrupt.
  static base::Result<std::unique_ptr<Log>> open(store::Store& store, const base::Clock& clock, base::Random& random);

  /// Writes one event, or several as one (cheaper: one sync). Once this returns, they stay; inside a
  /// store::Store::transaction(), once that does. Errors: those of the store.
  base::Result<Entry> append(const Event& event);
  base::Result<std::vector<Entry>> append(std::span<const Event> events);

  /// Signs the log as it stands and stores the head; the last stored one again when nothing was added since. Errors
  /// also: not_found, when the log is empty.
  base::Result<Head> sign_head(base::ByteView public_key, const Signer& sign);

 private:
  Log(store::Store& store, const base::Clock& clock, base::Random& random)
      : store_(store), clock_(clock), random_(random) {}

  // No state of its own: each append reads the last row inside its transaction, so a rolled-back outer transaction
  // or another process's event cannot break the chain.
  store::Store& store_;
  const base::Clock& clock_;
  base::Random& random_;
};

/// Events that match, with cursors; the limit keeps the first or the newest ones as the filter's order says.
base::Result<std::vector<Entry>> list(store::Store& store, const store::AuditFilter& filter);

/// The last n events, oldest first.
base::Result<std::vector<Entry>> tail(store::Store& store, std::int64_t n);

}  // namespace sallyport::audit
