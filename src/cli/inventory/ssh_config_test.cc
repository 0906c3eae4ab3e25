// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/inventory/round_trip_test.h"
#include "cli/inventory/words.h"

namespace sallyport::cli::inventory {
namespace {

const char* const kFile = R"(
# mine
Host web1 web2
  HostName %h.example.org
  User deploy
  ProxyJump bastion

Host db1
    HostName=10.0.0.9
    Port = 2200

Host !db1 *
  Port 2022
  User "fallback"
Match user root
  Port 1
Host late
  HostName late.example
Include other.conf
)";

TEST(SshConfig, TheFirstValueHoldsAsInSsh) {
  const auto found = read_ssh_config(kFile, "config");
  ASSERT_TRUE(found) << found.message();
  std::map<std::string, std::string> addresses, users;
  for (const Host& host : found->hosts()) addresses[host.name] = host.address, users[host.name] = host.user;
  EXPECT_EQ(addresses, (std::map<std::string, std::string>{{"web1", "web1.example.org:2022"},
                                                           {"web2", "web2.example.org:2022"},
                                                           {"db1", "10.0.0.9:2200"},
                                                           {"late", "late.example:2022"}}));
  EXPECT_EQ(users["web1"], "deploy");
  EXPECT_EQ(users["db1"], "") << "the negated pattern keeps the block away";
  EXPECT_EQ(users["late"], "fallback");
  EXPECT_EQ(round_trip(*found).size(), 6U);
}

TEST(SshConfig, WhatCannotBeCarriedOverIsSaid) {
  const auto found = read_ssh_config(kFile, "config");
  ASSERT_TRUE(found);
  std::string notes;
  for (const std::string& note : found->notes()) notes += note + "\n";
  for (const char* want : {"'web1': ProxyJump 'bastion'", "Match block", "Include is not followed"}) {
    EXPECT_NE(notes.find(want), std::string::npos) << notes;
  }
}

TEST(SshConfig, WhatIsNoneIsRefusedWithItsLine) {
  for (const char* bad : {"Host \"web1\n", "Host\n", "Host web1\nPort\n"}) {
    const auto found = read_ssh_config(bad, "config");
    ASSERT_FALSE(found) << bad;
    EXPECT_EQ(found.message().rfind("config:", 0), 0U) << found.message();
  }
  EXPECT_FALSE(to_resources(*read_ssh_config("Host *\n  Port 22\n", "config"), "config")) << "there is no host";
}

TEST(SshConfig, APatternCostsNoMoreThanItsLength) {
  const std::string text(20'000, 'a');
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "*a";
  EXPECT_TRUE(glob_matches(pattern, text));
  EXPECT_FALSE(glob_matches(pattern + "b", text));
  EXPECT_TRUE(glob_matches("web?.*", "web1.example"));
  EXPECT_FALSE(glob_matches("web?", "web"));
}

}  // namespace
}  // namespace sallyport::cli::inventory
