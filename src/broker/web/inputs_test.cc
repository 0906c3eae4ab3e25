// SPDX-License-Identifier: Apache-2.0
// What a caller wrote is read strictly: nothing is overlooked, and the first thing that is wrong is said.
#include "broker/web/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "broker/web/body_fixture_test.h"

namespace sallyport::broker::web {
namespace {

using ::testing::ElementsAre;
using Needed = Inputs::Needed;

template <class Read>
std::string wrong(std::string_view json, Read read) {
  const ipc::WebRequest asked;
  Inputs inputs(asked, body_of(json), {});
  read(inputs);
  const base::Status good = inputs.finish();
  return good ? "" : good.message();
}

TEST(Inputs, WhatIsThereIsRead) {
  const ipc::WebRequest asked;
  Inputs good(asked, body_of(R"({"account":"deploy","targets":["a"],"for_seconds":60,"reason":null,"numbers":[1,2]})"),
              {});
  EXPECT_EQ(good.field("account", Needed::yes), "deploy");
  EXPECT_THAT(good.field_texts("targets"), ElementsAre("a"));
  EXPECT_EQ(good.field_number("for_seconds", 100), 60);
  EXPECT_THAT(good.field_numbers("numbers", 2), ElementsAre(1, 2));
  EXPECT_EQ(good.field("reason"), "");
  EXPECT_TRUE(good.finish());
}

TEST(Inputs, WhatIsWrongIsSaid) {
  const auto text = [](Inputs& in) { (void)in.field("a", Needed::yes); };
  const auto number = [](Inputs& in) { (void)in.field_number("a", 10); };
  const auto numbers = [](Inputs& in) { (void)in.field_numbers("a", 10); };
  EXPECT_EQ(wrong("{}", text), "a is missing");
  EXPECT_EQ(wrong("", text), "a is missing");
  EXPECT_EQ(wrong(R"({"a":""})", text), "a is empty");
  EXPECT_EQ(wrong(R"({"a":1})", text), "a is a text");
  EXPECT_EQ(wrong(R"({"a":"x","b":1})", text), "the body has 'b', which means nothing here");
  EXPECT_EQ(wrong(R"({"a":"x","a":"y"})", text), "the body has a key twice");
  EXPECT_EQ(wrong(R"(["a"])", text), "the body is no JSON object");
  EXPECT_EQ(wrong(R"({"a":"x"} x)", text), "the body is no JSON");
  EXPECT_EQ(wrong("{\"a\":\"\xff\"}", text), "the body is no JSON");
  EXPECT_EQ(wrong("{\"a\":" + std::string(100, '['), text), "the body is nested too deeply");
  EXPECT_EQ(wrong(R"({"a":1.5})", number), "the body has a number that is not whole, or too large");
  EXPECT_EQ(wrong(R"({"a":-1})", number), "a is a whole number from 0 to 10");
  EXPECT_EQ(wrong(R"({"a":11})", number), "a is a whole number from 0 to 10");
  EXPECT_EQ(wrong(R"({"a":10})", number), "");
  EXPECT_EQ(wrong(R"({"a":[1,-1]})", numbers), "a is a list of whole numbers");
  EXPECT_EQ(wrong(R"({"a":[11]})", numbers), "a is a list of whole numbers");
}

TEST(Inputs, AResourceIsWrittenOutFromItsValues) {
  const ipc::WebRequest asked;
  Inputs put(asked, body_of("{ \"z\": [1, {\"y\": \"\\u00e4\\n\"}],\r\n \"kind\": \"user\" }"), {"user", "alice"});
  EXPECT_EQ(put.whole_body_of(put.place(0), put.place(1)),
            "{\"kind\":\"user\",\"name\":\"alice\",\"z\":[1,{\"y\":\"\xc3\xa4\\n\"}]}");
  EXPECT_TRUE(put.finish());
  Inputs another(asked, body_of(R"({"kind":"user","name":"bob"})"), {"user", "alice"});
  (void)another.whole_body_of("user", "alice");
  EXPECT_EQ(another.finish().message(), "name is another one in the body than in the address");
  Inputs none(asked, BodyTree(), {"user", "alice"});
  (void)none.whole_body_of("user", "alice");
  EXPECT_EQ(none.finish().message(), "the body is missing");
}

TEST(Inputs, AListOfResources) {
  const auto read = [](Inputs& in) { (void)in.resources("items"); };
  const std::string bad = "items is a list of {resource: {…}, expected_version: a number, or left out}";
  EXPECT_EQ(wrong(R"({"items":[{"resource":{"kind":"user"},"expected_version":3},{"resource":{}}]})", read), "");
  EXPECT_EQ(wrong(R"({"items":[{"resource":{}},1]})", read), bad);
  EXPECT_EQ(wrong(R"({"items":[{"resource":[]}]})", read), bad);
  EXPECT_EQ(wrong(R"({"items":[{"resource":{},"more":1}]})", read), bad);
  EXPECT_EQ(wrong(R"({"items":[{"resource":{},"expected_version":-1}]})", read), bad);
}

}  // namespace
}  // namespace sallyport::broker::web
