// SPDX-License-Identifier: Apache-2.0
// auth, changes and notify of sallyport.yaml.
#include <gtest/gtest.h>

#include "config/config.h"

namespace sallyport::config {
namespace {

std::string error_of(const std::string& text) {
  const auto config = parse_config(text, "test.yaml");
  EXPECT_FALSE(config) << text;
  return config ? "" : config.message();
}

TEST(AccessSettings, NobodyNeedsASecondAdministratorByDefault) {
  const auto config = parse_config("", "test.yaml");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->changes.second_administrator.empty());
  EXPECT_EQ(config->changes.decide_hours, 72U);
  EXPECT_TRUE(config->notify.command.empty());
  EXPECT_EQ(config->auth.self_enrolment, SelfEnrolment::replace);
}

TEST(AccessSettings, AListThatOneAdministratorCouldGoAroundIsRefused) {
  const auto good =
      parse_config("changes: {second_administrator: [policy, keys, roles], decide_hours: 1}", "test.yaml");
  ASSERT_TRUE(good) << good.message();
  EXPECT_EQ(good->changes.second_administrator.size(), 3U);
  for (const char* list : {"[policy]", "[keys]", "[roles]", "[policy, roles]", "[targets, keys, policy, retention]"}) {
    EXPECT_NE(error_of("changes: {second_administrator: " + std::string(list) + "}").find("keys and roles"),
              std::string::npos)
        << list;
  }
  EXPECT_NE(error_of("changes: {second_administrator: [everything]}").find("everything"), std::string::npos);
  (void)error_of("changes: {decide_hours: 0}");
  (void)error_of("changes: {decide_hours: 721}");
  (void)error_of("changes: {second: []}");
}

TEST(AccessSettings, TheCommandIsAListWithAnAbsolutePath) {
  const auto good =
      parse_config("notify: {command: [/usr/bin/tell, it, 'a b'], user: teller, timeout_seconds: 5}", "test.yaml");
  ASSERT_TRUE(good) << good.message();
  EXPECT_EQ(good->notify.command, (std::vector<std::string>{"/usr/bin/tell", "it", "a b"}));
  EXPECT_EQ(good->notify.user, "teller");
  EXPECT_EQ(good->notify.timeout_seconds, 5U);
  for (const char* command : {"/usr/bin/tell", "[]", "[tell]", "['']"}) {
    EXPECT_NE(error_of("notify: {command: " + std::string(command) + "}").find("command"), std::string::npos)
        << command;
  }
  // The reader of the file refuses the byte 0 before anybody asks what it is for.
  (void)error_of("notify: {command: [/usr/bin/tell, \"a\\0b\"]}");
  (void)error_of("notify: {timeout_seconds: 0}");
}

TEST(AccessSettings, WhoEnrolsThemselves) {
  EXPECT_EQ(parse_config("auth: {self_enrolment: no}", "t")->auth.self_enrolment, SelfEnrolment::no);
  EXPECT_EQ(parse_config("auth: {self_enrolment: yes}", "t")->auth.self_enrolment, SelfEnrolment::yes);
  EXPECT_EQ(parse_config("auth: {self_enrolment: replace}", "t")->auth.self_enrolment, SelfEnrolment::replace);
  EXPECT_NE(error_of("auth: {self_enrolment: maybe}").find("no, replace or yes"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::config
