// SPDX-License-Identifier: Apache-2.0
// Conditions on time and source. Pure.
#include "policy/when.h"

#include <algorithm>

#include "base/escape.h"
#include "base/text_time.h"
#include "keys/address_block.h"

namespace sallyport::policy {

namespace {

constexpr int kDayMinutes = 24 * 60;

std::optional<int> minute_from(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t i : {0, 1, 3, 4}) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour * 60 + minute > kDayMinutes) return std::nullopt;
  return hour * 60 + minute;
}

std::string clock_text(int minute) {
  const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
  return two(minute / 60) + ":" + two(minute % 60);
}

bool is_day(const When& when, int weekday) {
  return when.days.empty() || std::find(when.days.begin(), when.days.end(), weekday) != when.days.end();
}

bool is_time(const When& when, const WallTime& now) {
  if (!when.hours) return is_day(when, now.weekday);
  const Hours& hours = *when.hours;
  if (hours.from < hours.until) {
    return now.minute >= hours.from && now.minute < hours.until && is_day(when, now.weekday);
  }
  if (now.minute >= hours.from) return is_day(when, now.weekday);
  return now.minute < hours.until && is_day(when, (now.weekday + 6) % 7);
}

// Null: it could not be read.
const Zone* zone_of(const When& when, const Zones& zones) {
  static const Zone utc;
  if (when.zone.empty()) return &utc;
  const auto found = zones.find(when.zone);
  return found == zones.end() ? nullptr : &found->second;
}

Held source_holds(const When& when, std::string_view source) {
  if (when.from.empty()) return Held::yes;
  for (const std::string& block : when.from) {
    const auto inside = keys::address_in_block(source, block);
    if (!inside) return Held::unknown_source;
    if (*inside) return Held::yes;
  }
  return Held::other_source;
}

Held time_holds(const When& when, const Zones& zones, base::Micros time_us) {
  if (when.days.empty() && !when.hours) return Held::yes;
  const Zone* zone = zone_of(when, zones);
  if (zone == nullptr) return Held::unknown_zone;
  return is_time(when, zone->wall(time_us)) ? Held::yes : Held::other_time;
}

template <class List>
std::string spaced(const List& list) {
  std::string out;
  for (const auto& one : list) out.append(out.empty() ? "" : " ").append(one);
  return out;
}

std::string times_of(const When& when) {
  std::vector<std::string_view> parts;
  for (const int day : when.days) parts.push_back(kDayNames.at(static_cast<std::size_t>(day)));
  std::string out = spaced(parts);
  if (when.hours) out += (out.empty() ? "" : " ") + to_string(*when.hours);
  return out;
}

}  // namespace

std::optional<Hours> hours_from(std::string_view text) {
  if (text.size() != 11 || text[5] != '-') return std::nullopt;
  const auto from = minute_from(text.substr(0, 5));
  const auto until = minute_from(text.substr(6));
  if (!from || !until || *from == kDayMinutes || *until == 0 || *from == *until) return std::nullopt;
  return Hours{*from, *until};
}

std::string to_string(const Hours& hours) {
  return clock_text(hours.from) + "-" + clock_text(hours.until);
}

Held holds(const When& when, const Zones& zones, base::Micros time_us, std::string_view source) {
  if (when.valid_from_us != 0 && time_us < when.valid_from_us) return Held::not_yet;
  if (when.valid_until_us != 0 && time_us >= when.valid_until_us) return Held::no_longer;
  const Held time = time_holds(when, zones, time_us);
  if (time == Held::other_time) return time;
  const Held from = source_holds(when, source);
  return from == Held::yes ? time : from;
}

std::string why_not(Held held, const When& when, const Zones& zones, base::Micros time_us, std::string_view source) {
  switch (held) {
    case Held::yes:
      return "";
    case Held::not_yet:
      return "it holds from " + base::to_rfc3339(when.valid_from_us) + " on";
    case Held::no_longer:
      return "it held until " + base::to_rfc3339(when.valid_until_us);
    case Held::other_time: {
      const Zone* zone = zone_of(when, zones);
      const WallTime now = zone == nullptr ? WallTime{} : zone->wall(time_us);
      return "it is " + std::string(kDayNames.at(static_cast<std::size_t>(now.weekday))) + " " +
             clock_text(now.minute) + " in " + (when.zone.empty() ? "UTC" : when.zone) + ", and it holds " +
             times_of(when);
    }
    case Held::other_source:
      return "the address " + base::escape_for_terminal(source, 64) + " is not in " + spaced(when.from);
    case Held::unknown_zone:
      return "the time zone " + when.zone + " cannot be read on this node";
    case Held::unknown_source:
      return source.empty() ? "the user's address is not known" : "the user's address cannot be read";
  }
  return "";
}

}  // namespace sallyport::policy
