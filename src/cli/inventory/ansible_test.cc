// SPDX-License-Identifier: Apache-2.0
#include "cli/inventory/ansible.h"

#include <gtest/gtest.h>

#include "cli/inventory/round_trip_test.h"

namespace sallyport::cli::inventory {
namespace {

const char* const kIni = R"(# a comment
lonely ansible_host=10.0.0.1

[web]
web[01:03].example.org ansible_user=deploy
; another
[fd00::7]:2222 app_version="1 2" # six

[db]
db1 ansible_host=db1.internal ansible_port=2200 ansible_password=geheim
db2:2022

[prod:children]
web
db

[db:vars]
ansible_user = postgres
ansible_port=3000
[prod:vars]
ansible_user=everybody
ansible_become=true
)";

const char* const kYaml = R"(
all:
  hosts:
    lonely:
      ansible_host: 10.0.0.1
  children:
    prod:
      vars: {ansible_user: everybody, ansible_become: true}
      children:
        web:
          hosts:
            web[01:03].example.org: {ansible_user: deploy}
            "[fd00::7]:2222": {app: {version: 2}}
        db:
          hosts:
            db1: {ansible_host: db1.internal, ansible_port: 2200, ansible_password: geheim}
            "db2:2022":
          vars: {ansible_user: postgres, ansible_port: 3000}
)";

struct Expected {
  std::string address, user, labels;
  bool operator==(const Expected&) const = default;
};

std::map<std::string, Expected> read(const char* text) {
  const auto found = read_ansible(text, "hosts");
  EXPECT_TRUE(found) << found.message();
  std::map<std::string, Expected> out;
  if (!found) return out;
  EXPECT_GE(round_trip(*found).size(), found->hosts().size());
  for (const Host& host : found->hosts()) {
    std::string labels;
    for (const auto& [key, value] : host.labels) labels += key + " ";
    out[host.name] = {host.address, host.user, labels};
  }
  return out;
}

TEST(Ansible, BothFormsMeanTheSameHosts) {
  const std::map<std::string, Expected> want{
      {"lonely", {"10.0.0.1:22", "", ""}},
      {"web01.example.org", {"web01.example.org:22", "deploy", "prod web "}},
      {"web02.example.org", {"web02.example.org:22", "deploy", "prod web "}},
      {"web03.example.org", {"web03.example.org:22", "deploy", "prod web "}},
      {"fd00--7-", {"[fd00::7]:2222", "everybody", "prod web "}},
      {"db1", {"db1.internal:2200", "postgres", "db prod "}},
      {"db2", {"db2:2022", "postgres", "db prod "}},
  };
  for (const char* text : {kIni, kYaml}) {
    const auto got = read(text);
    for (const auto& [name, host] : want) {
      ASSERT_TRUE(got.contains(name)) << name;
      EXPECT_EQ(got.at(name).address, host.address) << name;
      EXPECT_EQ(got.at(name).user, host.user) << name;
      EXPECT_EQ(got.at(name).labels, host.labels) << name;
    }
    EXPECT_EQ(got.size(), want.size());
  }
}

TEST(Ansible, SecretsAreLeftOutAndSaid) {
  const auto found = read_ansible(kIni, "hosts");
  ASSERT_TRUE(found);
  const auto yaml = to_resources(*found, "hosts");
  ASSERT_TRUE(yaml);
  EXPECT_EQ(yaml->find("geheim"), std::string::npos);
  for (const char* want : {"passwords of targets are not read", "ansible_become", "are left out"}) {
    EXPECT_NE(yaml->find(want), std::string::npos) << *yaml;
  }
}

TEST(Ansible, TheNearerGroupWins) {
  const auto got = read(
      "[a]\nh\n[b:children]\na\n[c:children]\nb\n[c:vars]\nansible_user=far\nansible_port=1\n[b:vars]\nansible_user="
      "near\n"
      "[all:vars]\nansible_user=all\nansible_host=10.0.0.9\n");
  EXPECT_EQ(got.at("h"), (Expected{"10.0.0.9:1", "near", "a b c "}));
}

TEST(Ansible, NothingIsEvaluated) {
  const auto found = read_ansible(
      "a ansible_host={{ip}}\nb ansible_connection=local\nc ansible_user='{{ lookup(\"pipe\", \"id\") }}'\nd\n",
      "hosts");
  ASSERT_TRUE(found) << found.message();
  ASSERT_EQ(found->hosts().size(), 2U);
  EXPECT_EQ(found->hosts()[0].name, "c");
  EXPECT_EQ(found->hosts()[0].user, "");
  EXPECT_EQ(found->notes().size(), 3U);
}

TEST(Ansible, Ranges) {
  const auto names = [](const char* pattern) { return *expand_range(pattern, 100); };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names("n[08:10]x"), (Names{"n08x", "n09x", "n10x"}));
  EXPECT_EQ(names("n[0:10:5]"), (Names{"n0", "n5", "n10"}));
  EXPECT_EQ(names("db-[a:c]"), (Names{"db-a", "db-b", "db-c"}));
  EXPECT_EQ(names("[1:2][x:y]"), (Names{"1x", "1y", "2x", "2y"}));
  EXPECT_EQ(names("plain"), (Names{"plain"}));
  for (const char* bad : {"n[", "n[]", "n[1]", "n[2:1]", "n[a:9]", "n[1:2:0]", "n[01:100]", "n[1:999999999]"}) {
    EXPECT_FALSE(expand_range(bad, 100)) << bad;
  }
  EXPECT_EQ(expand_range("n[1:101]", 100).error().code, base::Errc::full);
  EXPECT_EQ(expand_range("[1:99][1:99]", 100).error().code, base::Errc::full);
}

TEST(Ansible, WhatIsNoneIsRefused) {
  for (const char* bad :
       {"[web\nx\n", "[web:wrong]\n", "[web]\nweb1 novalue\n", "[web:vars]\nnovalue\n", "[web]\nx a='b\n", "x[3:1]\n",
        "[a:children]\nb\n[b:children]\na\n", "[a:children]\nall\n", "all: [a, b]\n---\n", "all:\n  host: {a: }\n",
        "all:\n  hosts: [a]\n", "all:\n  hosts: {a: &x }\n"}) {
    const auto found = read_ansible(bad, "hosts");
    EXPECT_FALSE(found) << bad;
  }
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "[g" + std::to_string(i) + ":children]\ng" + std::to_string(i + 1) + "\n";
  EXPECT_FALSE(read_ansible(deep, "hosts"));
  std::string many;
  for (int i = 0; i < 3'000; ++i) many += "[g" + std::to_string(i) + "]\n";
  EXPECT_EQ(read_ansible(many, "hosts").error().code, base::Errc::full);
}

}  // namespace
}  // namespace sallyport::cli::inventory
