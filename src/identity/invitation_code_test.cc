// SPDX-License-Identifier: Apache-2.0
// Codes of invitations: as they are shown, and as people type them.
#include "identity/invitation_code.h"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

std::optional<InvitationCode> read(std::string_view typed) {
  return read_invitation_code(base::view(typed));
}

TEST(InvitationCode, IsReadAsItIsShown) {
  const auto shown = shown_invitation_code("7f3kq2zd", base::view(std::string_view("abcdefghijklmn27")));
  EXPECT_EQ(base::text(shown.view()), "7f3k-q2zd-abcd-efgh-ijkl-mn27");
  for (const char* typed :
       {"7f3k-q2zd-abcd-efgh-ijkl-mn27", " 7F3KQ2ZD ABCDEFGH IJKLMN27 ", "7f3kq2zdabcdefghijklmn27"}) {
    const auto code = read(typed);
    ASSERT_TRUE(code) << typed;
    EXPECT_EQ(code->lookup, "7f3kq2zd");
    EXPECT_EQ(base::text(code->secret.view()), "abcdefghijklmn27");
  }
}

TEST(InvitationCode, WhatIsNoCodeIsNone) {
  for (const char* typed : {"", "7f3kq2zdabcdefghijklmn2", "7f3kq2zdabcdefghijklmn277", "7f3kq2zdabcdefghijklmn28",
                            "7f3kq2z/abcdefghijklmn27", "7f3kq2zdabcdefghijklmn2\n"}) {
    EXPECT_FALSE(read(typed)) << typed;
  }
  EXPECT_FALSE(read(std::string(200, '-') + "7f3kq2zdabcdefghijklmn27")) << "longer than anybody types";
}

}  // namespace
}  // namespace sallyport::identity
