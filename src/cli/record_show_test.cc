// SPDX-License-Identifier: Apache-2.0
#include "cli/record_show.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sallyport::cli {
namespace {

TEST(KnownIntegrity, ClaimsNothingThatNobodyChecked) {
  EXPECT_EQ(known_integrity({{"state", "live"}, {"integrity", "open"}}), "open");
  EXPECT_EQ(known_integrity({{"state", "sealed"}, {"integrity", "sealed"}}), "unverified");
  EXPECT_EQ(known_integrity({{"state", "truncated"}, {"integrity", "truncated"}}), "unverified");
  EXPECT_EQ(known_integrity({{"state", "sealed"}, {"integrity", "damaged"}}), "damaged");
  EXPECT_EQ(known_integrity({{"state", "sealed"}}), "unverified");
}

TEST(ShowFiles, AnswersAnEmptyList) {
  Context context;
  context.format = Format::json;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(*show_files(context, {}), 0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "[]\n");
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace sallyport::cli
