// SPDX-License-Identifier: Apache-2.0
// One transaction for what belongs together: an end that is in the row and not in the audit log is never made up for.
#include "broker/record/stored_end.h"

#include "broker/record/session_info.h"

namespace sallyport::broker {

namespace {

void end_row(store::SessionRow& row, const StoredEnd& end, const base::Clock& clock) {
  row.state = to_string(SessionState::ended);
  if (row.ended_at_us == 0) row.ended_at_us = end.at_us != 0 ? end.at_us : clock.now_us();
  if (row.end_reason.empty()) row.end_reason = end.reason;
  row.recording_state = end.recording;
  row.integrity = end.integrity;
  if (end.bytes != 0) row.bytes = end.bytes;
  if (end.events != 0) row.events = end.events;
}

}  // namespace

base::Status store_end(store::Store& store, audit::Log& log, std::span<const audit::Event> events,
                       const std::string& session, const StoredEnd& end, const base::Clock& clock) {
  return store.transaction([&]() -> base::Status {
    if (!events.empty()) {
      if (auto written = log.append(events); !written) return base::pass(written);
    }
    auto row = store.get_session(session);
    if (!row && row.error().code == base::Errc::not_found) return {};
    if (!row) return base::pass(row);
    end_row(*row, end, clock);
    return store.update_session(*row);
  });
}

}  // namespace sallyport::broker
