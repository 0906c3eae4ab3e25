// SPDX-License-Identifier: Apache-2.0
// What is JSON, what is refused, and that it does not matter in what pieces it comes.
#include "front/web/json_reader.h"

#include <gtest/gtest.h>

#include "ipc/web.pb.h"
#include "ipc/web_body.h"

namespace sallyport::front::web {
namespace {

// The tree in a notation of its own: «3:abc» a text of three bytes, «#1» a number.
std::string shown(const ipc::WebBody& body) {
  std::string out;
  for (const ipc::WebToken& token : body.tokens()) {
    if (!token.name().empty()) out += token.name() + "=";
    if (token.has_null()) out += "null ";
    if (token.has_flag()) out += token.flag() ? "true " : "false ";
    if (token.has_number()) out += "#" + std::to_string(token.number()) + " ";
    if (token.has_text()) out += std::to_string(token.text().size()) + ":" + token.text() + (token.more() ? "+" : " ");
    if (token.has_list()) out += "[ ";
    if (token.has_object()) out += "{ ";
    if (token.has_end()) out += "; ";
  }
  return out;
}

ipc::WebBody read(std::string_view json, std::size_t piece = 1) {
  JsonReader reader;
  ipc::WebBody out;
  for (std::size_t at = 0; at < json.size(); at += piece) reader.feed(base::view(json.substr(at, piece)), out);
  reader.finish(out);
  return out;
}

ipc::WebBodyFault fault(std::string_view json) {
  const ipc::WebBodyFault out = read(json).fault();
  EXPECT_EQ(read(json, json.size() + 1).fault(), out) << json;
  if (out != ipc::WEB_BODY_GOOD) {
    EXPECT_EQ(read(json).tokens_size(), 0) << "half a tree is none";
  }
  return out;
}

TEST(JsonReader, EveryKindOfValue) {
  const std::string json = " { \"a\" : [ 1 , -2,0,\t\"x\",true,false,null,{},[]] ,\r\n\"b\":{\"c\":\"\",\"\":3} } ";
  const std::string tree = "{ a=[ #1 #-2 #0 1:x true false null { ; [ ; ; b={ c=0: #3 ; ; ";
  for (std::size_t piece = 1; piece <= json.size(); ++piece) EXPECT_EQ(shown(read(json, piece)), tree) << piece;
}

TEST(JsonReader, EscapesStandForTheirCharacters) {
  EXPECT_EQ(shown(read(R"({"\u0061":"\"\\\/\b\f\n\r\tä€😀"})")),
            "{ a=17:\"\\/\b\f\n\r\t\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 ; ");
  EXPECT_EQ(shown(read(R"({"a":"\u00e4\u20AC\ud83d\ude00"})")), "{ a=9:\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 ; ");
  EXPECT_EQ(read(R"({"a":"\u0000"})").tokens(1).text(), std::string(1, '\0'));
}

TEST(JsonReader, WhatIsNoJsonIsSaidToBeNone) {
  for (const char* json : {"{",
                           "{}}",
                           "{} x",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":[}",
                           "{\"a\":{]}",
                           "{\"a\":1]",
                           "{\"a\":01}",
                           "{\"a\":-}",
                           "{\"a\":-01}",
                           "{\"a\":+1}",
                           "{\"a\":tru}",
                           "{\"a\":truE}",
                           "{\"a\":True}",
                           "{\"a\":nul",
                           "{\"a\":\"",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12g4\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\\ud800x\"}",
                           "{\"a\":\"\\ud800\\n\"}",
                           "{\"a\":\"\\ud800\\ud800\"}",
                           "{\"a\":\"\\udc00\"}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\x80\"}",
                           "{\"a\":\"\xc0\x80\"}",
                           "{\"a\":\"\xc1\xbf\"}",
                           "{\"a\":\"\xe0\x80\x80\"}",
                           "{\"a\":\"\xed\xa0\x80\"}",
                           "{\"a\":\"\xf0\x80\x80\x80\"}",
                           "{\"a\":\"\xf4\x90\x80\x80\"}",
                           "{\"a\":\"\xf5\x80\x80\x80\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\xc3\"}",
                           "{\"a\":\"\xc3\\u0061\"}",
                           "{\"a\":NaN}",
                           "{\"a\":1}\x01",
                           "{/**/}",
                           "{\"a\":1 \"b\":2}"}) {
    EXPECT_EQ(fault(json), ipc::WEB_BODY_NO_JSON) << json;
  }
  EXPECT_EQ(read("").fault(), ipc::WEB_BODY_NO_JSON);
}

TEST(JsonReader, OnlyAnObjectIsABody) {
  for (const char* json : {"[]", "1", "\"a\"", "null", "x", "\xef\xbb\xbf{}"}) {
    EXPECT_EQ(fault(json), ipc::WEB_BODY_NO_OBJECT) << json;
  }
}

TEST(JsonReader, ANameCountsOnceInItsObject) {
  EXPECT_EQ(fault(R"({"a":1,"a":1})"), ipc::WEB_BODY_NAME_TWICE);
  EXPECT_EQ(fault(R"({"a":1,"\u0061":1})"), ipc::WEB_BODY_NAME_TWICE) << "however it is written";
  EXPECT_EQ(fault(R"({"a":{"a":1},"b":[{"a":1},{"a":1}]})"), ipc::WEB_BODY_GOOD);
  EXPECT_EQ(fault(R"({"b":{"a":1},"c":1,"b":1})"), ipc::WEB_BODY_NAME_TWICE);
}

TEST(JsonReader, NumbersAreWholeAndOf64Bits) {
  EXPECT_EQ(shown(read(R"({"a":9223372036854775807,"b":-9223372036854775808,"c":-0})")),
            "{ a=#9223372036854775807 b=#-9223372036854775808 c=#0 ; ");
  for (const char* number : {"1.5", "1.0", "1e3", "1E3", "0.1", "-0.0", "9223372036854775808", "-9223372036854775809",
                             "99999999999999999999999999999999"}) {
    EXPECT_EQ(fault("{\"a\":" + std::string(number) + "}"), ipc::WEB_BODY_NO_WHOLE_NUMBER) << number;
  }
}

TEST(JsonReader, DepthNamesAndValuesAreBounded) {
  const auto nested = [](std::size_t lists) {
    return "{\"a\":" + std::string(lists, '[') + std::string(lists, ']') + "}";
  };
  EXPECT_EQ(fault(nested(ipc::kMaxBodyDepth - 1)), ipc::WEB_BODY_GOOD);
  EXPECT_EQ(fault(nested(ipc::kMaxBodyDepth)), ipc::WEB_BODY_TOO_DEEP);
  const auto named = [](std::size_t bytes) { return "{\"" + std::string(bytes, 'n') + "\":1}"; };
  EXPECT_EQ(fault(named(ipc::kMaxBodyNameBytes)), ipc::WEB_BODY_GOOD);
  EXPECT_EQ(fault(named(ipc::kMaxBodyNameBytes + 1)), ipc::WEB_BODY_NAME_TOO_LONG);
  const auto many = [](std::size_t values) {
    std::string out = "{\"a\":[0";
    for (std::size_t i = 3; i < values; ++i) out += ",0";
    return out + "]}";
  };
  EXPECT_EQ(read(many(ipc::kMaxBodyValues), 4096).fault(), ipc::WEB_BODY_GOOD);
  EXPECT_EQ(read(many(ipc::kMaxBodyValues + 1), 4096).fault(), ipc::WEB_BODY_TOO_MANY_VALUES);
}

TEST(JsonReader, ALongTextComesInPartsThatEndBetweenCharacters) {
  std::string text;
  while (text.size() < 3 * ipc::kMaxBodyTextBytes) text += "a\xf0\x9f\x98\x80";
  const ipc::WebBody body = read("{\"a\":\"" + text + "\",\"b\":1}", 1000);
  std::string whole;
  ASSERT_GT(body.tokens_size(), 4);
  for (const ipc::WebToken& token : body.tokens()) {
    if (!token.has_text()) continue;
    EXPECT_LE(token.text().size(), ipc::kMaxBodyTextBytes);
    EXPECT_EQ(token.name(), whole.empty() ? "a" : "");
    EXPECT_TRUE(token.text().empty() || (token.text()[0] & 0xc0) != 0x80) << "it begins within a character";
    whole += token.text();
    EXPECT_EQ(token.more(), whole.size() < text.size());
  }
  EXPECT_EQ(whole, text);
}

}  // namespace
}  // namespace sallyport::front::web
