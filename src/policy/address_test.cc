// SPDX-License-Identifier: Apache-2.0
#include "policy/address.h"

#include <gtest/gtest.h>

#include "policy/resource.h"

namespace sallyport::policy {
namespace {

TEST(LoginName, TheFormsThatThereAre) {
  EXPECT_EQ(*parse_login_name("alice"), (LoginName{"alice", std::nullopt}));
  const LoginName full{"alice", Destination{"deploy", "web-1.example", 0}};
  EXPECT_EQ(*parse_login_name("alice@deploy@web-1.example"), full);
  EXPECT_EQ(*parse_login_name("alice%deploy%web-1.example"), full);
  EXPECT_EQ(*parse_login_name("alice+deploy+web-1.example"), full);
}

TEST(LoginName, AnEmailAddressMayStandForTheUser) {
  EXPECT_EQ(*parse_login_name("alice@example.org"), (LoginName{"alice@example.org", std::nullopt}));
  const LoginName full{"alice@example.org", Destination{"deploy", "web-1.example", 0}};
  // OpenSSH takes what is before the last '@' of its argument as the login name.
  EXPECT_EQ(*parse_login_name("alice@example.org@deploy@web-1.example"), full);
  EXPECT_EQ(*parse_login_name("alice@example.org%deploy%web-1.example"), full);
  EXPECT_EQ(*parse_login_name("alice@example.org+deploy+web-1.example"), full);
  for (const char* bad :
       {"alice@example", "alice@.org", "alice@example.org.", "alice@example..org", "alice+x@example.org",
        "alice%example.org", "alice@example.org@deploy%web1", "alice%example.org%deploy%web1", "alice@web1@deploy@web1",
        "a@b.org@c@d@e", "Alice@example.org", "@example.org", "alice@example.org@@web1",
        "alice@example.org%deploy+web1"}) {
    EXPECT_FALSE(parse_login_name(bad)) << bad;
  }
}

// Every text of few characters: what parses is one form and no other, and prints back.
TEST(LoginName, EveryShortTextReadsInOneWayAtMost) {
  constexpr std::string_view kAlphabet = "a.@%+";
  std::size_t parsed = 0;
  for (std::size_t length = 1; length <= 7; ++length) {
    std::vector<std::size_t> digits(length, 0);
    for (bool more = true; more;) {
      std::string text;
      for (const std::size_t d : digits) text += kAlphabet[d];
      if (const auto login = parse_login_name(text)) {
        ++parsed;
        EXPECT_NE(is_name(login->user), is_email(login->user)) << text;
        std::string back = login->user;
        if (login->destination) {
          const std::string separator(1, text[back.size()]);
          back += separator + login->destination->account + separator + login->destination->target;
        }
        EXPECT_EQ(back, text);
      }
      std::size_t i = 0;
      while (i < length && ++digits[i] == kAlphabet.size()) digits[i++] = 0;
      more = i < length;
    }
  }
  EXPECT_GT(parsed, 100U);
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
