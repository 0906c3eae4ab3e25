// SPDX-License-Identifier: Apache-2.0
#include "broker/metrics/exposition.h"

#include <gtest/gtest.h>

namespace sallyport::broker::metrics {
namespace {

TEST(Exposition, AFamilyHasItsHelpItsTypeAndItsFigures) {
  Exposition out;
  out.family("sallyport_events_total", Kind::counter, "Events.");
  out.add(std::uint64_t{18'446'744'073'709'551'615U}, {{"type", "session.start"}, {"node", "a"}});
  out.one("sallyport_ready", Kind::gauge, "Ready.", 1);
  EXPECT_EQ(out.text(),
            "# HELP sallyport_events_total Events.\n# TYPE sallyport_events_total counter\n"
            "sallyport_events_total{type=\"session.start\",node=\"a\"} 18446744073709551615\n"
            "# HELP sallyport_ready Ready.\n# TYPE sallyport_ready gauge\nsallyport_ready 1\n");
}

TEST(Exposition, ALabelCannotEndItsLine) {
  Exposition out;
  out.family("x", Kind::gauge, "X.");
  out.add(0.5, {{"a", "q\"b\\s\nn"}});
  EXPECT_NE(out.text().find("x{a=\"q\\\"b\\\\s\\nn\"} 0.5\n"), std::string::npos) << out.text();
}

TEST(Exposition, BytesThatAreNoTextAreNotPassedOn) {
  Exposition out;
  out.family("x", Kind::gauge, "X.");
  out.add(1.0, {{"a", "\xff"}});
  EXPECT_NE(out.text().find("x{a=\"not UTF-8\"} 1\n"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::broker::metrics
