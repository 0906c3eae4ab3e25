// SPDX-License-Identifier: Apache-2.0
// After a crash: truncated records are sealed as what they are.
#include "broker/recover_records.h"

#include "base/log.h"
#include "broker/session_info.h"
#include "recording/recover.h"

namespace sallyport::broker {

namespace {

constexpr const char* why = "the gateway ended without closing the session";

std::vector<audit::Event> events_of(const std::string& id, const recording::RecoverOutcome& outcome,
                                    const std::string& reason) {
  std::vector<audit::Event> events;
  for (const recording::ChunkMark& chunk : outcome.chunks) {
    events.push_back({"recording.chunk",
                      "sallyport",
                      id,
                      {{"chunk", static_cast<std::int64_t>(chunk.number)},
                       {"head", base::to_hex(recording::view(chunk.head_hash))}}});
  }
  events.push_back({"session.end",
                    "sallyport",
                    id,
                    {{"reason", reason},
                     {"recording", outcome.seal.state == recording::SealState::complete ? "sealed" : "truncated"},
                     {"seal", base::to_hex(recording::view(outcome.seal.seal_hash))},
                     {"chunks", static_cast<std::int64_t>(outcome.seal.chunks)},
                     {"torn_bytes", static_cast<std::int64_t>(outcome.torn_bytes)}}});
  return events;
}

base::Status end_row(store::Store& store, store::SessionRow row, const std::string& reason,
                     const recording::RecoverOutcome* outcome, const base::Clock& clock) {
  const bool sealed = outcome != nullptr && outcome->seal.state == recording::SealState::complete;
  row.state = to_string(SessionState::ended);
  if (row.ended_at_us == 0) row.ended_at_us = clock.now_us();
  if (row.end_reason.empty()) row.end_reason = reason;
  row.recording_state = row.integrity = sealed ? "sealed" : "truncated";
  if (outcome != nullptr) {
    row.bytes = static_cast<std::int64_t>(outcome->seal.total_bytes);
    row.events = static_cast<std::int64_t>(outcome->seal.entries);
  }
  return store.update_session(row);
}

}  // namespace

base::Status recover_record(store::Store& store, audit::Log& log, const std::string& directory, const std::string& id,
                            const std::string& reason, const recording::Signer& signer, const base::Clock& clock) {
  auto outcome = recording::recover(directory, id, signer, reason, clock.now_us());
  if (!outcome) return base::pass(outcome);
  return store.transaction([&]() -> base::Status {
    auto written = log.append(events_of(id, *outcome, reason));
    if (!written) return base::pass(written);
    auto row = store.get_session(id);
    if (!row) return row.error().code == base::Errc::not_found ? base::Status() : base::Status(base::pass(row));
    return end_row(store, std::move(*row), reason, &*outcome, clock);
  });
}

base::Status recover_records(store::Store& store, audit::Log& log, const std::string& directory,
                             const std::string& node, const recording::Signer& signer, const base::Clock& clock) {
  auto unsealed = recording::find_unsealed(directory);
  if (!unsealed) return base::pass(unsealed);
  for (const std::string& id : *unsealed) {
    auto done = recover_record(store, log, directory, id, why, signer, clock);
    if (done) {
      base::log_warning("session " + id + " had not ended when the gateway did; its record is sealed as it is");
      continue;
    }
    if (done.error().code != base::Errc::corrupt) return done;
    base::log_error("record " + id + " cannot be sealed: " + done.message());
    auto noted = log.append({"recording.damaged", "sallyport", id, {{"reason", done.message()}}});
    if (!noted) return base::pass(noted);
  }
  store::SessionFilter filter;
  for (const SessionState state :
       {SessionState::opening, SessionState::live, SessionState::paused, SessionState::suspended}) {
    filter.states.emplace_back(to_string(state));
  }
  filter.limit = 100'000;
  auto rows = store.list_sessions(filter);
  if (!rows) return base::pass(rows);
  for (store::SessionRow& row : *rows) {
    if (row.node != node) continue;
    if (auto ended = end_row(store, std::move(row), why, nullptr, clock); !ended) return ended;
  }
  return {};
}

}  // namespace sallyport::broker
