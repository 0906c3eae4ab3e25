// SPDX-License-Identifier: Apache-2.0
// RFC 3339 times, and lengths of time.
#include "base/text_time.h"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace sallyport::base {
namespace {

bool digits(std::string_view s, std::size_t at, std::size_t count, int& out) {
  if (at + count > s.size()) return false;
  out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (s[i] < '0' || s[i] > '9') return false;
    out = out * 10 + (s[i] - '0');
  }
  return true;
}

}  // namespace

std::string to_rfc3339(Micros us) {
  using namespace std::chrono;
  const sys_time<microseconds> t{microseconds{us}};
  const auto day = floor<days>(t);
  const year_month_day ymd{day};
  const hh_mm_ss hms{t - day};
  char buffer[64];
  int n = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(ymd.year()),
                        static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                        static_cast<int>(hms.hours().count()), static_cast<int>(hms.minutes().count()),
                        static_cast<int>(hms.seconds().count()));
  std::string out(buffer, static_cast<std::size_t>(n));
  if (const auto fraction = hms.subseconds().count(); fraction != 0) {
    n = std::snprintf(buffer, sizeof buffer, ".%06d", static_cast<int>(fraction));
    out.append(buffer, static_cast<std::size_t>(n));
  }
  return out + "Z";
}

Result<Micros> from_rfc3339(std::string_view s) {
  using namespace std::chrono;
  const auto bad = fail(Errc::invalid, "not an RFC 3339 time (like 2026-03-01T12:00:00Z)");
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!digits(s, 0, 4, year) || !digits(s, 5, 2, month) || !digits(s, 8, 2, day) || !digits(s, 11, 2, hour) ||
      !digits(s, 14, 2, minute) || !digits(s, 17, 2, second) || s[4] != '-' || s[7] != '-' ||
      (s[10] != 'T' && s[10] != 't' && s[10] != ' ') || s[13] != ':' || s[16] != ':') {
    return bad;
  }
  const year_month_day ymd{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                           std::chrono::day{static_cast<unsigned>(day)}};
  if (!ymd.ok() || hour > 23 || minute > 59 || second > 60) return bad;
  std::size_t i = 19;
  Micros fraction = 0;
  if (i < s.size() && s[i] == '.') {
    int count = 0;
    for (++i; i < s.size() && s[i] >= '0' && s[i] <= '9'; ++i, ++count) {
      if (count < 6) fraction = fraction * 10 + (s[i] - '0');
    }
    if (count == 0 || count > 9) return bad;
    for (; count < 6; ++count) fraction *= 10;
  }
  Micros offset_minutes = 0;
  if (i + 1 == s.size() && (s[i] == 'Z' || s[i] == 'z')) {
    // UTC
  } else if (i + 6 == s.size() && (s[i] == '+' || s[i] == '-') && s[i + 3] == ':') {
    int h = 0, m = 0;
    if (!digits(s, i + 1, 2, h) || !digits(s, i + 4, 2, m) || h > 23 || m > 59) return bad;
    offset_minutes = (s[i] == '-' ? -1 : 1) * (h * 60 + m);
  } else {
    return bad;
  }
  const auto t = sys_days{ymd} + hours{hour} + minutes{minute} + seconds{second};
  return duration_cast<microseconds>(t.time_since_epoch()).count() + fraction - offset_minutes * 60'000'000;
}

Result<std::int64_t> seconds_in(std::string_view length) {
  struct Unit {
    std::string_view word;
    std::int64_t seconds;
  };
  static constexpr Unit kUnits[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
  constexpr std::int64_t kMost = std::int64_t{366} * 86'400;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), number);
  const std::string_view rest = length.substr(static_cast<std::size_t>(end - length.data()));
  for (const Unit& unit : kUnits) {
    if (error == std::errc() && rest == unit.word && number >= 1 && number <= kMost / unit.seconds) {
      return number * unit.seconds;
    }
  }
  return fail(Errc::invalid, "a length of time is a number and a unit, such as 30m, 4h or 2d");
}

}  // namespace sallyport::base
