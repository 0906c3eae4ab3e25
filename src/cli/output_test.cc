// SPDX-License-Identifier: Apache-2.0
// Golden tables, and foreign text that must not reach a terminal as it is.
#include "cli/output.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sallyport::cli {
namespace {

std::vector<Json> rows() {
  return {Json{{"id", "01a"}, {"user", "alice"}, {"state", "live"}, {"labels", {{"env", "prod"}}}},
          Json{{"id", "01b"}, {"user", "\x1b]0;x\x07"}, {"state", nullptr}, {"labels", Json::array({"a", "b"})}},
          Json{{"id", "01c"}, {"user", ""}, {"bytes", 7}}};
}

TEST(Output, TableIsAlignedAndEscaped) {
  const std::string table =
      render_table({{"ID", "id"}, {"USER", "user"}, {"STATE", "state"}, {"LABELS", "labels"}}, rows(), Colour::off);
  EXPECT_EQ(table,
            "ID   USER          STATE  LABELS\n"
            "01a  alice         live   env=prod\n"
            "01b  \\x1b]0;x\\x07  -      a, b\n"
            "01c  -             -      -\n");
}

TEST(Output, ColoursAppearOnlyWhenAsked) {
  EXPECT_EQ(render_table({{"STATE", "state"}}, rows(), Colour::off).find('\x1b'), std::string::npos);
  EXPECT_NE(render_table({{"STATE", "state"}}, rows(), Colour::on).find("\x1b[32mlive\x1b[0m"), std::string::npos);
}

TEST(Output, ReachesIntoObjects) {
  EXPECT_EQ(render_table({{"ENV", "labels.env"}}, rows(), Colour::off), "ENV\nprod\n-\n-\n");
}

TEST(Output, FieldsAreOnePerLine) {
  EXPECT_EQ(render_fields(Json{{"a", 1}, {"long", "x\ny"}, {"none", nullptr}}, Colour::off),
            "a     1\nlong  x\\x0ay\nnone  -\n");
}

TEST(Output, JsonIsAsciiAndSurvivesBadBytes) {
  const std::string json = dump(Json{{"t", "\x1b[2J\xe2\x80\xae\xff"}});
  for (const char c : json) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << json;
  EXPECT_EQ(json, "{\"t\":\"\\u001b[2J\\u202e\\ufffd\"}");
}

TEST(Output, RefusesAnswersThatAreNoObjects) {
  EXPECT_FALSE(parse_object("[]"));
  EXPECT_FALSE(parse_object("{"));
  EXPECT_TRUE(parse_object("{}"));
}

}  // namespace
}  // namespace sallyport::cli
