// SPDX-License-Identifier: Apache-2.0
// recording list: what the store knows of recordings.
#include "broker/api/handlers.h"
#include "broker/api/json_fields.h"
#include "broker/api/list.h"

namespace sallyport::broker::api {
namespace {

base::Result<ListStep> step(store::Store& reader, store::SessionFilter filter, const std::string& after,
                            std::int64_t limit) {
  filter.before_id = after;
  filter.limit = limit + 1;
  auto rows = reader.list_sessions(filter);
  if (!rows) return base::pass(rows);
  ListStep out;
  out.position = after;
  out.more = static_cast<std::int64_t>(rows->size()) > limit;
  if (out.more) rows->pop_back();
  for (const store::SessionRow& row : *rows) {
    out.position = row.id;
    out.items.push_back({recording_json(row)});
  }
  return out;
}

}  // namespace

void recording_list(const ExchangePtr& exchange, ipc::RecordingList& asked) {
  auto span = time_span(asked.since(), asked.until());
  if (!span) return exchange->fail(span.error());
  store::SessionFilter filter;
  filter.recording_states = {"live", "sealed", "truncated"};
  if (asked.states_size() != 0) filter.recording_states.assign(asked.states().begin(), asked.states().end());
  for (const std::string& state : filter.recording_states) {
    if (state != "live" && state != "sealed" && state != "truncated") {
      return exchange->fail({base::Errc::invalid, "a recording is live, sealed or truncated"});
    }
  }
  filter.user = asked.user();
  filter.account = asked.account();
  filter.target = asked.target();
  filter.since_us = span->since_us;
  filter.until_us = span->until_us;
  ListSource source{ListSource::Where::reader, "recordings", {}, {}};
  source.step = [filter](store::Store& reader, const std::string& after, std::int64_t limit) {
    return step(reader, filter, after, limit);
  };
  source.count = [filter](store::Store& reader) { return reader.count_sessions(filter); };
  answer_list(*exchange, std::move(source), asked.cursor(), asked.limit());
}

}  // namespace sallyport::broker::api
