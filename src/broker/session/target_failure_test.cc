// SPDX-License-Identifier: Apache-2.0
// Every kind of failure has a sentence of its own, which names the target and no address.
#include "broker/session/target_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sallyport::broker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TargetFailure, NoConnectionSaysWhyWithoutTheAddress) {
  std::set<std::string> all;
  for (const base::Error& error :
       {base::Error{base::Errc::timeout, "10.0.0.7:22 did not answer in time"},
        base::Error{base::Errc::invalid, "no such name"}, base::Error{base::Errc::timeout, "no name server answers"},
        base::Error{base::Errc::io, "10.0.0.7:22: connect: Connection refused"},
        base::Error{base::Errc::io, "10.0.0.7:22: connect: No route to host"},
        base::Error{base::Errc::io, "10.0.0.7: odd"}}) {
    const std::string text = unreachable_text("web1", error);
    EXPECT_THAT(text, HasSubstr("'web1' cannot be reached"));
    EXPECT_THAT(text, Not(HasSubstr("10.0.0.7")));
    EXPECT_TRUE(all.insert(text).second) << text;
  }
}

}  // namespace
}  // namespace sallyport::broker
