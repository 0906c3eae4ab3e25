// SPDX-License-Identifier: Apache-2.0
// The password prompt by its keys.
#include "leg/password_prompt.h"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::leg {
namespace {

TEST(PasswordPrompt, ReadsALineWithEditing) {
  PasswordPrompt prompt;
  EXPECT_FALSE(prompt.input(base::view("wrong\x15se\xc3\xa9\x7f")));
  EXPECT_TRUE(prompt.input(base::view("cret\rexit\n")));
  const auto line = prompt.take();
  EXPECT_EQ(base::text(line.view()), "secret");
  EXPECT_TRUE(prompt.input(base::view("\n")));
  EXPECT_EQ(prompt.take().size(), 0u) << "nothing of the first line is left";
}

TEST(PasswordPrompt, IsBounded) {
  PasswordPrompt prompt;
  const std::string flood(10 * PasswordPrompt::kMaxBytes, 'a');
  EXPECT_FALSE(prompt.input(base::view(flood)));
  EXPECT_TRUE(prompt.input(base::view("\r")));
  EXPECT_EQ(prompt.take().size(), PasswordPrompt::kMaxBytes);
}

}  // namespace
}  // namespace sallyport::leg
