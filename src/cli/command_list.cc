// SPDX-License-Identifier: Apache-2.0
// Requests become rows; verdicts find theirs.
#include "cli/command_list.h"

#include <nlohmann/json.hpp>

#include "event/event.pb.h"
#include "replay/event_json.h"

namespace sallyport::cli {

using replay::command_of;

void CommandList::see(const EventPlace& at, const event::Event& event) {
  if (start_us_ == 0) start_us_ = at.time_us;
  if (const auto judged = match_.see(at.sequence, event)) {
    Json& row = rows_[row_of_.at(*judged)];
    row["verdict"] = event.verdict().verdict();
    row["reason"] = event.verdict().reason();
    row_of_.erase(*judged);
    return;
  }
  if (!event::starts_program(event)) return;
  std::string source;
  const std::string text = command_of(event, source);
  row_of_[at.sequence] = rows_.size();
  rows_.push_back({{"time_ms", (at.time_us - start_us_) / 1000},
                   {"channel", event.request().channel()},
                   {"text", text},
                   {"source", source},
                   {"confidence", "exact"},
                   {"verdict", "unknown"},
                   {"reason", ""}});
}

}  // namespace sallyport::cli
