// SPDX-License-Identifier: Apache-2.0
// The conditions of a policy on time and source, and whether they hold. Trusted side, pure. What cannot be judged is
// neither true nor false: a policy then allows nothing, and what it denies stays denied.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "policy/zone.h"

namespace sallyport::policy {

/// "mon" … "sun".
inline constexpr std::array<std::string_view, 7> kDayNames = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/// Minutes of a day, from 0 to 1440. `until` before `from`: over midnight, into the next day.
struct Hours {
  int from = 0;
  int until = 24 * 60;
  bool operator==(const Hours&) const = default;
};

/// "08:00-18:00"; "24:00" may end it. nullopt when it is not of this form, or is empty.
std::optional<Hours> hours_from(std::string_view text);
std::string to_string(const Hours& hours);

/// All that is set must hold.
struct When {
  std::vector<int> days;  ///< 0: Monday; sorted. Hours over midnight belong to the day on which they begin
  std::optional<Hours> hours;
  std::string zone;                 ///< a name of the zone database; empty: UTC
  std::vector<std::string> from;    ///< blocks of addresses, one of which has the user's
  base::Micros valid_from_us = 0;   ///< 0: no bound
  base::Micros valid_until_us = 0;  ///< the first moment that is too late; 0: no bound
  bool empty() const { return *this == When{}; }
  bool operator==(const When&) const = default;
};

/// The zones that policies name, as far as they could be read.
using Zones = std::map<std::string, Zone, std::less<>>;

enum class Held : std::uint8_t {
  yes,
  not_yet,         ///< before valid_from
  no_longer,       ///< from valid_until on
  other_time,      ///< another day or hour
  other_source,    ///< the user's address is in none of the blocks
  unknown_zone,    ///< the zone could not be read: not to be judged
  unknown_source,  ///< there is no address, or none that can be read: not to be judged
};

/// The first condition that surely does not hold; else one that cannot be judged; else yes.
Held holds(const When& when, const Zones& zones, base::Micros time_us, std::string_view source);

/// Whether it is one of the two that cannot be judged.
constexpr bool is_uncertain(Held held) {
  return held == Held::unknown_zone || held == Held::unknown_source;
}

/// Why, for people: "it is sun 14:03 in Europe/Berlin, and the policy holds mon tue 08:00-18:00". Empty for yes.
std::string why_not(Held held, const When& when, const Zones& zones, base::Micros time_us, std::string_view source);

}  // namespace sallyport::policy
