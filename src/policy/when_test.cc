// SPDX-License-Identifier: Apache-2.0
// Conditions at their edges, and what cannot be judged.
#include "policy/when.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text_time.h"

namespace sallyport::policy {
namespace {

class WhenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream in("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
    auto berlin = Zone::from_tzif(base::Bytes(std::istreambuf_iterator<char>(in), {}));
    ASSERT_TRUE(berlin) << berlin.message();
    zones_.emplace("Europe/Berlin", *berlin);
  }
  Held at(const When& when, const char* time, const char* source = "10.0.0.1") {
    return holds(when, zones_, *base::from_rfc3339(time), source);
  }
  std::string why(const When& when, const char* time, const char* source = "10.0.0.1") {
    return why_not(at(when, time, source), when, zones_, *base::from_rfc3339(time), source);
  }
  Zones zones_;
};

When weekdays(const char* hours, std::string zone = "") {
  When out;
  out.days = {0, 1, 2, 3, 4};
  out.hours = hours_from(hours);
  out.zone = std::move(zone);
  return out;
}

TEST_F(WhenTest, NoConditionHolds) {
  EXPECT_EQ(at({}, "2026-03-01T12:00:00Z", ""), Held::yes);
}

TEST_F(WhenTest, HoursEndBeforeTheirLastMinute) {
  const When office = weekdays("08:00-18:00");
  EXPECT_EQ(at(office, "2026-03-02T07:59:59.999999Z"), Held::other_time);  // a Monday
  EXPECT_EQ(at(office, "2026-03-02T08:00:00Z"), Held::yes);
  EXPECT_EQ(at(office, "2026-03-02T17:59:59Z"), Held::yes);
  EXPECT_EQ(at(office, "2026-03-02T18:00:00Z"), Held::other_time);
  EXPECT_EQ(at(office, "2026-03-01T12:00:00Z"), Held::other_time) << "a Sunday";
  EXPECT_EQ(why(office, "2026-03-01T12:00:00Z"),
            "it is sun 12:00 in UTC, and it holds mon tue wed thu fri 08:00-18:00");
}

TEST_F(WhenTest, HoursOverMidnightBelongToTheDayTheyBeginOn) {
  When night = weekdays("22:00-06:00");
  EXPECT_EQ(at(night, "2026-03-06T22:00:00Z"), Held::yes);  // Friday
  EXPECT_EQ(at(night, "2026-03-07T05:59:00Z"), Held::yes);  // Saturday, in Friday's night
  EXPECT_EQ(at(night, "2026-03-07T06:00:00Z"), Held::other_time);
  EXPECT_EQ(at(night, "2026-03-07T22:00:00Z"), Held::other_time);  // Saturday
  EXPECT_EQ(at(night, "2026-03-02T05:00:00Z"), Held::other_time);  // Monday, in Sunday's night
  EXPECT_EQ(at(night, "2026-03-02T12:00:00Z"), Held::other_time);
  night.days = {};
  EXPECT_EQ(at(night, "2026-03-02T05:00:00Z"), Held::yes);
}

TEST_F(WhenTest, TheZoneSavesDaylight) {
  const When office = weekdays("08:00-18:00", "Europe/Berlin");
  EXPECT_EQ(at(office, "2026-03-27T07:00:00Z"), Held::yes);  // Friday, winter: 08:00
  EXPECT_EQ(at(office, "2026-03-27T06:59:00Z"), Held::other_time);
  EXPECT_EQ(at(office, "2026-03-30T06:00:00Z"), Held::yes);  // Monday, summer: 08:00
  EXPECT_EQ(at(office, "2026-03-30T05:59:00Z"), Held::other_time);
  EXPECT_EQ(at(office, "2026-03-30T16:00:00Z"), Held::other_time);
  EXPECT_EQ(why(office, "2026-03-30T16:30:00Z"),
            "it is mon 18:30 in Europe/Berlin, and it holds mon tue wed thu fri 08:00-18:00");
  When sunday;
  sunday.days = {6};
  sunday.hours = hours_from("02:00-03:00");
  sunday.zone = "Europe/Berlin";
  EXPECT_EQ(at(sunday, "2026-03-29T01:00:00Z"), Held::other_time) << "that hour is left out in spring";
  EXPECT_EQ(at(sunday, "2026-10-25T00:30:00Z"), Held::yes) << "and comes twice in autumn";
  EXPECT_EQ(at(sunday, "2026-10-25T01:30:00Z"), Held::yes);
}

TEST_F(WhenTest, ATimeThatPasses) {
  When when;
  when.valid_from_us = *base::from_rfc3339("2026-03-01T00:00:00Z");
  when.valid_until_us = *base::from_rfc3339("2026-03-02T00:00:00Z");
  EXPECT_EQ(at(when, "2026-02-28T23:59:59.999999Z"), Held::not_yet);
  EXPECT_EQ(at(when, "2026-03-01T00:00:00Z"), Held::yes);
  EXPECT_EQ(at(when, "2026-03-01T23:59:59.999999Z"), Held::yes);
  EXPECT_EQ(at(when, "2026-03-02T00:00:00Z"), Held::no_longer);
  EXPECT_EQ(why(when, "2026-03-02T00:00:00Z"), "it held until 2026-03-02T00:00:00Z");
}

TEST_F(WhenTest, SourcesAreBlocks) {
  When when;
  when.from = {"10.0.0.0/8", "fd00::/8", "192.0.2.7"};
  for (const auto& [source, held] :
       std::initializer_list<std::pair<const char*, Held>>{{"10.255.0.1", Held::yes},
                                                           {"::ffff:10.0.0.1", Held::yes},
                                                           {"fd12::1", Held::yes},
                                                           {"192.0.2.7", Held::yes},
                                                           {"192.0.2.8", Held::other_source},
                                                           {"11.0.0.1", Held::other_source},
                                                           {"fe80::1", Held::other_source},
                                                           {"", Held::unknown_source},
                                                           {"host.example", Held::unknown_source},
                                                           {"10.0.0.1:22", Held::unknown_source},
                                                           {"10.0.0.1\n", Held::unknown_source}}) {
    EXPECT_EQ(at(when, "2026-03-01T00:00:00Z", source), held) << source;
  }
}

TEST_F(WhenTest, WhatCannotBeJudgedIsUncertainUnlessSomethingElseFails) {
  When when = weekdays("08:00-18:00", "Mars/Olympus");
  EXPECT_EQ(at(when, "2026-03-02T09:00:00Z"), Held::unknown_zone);
  EXPECT_TRUE(is_uncertain(Held::unknown_zone));
  when.from = {"10.0.0.0/8"};
  EXPECT_EQ(at(when, "2026-03-02T09:00:00Z", "11.0.0.1"), Held::other_source);
  when.zone = "";
  EXPECT_EQ(at(when, "2026-03-02T09:00:00Z", ""), Held::unknown_source);
  EXPECT_EQ(at(when, "2026-03-02T19:00:00Z", ""), Held::other_time);
  EXPECT_EQ(why(when, "2026-03-02T09:00:00Z", ""), "the user's address is not known");
}

TEST_F(WhenTest, TheFormOfHours) {
  EXPECT_EQ(hours_from("00:00-24:00"), (Hours{0, 1440}));
  EXPECT_EQ(hours_from("22:00-06:30"), (Hours{1320, 390}));
  for (const char* bad : {"", "8:00-18:00", "08:00", "08:00-08:00", "08:00-25:00", "08:60-09:00", "24:00-06:00",
                          "22:00-00:00", "08:00-18:00 ", "08.00-18.00", "ab:cd-ef:gh"}) {
    EXPECT_FALSE(hours_from(bad)) << bad;
  }
  EXPECT_EQ(to_string(*hours_from("22:00-06:30")), "22:00-06:30");
}

}  // namespace
}  // namespace sallyport::policy
