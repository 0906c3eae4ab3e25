// SPDX-License-Identifier: Apache-2.0
#include "base/text_time.h"

#include <gtest/gtest.h>

namespace sallyport::base {
namespace {

TEST(TextTime, RoundTrips) {
  for (const Micros t : {Micros{0}, Micros{1772366400000000}, Micros{1772366400123456}, Micros{951782400000001}}) {
    EXPECT_EQ(*from_rfc3339(to_rfc3339(t)), t);
  }
  EXPECT_EQ(to_rfc3339(1772366400000000), "2026-03-01T12:00:00Z");
}

TEST(TextTime, OffsetsAndRubbish) {
  EXPECT_EQ(*from_rfc3339("2026-03-01T13:30:00+01:30"), *from_rfc3339("2026-03-01T12:00:00Z"));
  for (const char* bad : {"", "2026-03-01", "2026-13-01T00:00:00Z", "2026-03-01T00:00:00", "2026-03-01T00:00:00.Z",
                          "2026-02-30T00:00:00Z", "2026-03-01T00:00:00Zx"}) {
    EXPECT_FALSE(from_rfc3339(bad)) << bad;
  }
}

TEST(TextTime, LengthsAsPeopleWriteThem) {
  EXPECT_EQ(*seconds_in("90"), 90);
  EXPECT_EQ(*seconds_in("90s"), 90);
  EXPECT_EQ(*seconds_in("15m"), 900);
  EXPECT_EQ(*seconds_in("4h"), 14'400);
  EXPECT_EQ(*seconds_in("366d"), 366 * 86'400);
  for (const char* bad : {"", "h", "0h", "-1h", "1w", "1 h", "1hh", "367d", "99999999999999999999s", "+1h"}) {
    EXPECT_FALSE(seconds_in(bad)) << bad;
  }
}

}  // namespace
}  // namespace sallyport::base
