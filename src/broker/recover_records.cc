// SPDX-License-Identifier: Apache-2.0
// After a crash: truncated records are sealed as what they are.
#include "broker/recover_records.h"

#include "base/log.h"
#include "broker/session_info.h"
#include "recording/recover.h"

namespace sallyport::broker {

namespace {

constexpr const char* why = "the gateway ended without closing the session";

base::Status recover_one(audit::Log& log, const std::string& directory, const std::string& id,
                         const recording::Signer& signer, const base::Clock& clock) {
  auto outcome = recording::recover(directory, id, signer, why, clock.now_us());
  std::vector<audit::Event> events;
  if (!outcome) {
    base::log_error("record " + id + " cannot be sealed: " + outcome.message());
    events.push_back({"recording.damaged", "sallyport", id, {{"reason", outcome.message()}}});
  } else {
    for (const recording::ChunkMark& chunk : outcome->chunks) {
      events.push_back({"recording.chunk",
                        "sallyport",
                        id,
                        {{"chunk", static_cast<std::int64_t>(chunk.number)},
                         {"head", base::to_hex(recording::view(chunk.head_hash))}}});
    }
    events.push_back({"session.end",
                      "sallyport",
                      id,
                      {{"reason", why},
                       {"recording", outcome->seal.state == recording::SealState::complete ? "sealed" : "truncated"},
                       {"seal", base::to_hex(recording::view(outcome->seal.seal_hash))},
                       {"chunks", static_cast<std::int64_t>(outcome->seal.chunks)},
                       {"torn_bytes", static_cast<std::int64_t>(outcome->torn_bytes)}}});
  }
  auto written = log.append(events);
  if (!written) return base::pass(written);
  return {};
}

}  // namespace

base::Status recover_records(store::Store& store, audit::Log& log, const std::string& directory,
                             const std::string& node, const recording::Signer& signer, const base::Clock& clock) {
  auto unsealed = recording::find_unsealed(directory);
  if (!unsealed) return base::pass(unsealed);
  for (const std::string& id : *unsealed) {
    if (auto done = recover_one(log, directory, id, signer, clock); !done) return done;
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
    row.state = to_string(SessionState::ended);
    row.ended_at_us = clock.now_us();
    row.end_reason = why;
    row.recording_state = "truncated";
    row.integrity = "truncated";
    if (auto updated = store.update_session(row); !updated) return updated;
    base::log_warning("session " + row.id + " had not ended when the gateway did; its record is sealed as truncated");
  }
  return {};
}

}  // namespace sallyport::broker
