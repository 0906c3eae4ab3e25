// SPDX-License-Identifier: Apache-2.0
// A time zone, from the bytes of a TZif file (RFC 9636): what a clock on the wall shows there at any moment. Trusted
// side, pure and bounded; it opens no file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "policy/zone_rule.h"

namespace sallyport::policy {

/// Largest file that is read.
inline constexpr std::size_t kMaxZoneBytes = 64 * 1024;

/// Whether this may be a zone's name and so a path below the folder of zones: "Europe/Berlin", "Etc/GMT+5". No part
/// begins with a dot.
bool is_zone_name(std::string_view name);

/// What the wall shows.
struct WallTime {
  int weekday = 0;  ///< 0: Monday
  int minute = 0;   ///< of the day
  bool operator==(const WallTime&) const = default;
};

class Zone {
 public:
  /// UTC.
  Zone() = default;
  /// Errors: invalid (no TZif file of version 2 or later, or one that contradicts itself, or counts leap seconds).
  static base::Result<Zone> from_tzif(base::ByteView bytes);

  /// Seconds that the wall is ahead of UTC.
  std::int64_t offset_seconds(base::Micros time_us) const;
  WallTime wall(base::Micros time_us) const;
  bool operator==(const Zone&) const = default;

 private:
  struct Transition {
    std::int64_t at_seconds = 0;
    std::int32_t offset_seconds = 0;  // from then on
    bool operator==(const Transition&) const = default;
  };
  std::int32_t first_offset_seconds_ = 0;  // before the first transition
  std::vector<Transition> transitions_;    // by time
  std::optional<ZoneRule> rule_;           // from the last transition on
};

}  // namespace sallyport::policy
