// SPDX-License-Identifier: Apache-2.0
#include "policy/address.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

TEST(LoginName, TheFormsThatThereAre) {
  EXPECT_EQ(*parse_login_name("alice"), (LoginName{"alice", std::nullopt}));
  const LoginName full{"alice", Destination{"deploy", "web-1.example", 0}};
  EXPECT_EQ(*parse_login_name("alice@deploy@web-1.example"), full);
  EXPECT_EQ(*parse_login_name("alice%deploy%web-1.example"), full);
  EXPECT_EQ(*parse_login_name("alice+deploy+web-1.example"), full);
}

TEST(LoginName, WhatIsNotOneOfThem) {
  for (const char* bad : {"",
                          "@",
                          "@@",
                          "alice@",
                          "alice@web1",
                          "alice@deploy@",
                          "@deploy@web1",
                          "alice@@web1",
                          "alice@deploy@web1@x",
                          "alice@deploy%web1",
                          "alice%deploy@web1",
                          "alice+deploy+web1+",
                          "Alice",
                          "-alice",
                          ".alice",
                          "alice smith",
                          "alice/../bob",
                          "alice:x",
                          "alice\n",
                          "al\xc3\xaf"
                          "ce",
                          "alice@deploy@web1:22",
                          "alice@-oProxy@web1"}) {
    EXPECT_FALSE(parse_login_name(bad)) << bad;
  }
  EXPECT_FALSE(parse_login_name(std::string_view("alice\0", 6)));
  EXPECT_TRUE(parse_login_name(std::string(64, 'a')));
  EXPECT_FALSE(parse_login_name(std::string(65, 'a')));
  EXPECT_FALSE(parse_login_name(std::string(100000, '@')));
}

TEST(DestinationForm, WithAndWithoutAPort) {
  EXPECT_EQ(*parse_destination("deploy@web1"), (Destination{"deploy", "web1", 0}));
  EXPECT_EQ(*parse_destination("deploy@web1:65535"), (Destination{"deploy", "web1", 65535}));
  for (const char* bad :
       {"", "web1", "deploy@", "@web1", "deploy@web1:", "deploy@web1:0", "deploy@web1:022", "deploy@web1:65536",
        "deploy@web1:99999", "deploy@web1:2 2", "deploy@web1:22:22", "deploy@web1:-1", "a@b@c", "deploy:22@web1"}) {
    EXPECT_FALSE(parse_destination(bad)) << bad;
  }
}

TEST(JumpTarget, IsAHostNameThatMeansATarget) {
  EXPECT_EQ(*parse_jump_target("web1"), "web1");
  EXPECT_EQ(*parse_jump_target("WEB1.Sallyport.", ".sallyport"), "web1");
  EXPECT_EQ(*parse_jump_target("web1.example", ".sallyport"), "web1.example");
  EXPECT_FALSE(parse_jump_target(".sallyport", ".sallyport"));
  for (const char* bad : {"", ".", "a@b", "::1", "web 1", "../x", "web1/"}) {
    EXPECT_FALSE(parse_jump_target(bad)) << bad;
  }
}

}  // namespace
}  // namespace sallyport::policy
