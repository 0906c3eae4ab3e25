// SPDX-License-Identifier: Apache-2.0
// Which changes are about what.
#include "policy/change_area.h"

#include <gtest/gtest.h>

namespace sallyport::policy {
namespace {

using Words = std::vector<std::string>;

Words words(std::string_view kind, std::string_view before, std::string_view after) {
  const auto areas = areas_of(kind, before, after);
  EXPECT_TRUE(areas) << areas.message();
  return areas ? areas->words() : Words{"error"};
}

TEST(ChangeArea, EachKindHasOne) {
  EXPECT_EQ(words("policy", "", R"({"name":"p"})"), Words{"policy"});
  EXPECT_EQ(words("policy", R"({"name":"p"})", ""), Words{"policy"});
  EXPECT_EQ(words("policy", R"({"name":"p"})", R"({"name":"p","record":{"strict":true}})"),
            (Words{"policy", "retention"}));
  EXPECT_EQ(words("group", "", R"({"name":"g"})"), Words{"roles"});
  EXPECT_EQ(words("role", "", R"({"name":"r"})"), Words{"roles"});
  EXPECT_EQ(words("recipient", "", R"({"name":"r"})"), Words{"retention"});
  EXPECT_EQ(words("target", R"({"name":"t"})", R"({"name":"t","labels":{"env":"dev"}})"), Words{"targets"});
  EXPECT_EQ(words("account", R"({"name":"t"})", ""), Words{"targets"});
}

TEST(ChangeArea, AKindThatNobodyThoughtOfIsCovered) {
  EXPECT_EQ(words("new-kind", "", R"({"name":"x"})"), Words{"keys"});
}

TEST(ChangeArea, AUserIsAboutKeysOrRoles) {
  const char* plain = R"({"name":"u"})";
  EXPECT_EQ(words("user", "", plain), Words{"keys"});
  EXPECT_EQ(words("user", "", R"({"name":"u","groups":["ops"]})"), (Words{"keys", "roles"}));
  EXPECT_EQ(words("user", R"({"name":"u","roles":["auditor"]})", ""), (Words{"keys", "roles"}));
  EXPECT_EQ(words("user", plain, R"({"name":"u","roles":["auditor"]})"), Words{"roles"});
  EXPECT_EQ(words("user", plain, R"({"name":"u","local_account":"u"})"), Words{"roles"});
  EXPECT_EQ(words("user", plain, R"({"name":"u","public_keys":["k"]})"), Words{"keys"});
  EXPECT_EQ(words("user", plain, R"({"name":"u","email":"u@example.org"})"), Words{"keys"});
  EXPECT_EQ(words("user", plain, R"({"name":"u","anything_new":1})"), Words{"keys"});
  EXPECT_EQ(words("user", plain, R"({"name":"u","description":"x"})"), Words{});
}

TEST(ChangeArea, ALockDoesNotWaitAndAReleaseDoes) {
  const char* plain = R"({"name":"u"})";
  const char* locked = R"({"disabled":true,"name":"u"})";
  EXPECT_EQ(words("user", plain, locked), Words{});
  EXPECT_EQ(words("user", locked, plain), Words{"keys"});
  EXPECT_EQ(words("user", plain, R"({"disabled":true,"name":"u","roles":["administrator"]})"),
            (Words{"keys", "roles"}));
  EXPECT_EQ(words("user", "", locked), Words{"keys"}) << "a new user is more than a lock";
}

TEST(ChangeArea, NothingChangedIsAboutNothing) {
  EXPECT_EQ(words("policy", R"({"name":"p"})", R"({"name":"p"})"), Words{});
  EXPECT_FALSE(areas_of("policy", "", "no JSON"));
}

TEST(ChangeArea, WordsAreReadBack) {
  const auto all = areas_in({"policy", "keys", "roles", "retention", "targets"});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->words().size(), 5U);
  EXPECT_FALSE(areas_in({"policies"}));
  EXPECT_TRUE(areas_in({})->empty());
}

}  // namespace
}  // namespace sallyport::policy
