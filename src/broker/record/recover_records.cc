// SPDX-License-Identifier: Apache-2.0
// After a crash: truncated records are sealed as what they are, and damaged ones are not touched.
#include "broker/record/recover_records.h"

#include "base/log.h"
#include "broker/record/record_marks.h"
#include "broker/record/session_info.h"
#include "broker/record/stored_end.h"
#include "recording/recover.h"

namespace sallyport::broker {

namespace {

using base::Errc;
using Outcome = Recovered::Outcome;

constexpr const char* kDied = "the gateway ended without closing the session";

/// One session being brought to its end.
class Ending {
 public:
  Ending(store::Store& store, audit::Log& log, const base::Clock& clock, std::string id, std::string reason)
      : store_(store), log_(log), clock_(clock), id_(std::move(id)), reason_(std::move(reason)) {}

  base::Status look_up() {
    auto marks = read_record_marks(store_, id_);
    if (!marks) return base::pass(marks);
    marks_ = std::move(*marks);
    auto row = store_.get_session(id_);
    if (!row && row.error().code != Errc::not_found) return base::pass(row);
    if (row) row_ = std::move(*row);
    return {};
  }

  const RecordMarks& marks() const { return marks_; }

  base::Status sealed(const recording::RecoverOutcome& outcome) {
    const char* state = outcome.seal.state == recording::SealState::complete ? "sealed" : "truncated";
    std::vector<audit::Event> events;
    for (const recording::ChunkMark& chunk : outcome.chunks) {
      events.push_back(event("recording.chunk", {{"chunk", static_cast<std::int64_t>(chunk.number)},
                                                 {"head", base::to_hex(recording::view(chunk.head_hash))}}));
    }
    // A seal that is noted already is not noted twice: only files were left over, or the row was behind.
    if (marks_.known.seals.empty()) {
      std::vector<audit::Field> fields{{"recording", state},
                                       {"seal", base::to_hex(recording::view(outcome.seal.seal_hash))},
                                       {"chunks", static_cast<std::int64_t>(outcome.seal.chunks)},
                                       {"torn_bytes", static_cast<std::int64_t>(outcome.torn_bytes)}};
      events.push_back(marks_.ended ? event("recording.sealed", std::move(fields)) : end_event(std::move(fields)));
    }
    return store({reason_, state, state, static_cast<std::int64_t>(outcome.seal.total_bytes),
                  static_cast<std::int64_t>(outcome.seal.entries)},
                 events);
  }

  base::Status without_record() {
    std::vector<audit::Event> events;
    if (!marks_.ended) events.push_back(end_event({}));
    return store({reason_}, events);
  }

  base::Status damaged(const std::string& why) {
    std::vector<audit::Event> events;
    if (marks_.damage != why) events.push_back(event("recording.damaged", {{"reason", why}}));
    if (!marks_.ended) events.push_back(end_event({{"recording", "damaged"}}));
    // What it was before it was damaged is still the best word for its state.
    const bool open = row_.recording_state.empty() || row_.recording_state == "live";
    return store({reason_, open ? "truncated" : row_.recording_state, "damaged"}, events);
  }

  base::Status unsealed(const std::string& why) {
    if (row_.integrity == "unsealed") return {};
    const audit::Event noted = event("recording.unsealed", {{"reason", why}});
    return store({reason_, "live", "unsealed"}, std::span(&noted, 1));
  }

 private:
  audit::Event event(const char* type, std::vector<audit::Field> fields) const {
    return {type, "sallyport", id_, std::move(fields)};
  }

  audit::Event end_event(std::vector<audit::Field> fields) const {
    fields.push_back({"reason", row_.end_reason.empty() ? reason_ : row_.end_reason});
    if (!row_.id.empty()) {
      fields.push_back({"account", row_.account});
      fields.push_back({"target", row_.target});
    }
    return event("session.end", std::move(fields));
  }

  base::Status store(const StoredEnd& end, std::span<const audit::Event> events) {
    return store_end(store_, log_, events, id_, end, clock_);
  }

  store::Store& store_;
  audit::Log& log_;
  const base::Clock& clock_;
  const std::string id_;
  const std::string reason_;
  RecordMarks marks_;
  store::SessionRow row_;
};

/// The node whose session it is, as its row or else some node's audit log says. Neither has heard of a record that was
/// made in the moment in which the node died: that is the directory's.
base::Result<std::string> owner_of(store::Store& store, const std::string& id) {
  if (!store.shared()) return store.node();
  auto row = store.get_session(id);
  if (row) return row->node;
  if (row.error().code != Errc::not_found) return base::pass(row);
  auto nodes = store.list_audit_nodes();
  if (!nodes) return base::pass(nodes);
  for (const std::string& node : *nodes) {
    store::AuditFilter filter;
    filter.node = node;
    filter.session = id;
    filter.limit = 1;
    auto known = store.list_audit(filter);
    if (!known) return base::pass(known);
    if (!known->empty()) return node;
  }
  return store.node();
}

base::Status recover_one(store::Store& store, audit::Log& log, const std::string& directory, const std::string& id,
                         const recording::Signer& signer, const base::Clock& clock, LateSeals& late) {
  auto done = recover_record(store, log, directory, id, kDied, signer, clock);
  if (!done) return base::pass(done);
  switch (done->outcome) {
    case Outcome::ended:
      base::log_warning("session " + id + " had not ended when the gateway did; it is noted as what it is");
      return {};
    case Outcome::damaged:
      base::log_error("record " + id + " is damaged and left as it is: " + done->why);
      return {};
    case Outcome::unsealed:
      break;
  }
  base::log_error("record " + id + " cannot be sealed now: " + done->why);
  late.add(id, kDied);
  Ending ending(store, log, clock, id, kDied);
  if (auto found = ending.look_up(); !found) return found;
  return ending.unsealed(done->why);
}

}  // namespace

base::Result<Recovered> recover_record(store::Store& store, audit::Log& log, const std::string& directory,
                                       const std::string& id, const std::string& reason,
                                       const recording::Signer& signer, const base::Clock& clock) {
  Ending ending(store, log, clock, id, reason);
  if (auto found = ending.look_up(); !found) return base::pass(found);
  auto outcome = recording::recover(directory, id, signer, reason, clock.now_us(), ending.marks().known);
  Recovered out;
  base::Status stored;
  if (outcome) {
    stored = ending.sealed(*outcome);
  } else if (outcome.error().code == Errc::not_found && !ending.marks().any()) {
    stored = ending.without_record();
  } else if (outcome.error().code == Errc::not_found || outcome.error().code == Errc::corrupt) {
    out = {Outcome::damaged, outcome.message()};
    stored = ending.damaged(out.why);
  } else {
    out = {Outcome::unsealed, outcome.message()};
  }
  if (!stored) return base::pass(stored);
  return out;
}

base::Status recover_records(store::Store& store, audit::Log& log, const std::string& directory,
                             const recording::Signer& signer, const base::Clock& clock, LateSeals& late) {
  auto unsealed = recording::find_unsealed(directory);
  if (!unsealed) return base::pass(unsealed);
  for (const std::string& id : *unsealed) {
    auto owner = owner_of(store, id);
    if (!owner) return base::pass(owner);
    if (*owner != store.node()) {
      base::log_warning("record " + id + " is node " + *owner + "'s, and is left to it");
      continue;
    }
    if (auto done = recover_one(store, log, directory, id, signer, clock, late); !done) return done;
  }
  // Their records are sealed, or were never made: what is missing is the word for it.
  store::SessionFilter filter;
  for (const SessionState state :
       {SessionState::opening, SessionState::live, SessionState::paused, SessionState::suspended}) {
    filter.states.emplace_back(to_string(state));
  }
  if (store.shared()) filter.node = store.node();
  filter.limit = 100'000;
  auto rows = store.list_sessions(filter);
  if (!rows) return base::pass(rows);
  for (const store::SessionRow& row : *rows) {
    if (auto done = recover_one(store, log, directory, row.id, signer, clock, late); !done) return done;
  }
  return {};
}

}  // namespace sallyport::broker
