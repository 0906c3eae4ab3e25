// SPDX-License-Identifier: Apache-2.0
// The rule at the end of a TZif file, in the form of POSIX's variable TZ: the offset, and when in each year daylight
// saving begins and ends. Trusted side, pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace sallyport::policy {

class ZoneRule {
 public:
  /// "CET-1CEST,M3.5.0,M10.5.0/3", with hours of a change from -167 to 167 (RFC 9636 §3.3.2). Errors: invalid.
  static base::Result<ZoneRule> parse(std::string_view text);

  /// Seconds ahead of UTC. The time: seconds since 1970, of the years 1 to 9999.
  std::int32_t offset_seconds(std::int64_t time) const;
  bool operator==(const ZoneRule&) const = default;

 private:
  friend class ZoneRuleParser;

  struct Change {
    enum class Form : std::uint8_t {
      julian,    // day 1 to 365; 29 February does not count
      zero_day,  // day 0 to 365; it does
      weekday,   // week 1 to 5 (the last one) of a month, Sunday is day 0
    };
    Form form = Form::weekday;
    int month = 1, week = 1, day = 0;
    std::int32_t second_of_day = 2 * 3600;
    bool operator==(const Change&) const = default;
  };
  struct Daylight {
    std::int32_t offset_seconds = 0;
    Change begin, end;
    bool operator==(const Daylight&) const = default;
  };
  static std::int64_t wall_second(const Change& change, int year);

  std::int32_t standard_seconds_ = 0;
  std::optional<Daylight> daylight_;
};

}  // namespace sallyport::policy
