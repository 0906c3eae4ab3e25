// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/inventory/round_trip_test.h"

namespace sallyport::cli::inventory {
namespace {

std::vector<policy::Resource> read(const std::string& text) {
  const auto found = read_csv(text, "hosts.csv");
  EXPECT_TRUE(found) << found.message();
  return found ? round_trip(*found) : std::vector<policy::Resource>();
}

TEST(Csv, EachColumnGoesWhereItBelongs) {
  const auto out = read(
      "Name,Host,Port,User,label:env,Description\r\n"
      "web1,10.0.0.7,2222,deploy,prod,\"the first, \"\"old\"\" one\"\r\n"
      "db1,fd00::7,,deploy,,\r\n");
  ASSERT_EQ(out.size(), 3U);
  const auto& web1 = std::get<policy::Target>(out[0]);
  EXPECT_EQ(web1.name, "web1");
  EXPECT_EQ(web1.address(), "10.0.0.7:2222");
  EXPECT_EQ(web1.labels.at("env"), "prod");
  EXPECT_EQ(web1.description, "the first, \"old\" one");
  EXPECT_EQ(std::get<policy::Target>(out[1]).address(), "[fd00::7]:22");
  const auto& deploy = std::get<policy::Account>(out[2]);
  EXPECT_EQ(deploy.name, "deploy");
  EXPECT_EQ(deploy.targets.names, (std::vector<std::string>{"web1", "db1"}));
  EXPECT_EQ(deploy.login, policy::Login::certificate);
}

TEST(Csv, SemicolonsAndAByteOrderMarkAreSpreadsheets) {
  EXPECT_EQ(read("\xef\xbb\xbfname;address\nweb1;web1.example.org\n").size(), 1U);
}

TEST(Csv, WhatIsNoTableIsRefusedWithItsLine) {
  for (const auto& [text, line] :
       std::vector<std::pair<std::string, std::string>>{{"", ":1: "},
                                                        {"address\n10.0.0.7\n", ":1: "},
                                                        {"name,host,ip\na,b,c\n", ":1: two columns"},
                                                        {"name,address\nweb1\n", ":2: "},
                                                        {"name,address\nweb1,a,b\n", ":2: "},
                                                        {"name,address\n\nweb1,\"a\n", ":3: "},
                                                        {"name,address\nweb1,\"a\"b\n", ":2: "},
                                                        {"name,address\nweb1,a\"b\"\n", ":2: "},
                                                        {"name,address\n,10.0.0.7\n", ":2: "}}) {
    const auto found = read_csv(text, "hosts.csv");
    ASSERT_FALSE(found) << text;
    EXPECT_NE(found.message().find("hosts.csv" + line), std::string::npos) << found.message();
  }
}

TEST(Csv, WhatDoesNotFitIsNotedAndLeftOut) {
  const auto found = read_csv(
      "name,address,port,protocol,colour\n"
      "a,10.0.0.300,,,red\n"
      "b,x y,,,\n"
      "c,c.example,65536,,\n"
      "d,d.example,,rdp,\n"
      "!!,e.example,,,\n"
      "good,good.example,,ssh,\n",
      "hosts.csv");
  ASSERT_TRUE(found) << found.message();
  ASSERT_EQ(found->hosts().size(), 1U);
  EXPECT_EQ(found->hosts()[0].name, "good");
  EXPECT_EQ(found->notes().size(), 6U);
  EXPECT_EQ(round_trip(*found).size(), 1U);
}

TEST(Csv, NoTextOfTheFileBecomesAResourceOfItsOwn) {
  const std::string evil = "x\n---\nkind: policy";
  const auto found = read_csv("name,address,description,\"" + evil + "\"\nweb1,web1,\"" + evil +
                                  "\",\xe2\x80\xa8z\n\"b\xc2\x85---\xe2\x80\xa8\",\"not a host\xe2\x80\xa8---\",,\n",
                              "hosts.csv");
  ASSERT_TRUE(found) << found.message();
  const auto out = round_trip(*found);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(policy::name_of(out[0]), "web1");
  const auto yaml = to_resources(*found, evil);
  ASSERT_TRUE(yaml);
  EXPECT_EQ(yaml->find("\nkind: policy"), std::string::npos) << *yaml;
}

TEST(Csv, NamesAreMadeUniqueAndUsersBecomeAccounts) {
  const auto out = read("name,address,user\nWeb 1,a,DOM\\joe\nweb-1,b,dom-joe\nweb-1,c,\n");
  std::vector<std::string> names;
  for (const auto& one : out) names.push_back(policy::name_of(one));
  EXPECT_EQ(names, (std::vector<std::string>{"web-1", "web-1-2", "web-1-3", "dom-joe", "dom-joe-2"}));
  EXPECT_EQ(std::get<policy::Account>(out[3]).login_name, "DOM\\joe");
  EXPECT_EQ(std::get<policy::Account>(out[4]).login_name, "dom-joe");
}

TEST(Csv, MoreHostsThanOneApplyTakesAreRefused) {
  std::string text = "name,address\n";
  for (std::size_t i = 0; i <= kMaxHosts; ++i) text += "h" + std::to_string(i) + ",10.0.0.1\n";
  const auto found = read_csv(text, "hosts.csv");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, base::Errc::full);
}

}  // namespace
}  // namespace sallyport::cli::inventory
