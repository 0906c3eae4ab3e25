// SPDX-License-Identifier: Apache-2.0
// Commands for Sallyport itself: each form, and nothing else.
#include "policy/own_command.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

template <class T>
T read(const std::string& text) {
  const auto command = parse_own_command(text);
  EXPECT_TRUE(command) << text << ": " << command.message();
  const T* out = command ? std::get_if<T>(&*command) : nullptr;
  EXPECT_NE(out, nullptr) << text;
  return out == nullptr ? T{} : *out;
}

TEST(OwnCommand, EachForm) {
  EXPECT_EQ(read<ResumeCommand>("resume 01hzy").session, "01hzy");
  read<ListCommand>("requests");
  read<ListCommand>("  requests ");
  EXPECT_EQ(read<CancelCommand>("cancel 7F3KQ2ZD").request, "7F3KQ2ZD");
  const auto yes = read<VoteCommand>("approve 7F3KQ2ZD  go ahead");
  EXPECT_TRUE(yes.approves);
  EXPECT_EQ(yes.comment, "go ahead");
  EXPECT_FALSE(read<VoteCommand>("deny x").approves);
  const auto asked = read<RequestCommand>("request root@web1 --for 2h --ticket T-1 the disk is full");
  EXPECT_EQ(asked.account, "root");
  EXPECT_EQ(asked.target, "web1");
  EXPECT_EQ(asked.valid_seconds, 7200);
  EXPECT_EQ(asked.ticket, "T-1");
  EXPECT_EQ(asked.reason, "the disk is full");
  EXPECT_EQ(read<RequestCommand>("request root%web1").reason, "");
  EXPECT_FALSE(asked.emergency);
  EXPECT_TRUE(read<RequestCommand>("break-glass root@web1 it burns").emergency);
  EXPECT_EQ(read<ReviewCommand>("review 7F3KQ2ZD looks right").comment, "looks right");
  EXPECT_EQ(read<EnrollCommand>("enroll-totp").code, "");
  EXPECT_EQ(read<EnrollCommand>("enroll-totp 123456").code, "123456");
}

TEST(OwnCommand, NothingElse) {
  for (const char* text : {"",
                           " ",
                           "ls",
                           "resume",
                           "resume a b",
                           "resume ../x",
                           "approve",
                           "approve 'x'",
                           "cancel",
                           "cancel x y",
                           "request",
                           "request web1",
                           "request root@",
                           "request @web1",
                           "request root@web1 --for",
                           "request root@web1 --for 0h x",
                           "request root@web1 --for 999999999d x",
                           "request root@web1 --root x",
                           "request root@web1 --ticket",
                           "requests x",
                           "enroll-totp 123 456",
                           "Approve x",
                           "\xff"}) {
    EXPECT_FALSE(parse_own_command(text)) << text;
  }
  EXPECT_FALSE(parse_own_command("enroll-totp " + std::string(65, '1')));
  EXPECT_FALSE(parse_own_command("request root@web1 " + std::string(kMaxOwnCommandBytes, 'x')));
}

}  // namespace
}  // namespace sallyport::policy
