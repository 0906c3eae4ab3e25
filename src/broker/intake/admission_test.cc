// SPDX-License-Identifier: Apache-2.0
#include "broker/intake/admission.h"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::broker {
namespace {

TEST(Admission, BoundsEachOwnerAndAllTogether) {
  Admission admission(3, 2);
  auto a = admission.enter("10.0.0.1"), b = admission.enter("10.0.0.1");
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(admission.enter("10.0.0.1"));
  auto c = admission.enter("10.0.0.2");
  EXPECT_TRUE(c);
  EXPECT_FALSE(admission.enter("10.0.0.3"));
  a.reset();
  EXPECT_TRUE(admission.enter("10.0.0.3"));
}

TEST(Admission, AnIpv6HostIsItsPrefix) {
  EXPECT_EQ(Admission::source_of("2001:db8:1:2::1"), Admission::source_of("2001:db8:1:2::2"));
  EXPECT_NE(Admission::source_of("2001:db8:1:2::1"), Admission::source_of("2001:db8:1:3::1"));
  EXPECT_NE(Admission::source_of("10.0.0.1"), Admission::source_of("10.0.0.2"));
}

}  // namespace
}  // namespace sallyport::broker
