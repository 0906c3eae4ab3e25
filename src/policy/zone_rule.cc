// SPDX-License-Identifier: Apache-2.0
// Reading and applying the rule of a zone.
#include "policy/zone_rule.h"

#include <chrono>

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::int32_t kHour = 3600;
constexpr std::int64_t kDay = 86400;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

/// Reads the text from its start; the first problem sticks.
class ZoneRuleParser {
 public:
  explicit ZoneRuleParser(std::string_view text) : rest_(text) {}

  Result<ZoneRule> rule() {
    ZoneRule out;
    name();
    out.standard_seconds_ = -seconds(24);  // the text counts westwards
    if (good_ && !rest_.empty()) {
      ZoneRule::Daylight daylight;
      name();
      daylight.offset_seconds = out.standard_seconds_ + kHour;
      if (!rest_.empty() && rest_.front() != ',') daylight.offset_seconds = -seconds(24);
      daylight.begin = change();
      daylight.end = change();
      out.daylight_ = daylight;
    }
    if (!good_ || !rest_.empty()) return fail(Errc::invalid, "a zone's rule that cannot be read");
    return out;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void name() {
    const bool quoted = take('<');
    std::size_t length = 0;
    while (length < rest_.size()) {
      const char c = rest_[length];
      if (!is_letter(c) && !(quoted && (is_digit(c) || c == '+' || c == '-'))) break;
      ++length;
    }
    good_ = good_ && length >= 3;
    rest_.remove_prefix(length);
    if (quoted) good_ = take('>') && good_;
  }

  int number(int least, int most) {
    int value = 0;
    std::size_t digits = 0;
    while (digits < rest_.size() && digits < 3 && is_digit(rest_[digits])) value = value * 10 + (rest_[digits++] - '0');
    rest_.remove_prefix(digits);
    good_ = good_ && digits > 0 && value >= least && value <= most;
    return good_ ? value : least;
  }

  // [+-]hh[:mm[:ss]]
  std::int32_t seconds(int most_hours) {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int32_t out = number(0, most_hours) * kHour;
    if (take(':')) {
      out += number(0, 59) * 60;
      if (take(':')) out += number(0, 59);
    }
    return negative ? -out : out;
  }

  ZoneRule::Change change() {
    using Form = ZoneRule::Change::Form;
    ZoneRule::Change out;
    good_ = take(',') && good_;
    if (take('M')) {
      out.month = number(1, 12);
      good_ = take('.') && good_;
      out.week = number(1, 5);
      good_ = take('.') && good_;
      out.day = number(0, 6);
    } else if (take('J')) {
      out.form = Form::julian;
      out.day = number(1, 365);
    } else {
      out.form = Form::zero_day;
      out.day = number(0, 365);
    }
    if (take('/')) out.second_of_day = seconds(167);
    return out;
  }

  std::string_view rest_;
  bool good_ = true;
};

Result<ZoneRule> ZoneRule::parse(std::string_view text) {
  return ZoneRuleParser(text).rule();
}

// Seconds since 1970, as if the wall showed UTC.
std::int64_t ZoneRule::wall_second(const Change& change, int year) {
  using namespace std::chrono;
  const auto y = std::chrono::year(year);
  sys_days day;
  switch (change.form) {
    case Change::Form::weekday: {
      const auto m = month(static_cast<unsigned>(change.month));
      const weekday wanted(static_cast<unsigned>(change.day));
      day = change.week == 5 ? sys_days(y / m / wanted[last])
                             : sys_days(y / m / wanted[static_cast<unsigned>(change.week)]);
      break;
    }
    case Change::Form::julian:
      day = sys_days(y / January / 1) + days(change.day - 1 + (y.is_leap() && change.day > 59 ? 1 : 0));
      break;
    case Change::Form::zero_day:
      day = sys_days(y / January / 1) + days(change.day);
      break;
  }
  return std::int64_t{day.time_since_epoch().count()} * kDay + change.second_of_day;
}

std::int32_t ZoneRule::offset_seconds(std::int64_t time) const {
  using namespace std::chrono;
  if (!daylight_) return standard_seconds_;
  const sys_days today = floor<days>(sys_seconds(seconds(time + standard_seconds_)));
  const int year = static_cast<int>(year_month_day(today).year());
  const std::int64_t begin = wall_second(daylight_->begin, year) - standard_seconds_;
  const std::int64_t end = wall_second(daylight_->end, year) - daylight_->offset_seconds;
  const bool saved = begin < end ? time >= begin && time < end : time >= begin || time < end;
  return saved ? daylight_->offset_seconds : standard_seconds_;
}

}  // namespace sallyport::policy
