// SPDX-License-Identifier: Apache-2.0
// Zones against the C library's own reading of the same files, and files that must be refused.
#include "policy/zone.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <random>

namespace sallyport::policy {
namespace {

constexpr base::Micros kSecond = 1'000'000;

base::Bytes file_of(const std::string& name) {
  std::ifstream in("/usr/share/zoneinfo/" + name, std::ios::binary);
  return base::Bytes(std::istreambuf_iterator<char>(in), {});
}

// The C library's answer, in a zone that it is given by the environment.
class LibraryZone {
 public:
  explicit LibraryZone(const std::string& name) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", (":" + name).c_str(), 1);
    ::tzset();
  }
  ~LibraryZone() {
    if (before_.empty()) {
      ::unsetenv("TZ");
    } else {
      ::setenv("TZ", before_.c_str(), 1);
    }
    ::tzset();
  }
  std::tm at(std::int64_t seconds) const {
    std::tm out{};
    const auto time = static_cast<time_t>(seconds);
    ::localtime_r(&time, &out);
    return out;
  }

 private:
  std::string before_;
};

class EveryZone : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryZone, ShowsWhatTheLibraryShows) {
  const auto zone = Zone::from_tzif(file_of(GetParam()));
  ASSERT_TRUE(zone) << zone.message();
  const LibraryZone library(GetParam());
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> any(-2'000'000'000, 9'000'000'000);  // 1906 to 2255
  for (int i = 0; i < 20'000; ++i) {
    const std::int64_t time = any(random);
    const std::tm wall = library.at(time);
    ASSERT_EQ(zone->offset_seconds(time * kSecond), wall.tm_gmtoff) << GetParam() << " at " << time;
    const WallTime expected{(wall.tm_wday + 6) % 7, wall.tm_hour * 60 + wall.tm_min};
    ASSERT_EQ(zone->wall(time * kSecond), expected) << GetParam() << " at " << time;
  }
}

INSTANTIATE_TEST_SUITE_P(ZoneTest, EveryZone,
                         ::testing::Values("UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York",
                                           "America/Sao_Paulo", "America/St_Johns", "Asia/Kolkata", "Asia/Kathmandu",
                                           "Asia/Gaza", "Africa/Casablanca", "Australia/Lord_Howe", "Australia/Sydney",
                                           "Pacific/Apia", "Pacific/Chatham", "America/Nuuk", "Antarctica/Troll",
                                           "Etc/GMT+5", "America/Santiago", "Africa/Cairo"));

TEST(ZoneTest, BothEdgesOfDaylightSaving) {
  const auto berlin = Zone::from_tzif(file_of("Europe/Berlin"));
  ASSERT_TRUE(berlin);
  const base::Micros spring = 1'774'746'000 * kSecond;  // 29 March 2026, 01:00 UTC
  EXPECT_EQ(berlin->wall(spring - 1), (WallTime{6, 119}));
  EXPECT_EQ(berlin->wall(spring), (WallTime{6, 180}));
  const base::Micros autumn = 1'792'890'000 * kSecond;  // 25 October 2026, 01:00 UTC
  EXPECT_EQ(berlin->wall(autumn - 1), (WallTime{6, 179}));
  EXPECT_EQ(berlin->wall(autumn), (WallTime{6, 120}));
  EXPECT_EQ(Zone().wall(-1), (WallTime{2, 1439})) << "a moment before 1970 is a Wednesday";
}

TEST(ZoneTest, RulesOfEveryForm) {
  const auto offset = [](const char* rule, std::int64_t time) {
    const auto read = ZoneRule::parse(rule);
    return read ? read->offset_seconds(time) : -1;
  };
  constexpr std::int64_t kJanuary = 1'767'225'600, kJuly = 1'782'864'000;  // 2026
  EXPECT_EQ(offset("CET-1CEST,M3.5.0,M10.5.0/3", kJanuary), 3600);
  EXPECT_EQ(offset("CET-1CEST,M3.5.0,M10.5.0/3", kJuly), 7200);
  EXPECT_EQ(offset("NZST-12NZDT,M9.5.0,M4.1.0/3", kJanuary), 13 * 3600);
  EXPECT_EQ(offset("NZST-12NZDT,M9.5.0,M4.1.0/3", kJuly), 12 * 3600);
  EXPECT_EQ(offset("<+0330>-3:30", kJuly), 12600);
  EXPECT_EQ(offset("<-03>3:00:01", kJuly), -10801);
  EXPECT_EQ(offset("AAA3BBB2:30,J60/0,300/4", kJuly), -9000);
  EXPECT_EQ(offset("AAA3BBB,0/0,J365/25", kJuly), -7200) << "daylight saving all year";
  EXPECT_EQ(offset("AAA3BBB,0/0,J365/25", kJanuary + 4 * 3600), -7200);
  for (const char* bad : {"", "A", "AAA", "AAAx", "AAA3BBB", "AAA3BBB,M3.5.0", "AAA3BBB,M13.1.0,M4.1.0",
                          "AAA3BBB,M3.6.0,M4.1.0", "AAA3BBB,M3.0.0,M4.1.0", "AAA3BBB,J0,J5", "AAA3BBB,J366,J5",
                          "AAA3BBB,M3.1.0/168,M4.1.0", "AAA25", "<AAA3", "AAA3BBB,M3.1.0,M4.1.0,", "AAA1:60"}) {
    EXPECT_FALSE(ZoneRule::parse(bad)) << bad;
  }
}

TEST(ZoneTest, WhatIsNoZone) {
  const base::Bytes good = file_of("Europe/Berlin");
  ASSERT_TRUE(Zone::from_tzif(good));
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(Zone::from_tzif({good.data(), n})) << n;
  base::Bytes old = good;
  old[4] = 0;
  EXPECT_FALSE(Zone::from_tzif(old)) << "version 1 says nothing of the time after 2037";
  base::Bytes longer = good;
  longer.push_back('\n');
  EXPECT_FALSE(Zone::from_tzif(longer));
  EXPECT_FALSE(Zone::from_tzif(base::Bytes(kMaxZoneBytes + 1)));
  EXPECT_NE(Zone::from_tzif(file_of("right/Europe/Berlin")).message().find("leap seconds"), std::string::npos);
}

TEST(ZoneTest, NamesStayInTheirFolder) {
  for (const char* name : {"UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/La_Rioja", "EST5EDT", "W-SU"}) {
    EXPECT_TRUE(is_zone_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(""), std::string("/etc/passwd"), std::string("../x"), std::string("A/../B"), std::string("A//B"),
        std::string("A/"), std::string("A.B"), std::string("A B"), std::string("A\0B", 3), std::string("A/.B"),
        std::string(65, 'A'), std::string("5A")}) {
    EXPECT_FALSE(is_zone_name(name)) << name;
  }
}

}  // namespace
}  // namespace sallyport::policy
