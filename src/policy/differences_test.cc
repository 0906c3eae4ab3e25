// SPDX-License-Identifier: Apache-2.0
#include "policy/differences.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

using All = std::vector<Difference>;

TEST(Differences, KeysThatComeChangeAndGo) {
  const auto found = differences(R"({"name":"p","when":{"hours":"08:00-18:00","days":["mon"]},"limits":{"idle":60}})",
                                 R"({"name":"p","when":{"hours":"09:00-17:00","days":["mon"]},"effect":"deny"})");
  ASSERT_TRUE(found) << found.message();
  EXPECT_EQ(*found, (All{{"effect", "", "\"deny\""},
                         {"limits.idle", "60", ""},
                         {"when.hours", "\"08:00-18:00\"", "\"09:00-17:00\""}}));
}

TEST(Differences, WordsOfAListOneByOne) {
  EXPECT_EQ(*differences(R"({"allow":["shell","exec"]})", R"({"allow":["sftp","shell"]})"),
            (All{{"allow", "\"exec\"", ""}, {"allow", "", "\"sftp\""}}));
  EXPECT_EQ(*differences(R"({"allow":["shell","exec"]})", R"({"allow":["exec","shell"]})"), All{});
  EXPECT_EQ(*differences(R"({})", R"({"deny":["exec"]})"), (All{{"deny", "", "\"exec\""}}));
  EXPECT_EQ(*differences(R"({"targets":["web1"]})", R"({"targets":{"env":"prod"}})"),
            (All{{"targets", "[\"web1\"]", "{\"env\":\"prod\"}"}}));
}

TEST(Differences, NothingOnOneSideIsAllOfTheOther) {
  EXPECT_EQ(*differences("", R"({"name":"p","when":{"zone":"UTC"}})"),
            (All{{"name", "", "\"p\""}, {"when.zone", "", "\"UTC\""}}));
  EXPECT_EQ(*differences(R"({"name":"p"})", ""), (All{{"name", "\"p\"", ""}}));
  EXPECT_EQ(*differences("", ""), All{});
}

TEST(Differences, WhatIsNoObjectIsRefused) {
  EXPECT_FALSE(differences("[]", ""));
  EXPECT_FALSE(differences("{", "{}"));
}

}  // namespace
}  // namespace sallyport::policy
