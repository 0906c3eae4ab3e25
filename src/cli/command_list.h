// SPDX-License-Identifier: Apache-2.0
// What was run in a session, each with the broker's verdict on exactly that request. Foreign content; pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/output.h"
#include "cli/record_access.h"
#include "event/verdict_match.h"

namespace sallyport::cli {

class CommandList {
 public:
  /// Takes the record's events in order.
  void see(const EventPlace& at, const event::Event& event);
  /// {time_ms, channel, text, source, confidence, verdict, reason}. verdict is "unknown" where the record holds none:
  /// the request was on its way when the session ended, or an older version wrote the record and let it through.
  std::vector<Json> take() { return std::move(rows_); }

 private:
  base::Micros start_us_ = 0;
  std::vector<Json> rows_;
  event::VerdictMatch match_;
  std::map<std::uint64_t, std::size_t> row_of_;  // by the request's sequence number
};

}  // namespace sallyport::cli
