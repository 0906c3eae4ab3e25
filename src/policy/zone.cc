// SPDX-License-Identifier: Apache-2.0
// TZif: a header and a block with times of 32 bits, which are passed over, then the same with 64 bits, then a rule.
#include "policy/zone.h"

#include <algorithm>

namespace sallyport::policy {

using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kMaxTransitions = 4096;
constexpr std::size_t kMaxTypes = 256;
constexpr std::int64_t kDaySeconds = 86400;
constexpr std::int32_t kMaxOffsetSeconds = 26 * 3600;
// The years 1 to 9999.
constexpr std::int64_t kFirstSecond = -62'135'596'800;
constexpr std::int64_t kLastSecond = 253'402'300'799;

/// Takes big-endian numbers off the front; what is missing reads as 0, and ok() is false from then on.
class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }
  ByteView rest() const { return rest_; }

  ByteView take(std::size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      return {};
    }
    const ByteView out = rest_.first(n);
    rest_ = rest_.subspan(n);
    return out;
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t out = 0;
    for (const std::uint8_t b : take(bytes)) out = out << 8 | b;
    return out;
  }

 private:
  ByteView rest_;
  bool ok_ = true;
};

struct Header {
  std::uint8_t version = 0;
  std::size_t utc_flags = 0, standard_flags = 0, leaps = 0, times = 0, types = 0, characters = 0;
};

Header read_header(Reader& in, bool& good) {
  Header out;
  good = good && base::text(in.take(4)) == "TZif";
  out.version = static_cast<std::uint8_t>(in.number(1));
  in.take(15);
  for (std::size_t* count :
       {&out.utc_flags, &out.standard_flags, &out.leaps, &out.times, &out.types, &out.characters}) {
    *count = in.number(4);
    good = good && *count <= kMaxZoneBytes;
  }
  good = good && in.ok();
  return out;
}

std::size_t block_bytes(const Header& h, std::size_t time_bytes) {
  return h.times * (time_bytes + 1) + h.types * 6 + h.characters + h.leaps * (time_bytes + 4) + h.standard_flags +
         h.utc_flags;
}

std::int64_t second_of(base::Micros time_us) {
  return std::clamp(time_us / 1'000'000 - (time_us % 1'000'000 < 0 ? 1 : 0), kFirstSecond, kLastSecond);
}

base::Error broken() {
  return {Errc::invalid, "not a file of a time zone (TZif, version 2 or later)"};
}

}  // namespace

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  char before = '/';
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool later = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '_';
    if (before == '/' ? !letter : !letter && !later && c != '/') return false;
    before = c;
  }
  return before != '/';
}

Result<Zone> Zone::from_tzif(ByteView bytes) {
  if (bytes.size() > kMaxZoneBytes) return tl::unexpected<base::Error>(broken());
  Reader in(bytes);
  bool good = true;
  const Header old = read_header(in, good);
  if (!good || old.version < '2') return tl::unexpected<base::Error>(broken());
  in.take(block_bytes(old, 4));
  const Header header = read_header(in, good);
  good = good && header.times <= kMaxTransitions && header.types > 0 && header.types <= kMaxTypes;
  if (!good) return tl::unexpected<base::Error>(broken());
  if (header.leaps != 0) return fail(Errc::invalid, "a time zone that counts leap seconds");

  Reader times(in.take(header.times * 8));
  Reader indexes(in.take(header.times));
  Reader types(in.take(header.types * 6));
  std::vector<std::int32_t> offsets;
  for (std::size_t i = 0; i < header.types; ++i) {
    const auto offset = static_cast<std::int32_t>(static_cast<std::uint32_t>(types.number(4)));
    types.take(2);
    good = good && offset >= -kMaxOffsetSeconds && offset <= kMaxOffsetSeconds;
    offsets.push_back(offset);
  }
  Zone out;
  out.first_offset_seconds_ = offsets.front();
  for (std::size_t i = 0; i < header.times; ++i) {
    const auto at = static_cast<std::int64_t>(times.number(8));
    const std::size_t type = indexes.number(1);
    good = good && type < offsets.size() && (i == 0 || at > out.transitions_.back().at_seconds);
    if (!good) return tl::unexpected<base::Error>(broken());
    out.transitions_.push_back({at, offsets[type]});
  }
  in.take(header.characters + header.standard_flags + header.utc_flags);
  const std::string_view footer = base::text(in.rest());
  good = good && in.ok() && footer.size() >= 2 && footer.front() == '\n' && footer.back() == '\n';
  if (!good) return tl::unexpected<base::Error>(broken());
  if (footer.size() > 2) {
    const Result<ZoneRule> rule = ZoneRule::parse(footer.substr(1, footer.size() - 2));
    if (!rule) return tl::unexpected<base::Error>(rule.error());
    out.rule_ = *rule;
  }
  return out;
}

std::int64_t Zone::offset_seconds(base::Micros time_us) const {
  const std::int64_t time = second_of(time_us);
  const auto later = std::upper_bound(transitions_.begin(), transitions_.end(), time,
                                      [](std::int64_t t, const Transition& one) { return t < one.at_seconds; });
  if (later == transitions_.end() && rule_) return rule_->offset_seconds(time);
  return later == transitions_.begin() ? first_offset_seconds_ : std::prev(later)->offset_seconds;
}

WallTime Zone::wall(base::Micros time_us) const {
  const std::int64_t time = second_of(time_us) + offset_seconds(time_us);
  const std::int64_t days = time / kDaySeconds - (time % kDaySeconds < 0 ? 1 : 0);
  const std::int64_t second = time - days * kDaySeconds;
  const std::int64_t weekday = ((days + 3) % 7 + 7) % 7;  // 1 January 1970 was a Thursday
  return {static_cast<int>(weekday), static_cast<int>(second / 60)};
}

}  // namespace sallyport::policy
