// SPDX-License-Identifier: Apache-2.0
// Who may still join the list of live sessions.
#include "broker/session/registry.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

std::shared_ptr<SessionHandle> session(const std::string& id) {
  SessionInfo info;
  info.id = id;
  return std::make_shared<SessionHandle>(std::move(info));
}

TEST(RegistryTest, HoldsAsManyAsItMay) {
  Registry sessions(2);
  EXPECT_TRUE(sessions.add(session("a")));
  EXPECT_TRUE(sessions.add(session("b")));
  const base::Status third = sessions.add(session("c"));
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, base::Errc::full);
  sessions.remove("a");
  EXPECT_TRUE(sessions.add(session("c")));
  EXPECT_EQ(sessions.find("a"), nullptr);
  EXPECT_NE(sessions.find("c"), nullptr);
}

TEST(RegistryTest, ClosedItKeepsWhatItHasAndTakesNoMore) {
  Registry sessions(10);
  EXPECT_TRUE(sessions.add(session("a")));
  sessions.close();
  const base::Status late = sessions.add(session("b"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::Errc::busy);
  EXPECT_EQ(sessions.all().size(), 1u);
}

}  // namespace
}  // namespace sallyport::broker
