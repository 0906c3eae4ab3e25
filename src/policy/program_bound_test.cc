// SPDX-License-Identifier: Apache-2.0
// Command lines against hashes that sha256sum made.
#include "policy/program_bound.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

// printf %s 'uptime' | sha256sum
constexpr const char* kUptime = "dd291cd6294bafef2a7e9c378eb320e87198d6dae214272addb569775750c802";

TEST(ProgramBound, OnlyTheVeryCommandLineRuns) {
  const ProgramBound bound{{kUptime}, ""};
  ASSERT_TRUE(check_bound(bound));
  EXPECT_TRUE(may_run(bound, "uptime"));
  for (const char* other : {"", "uptime ", " uptime", "uptime\n", "Uptime", "uptime; id", "/usr/bin/uptime"}) {
    EXPECT_FALSE(may_run(bound, other)) << other;
  }
  EXPECT_FALSE(may_run(bound, std::string_view("uptime\0", 7)));
}

TEST(ProgramBound, AHashIsAHash) {
  EXPECT_TRUE(check_bound({}));
  EXPECT_TRUE(check_bound({{}, kUptime}));
  std::string capital = kUptime;
  capital.back() = 'A';
  for (const std::string& bad : {std::string("uptime"), capital, std::string(kUptime) + "0", std::string(63, 'a')}) {
    EXPECT_FALSE(check_bound({{bad}, ""})) << bad;
    EXPECT_FALSE(check_bound({{}, bad})) << bad;
  }
  EXPECT_FALSE(check_bound({{""}, ""}));
  EXPECT_TRUE(check_bound({std::vector<std::string>(kMaxBoundCommands, kUptime), ""}));
  EXPECT_FALSE(check_bound({std::vector<std::string>(kMaxBoundCommands + 1, kUptime), ""}));
}

}  // namespace
}  // namespace sallyport::policy
