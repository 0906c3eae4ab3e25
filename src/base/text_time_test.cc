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

}  // namespace
}  // namespace sallyport::base
