// SPDX-License-Identifier: Apache-2.0
// Lists that go out in steps: some rows at a time are fetched, sent at the caller's pace, and only then the next ones.
// Trusted side. A list of any length costs the memory of one step.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/api/exchange.h"

namespace sallyport::broker::api {

inline constexpr std::int64_t kMaxListLimit = 1000;

/// What stands in a cursor: the list that it belongs to and how far it is. Its text is opaque to whoever holds it.
std::string cursor_text(std::string_view list, std::string_view position);
/// The position in a cursor of this list; empty for an empty text. Errors: invalid.
base::Result<std::string> position_in(std::string_view list, std::string_view cursor);

/// The bounds of a request for a list, in microseconds; 0 where it names none. Errors: invalid.
struct TimeSpan {
  base::Micros since_us = 0;
  base::Micros until_us = 0;
};
base::Result<TimeSpan> time_span(const std::string& since, const std::string& until);

/// A step of a list.
struct ListStep {
  std::vector<Item> items = {};
  std::string position = {};  ///< of the last row that was looked at, whether it matched or not
  bool more = false;          ///< whether there may be rows after it
};

/// How a list gets its rows.
struct ListSource {
  /// reader: long looks, on the reader's thread. store: short ones, which do not wait for those. memory: at once.
  enum class Where { reader, store, memory } where = Where::reader;
  std::string name;  ///< for its cursors
  /// At most `limit` items after the position.
  std::function<base::Result<ListStep>(store::Store& store, const std::string& after, std::int64_t limit)> step;
  /// How many there are in all; empty when that is not cheap.
  std::function<base::Result<std::int64_t>(store::Store& store)> count = {};
};

/// Answers the exchange with the list. limit: 0 or more than kMaxListLimit: that many.
void answer_list(Exchange& exchange, ListSource source, const std::string& cursor, std::uint32_t limit);

}  // namespace sallyport::broker::api
