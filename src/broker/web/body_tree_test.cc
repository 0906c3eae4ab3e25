// SPDX-License-Identifier: Apache-2.0
// What the broker takes for a body: only what a front that was not taken over may send.
#include "broker/web/body_tree.h"

#include <gtest/gtest.h>

#include <functional>

#include "broker/web/body_fixture_test.h"
#include "ipc/web_body.h"

namespace sallyport::broker::web {
namespace {

using Json = nlohmann::json;

struct Part {
  ipc::WebBody body;
  ipc::WebToken& add(const std::string& name = "") {
    ipc::WebToken& out = *body.add_tokens();
    out.set_name(name);
    return out;
  }
  void object(const std::string& name = "") { add(name).set_object(true); }
  void list(const std::string& name = "") { add(name).set_list(true); }
  void text(const std::string& text, const std::string& name = "", bool more = false) {
    add(name).set_text(text);
    body.mutable_tokens()->rbegin()->set_more(more);
  }
  void end() { add().set_end(true); }
};

std::string refused(const std::function<void(Part&)>& fill, std::size_t bytes = 1 << 20) {
  Part part;
  fill(part);
  part.body.set_last(true);
  BodyTree tree(bytes);
  const base::Status taken = tree.take(part.body);
  EXPECT_FALSE(tree.has_object() && !taken);
  return taken ? "" : taken.message();
}

TEST(BodyTree, IsWhatTheFrontRead) {
  const std::string json = R"({"a":[1,-2,{"b":"c"},[]],"d":null,"e":true,"f":"ä","g":9223372036854775807})";
  BodyTree tree = body_of(json);
  ASSERT_TRUE(tree.has_object());
  EXPECT_EQ(tree.root(), Json::parse(json));
}

TEST(BodyTree, ComesInParts) {
  Part one;
  one.object();
  one.text("sec", "a", true);
  Part two;
  two.text("ret");
  two.end();
  two.body.set_last(true);
  BodyTree tree(100);
  ASSERT_TRUE(tree.take(one.body));
  EXPECT_FALSE(tree.has_object());
  ASSERT_TRUE(tree.take(two.body));
  EXPECT_TRUE(tree.has_object());
  EXPECT_EQ(tree.root(), (Json{{"a", "secret"}}));
  EXPECT_EQ(one.body.tokens(1).text(), std::string(3, '\0')) << "the message is wiped";
  EXPECT_FALSE(tree.take(two.body)) << "it has ended";
}

TEST(BodyTree, AFaultIsTheCallersAndHasItsWords) {
  ipc::WebBody part;
  part.set_fault(ipc::WEB_BODY_NAME_TWICE);
  part.set_last(true);
  BodyTree tree(10);
  ASSERT_TRUE(tree.take(part));
  EXPECT_FALSE(tree.has_object());
  EXPECT_EQ(tree.fault().message(), "the body has a key twice");
  part.set_fault(static_cast<ipc::WebBodyFault>(99));
  BodyTree other(10);
  ASSERT_TRUE(other.take(part));
  EXPECT_EQ(other.fault().message(), "the body is no JSON");
}

TEST(BodyTree, WhatNoFrontSendsIsRefused) {
  EXPECT_NE(refused([](Part&) {}), "") << "nothing at all";
  EXPECT_NE(refused([](Part& p) { p.text("x"); }), "") << "no object";
  EXPECT_NE(refused([](Part& p) { p.list(), p.end(); }), "");
  EXPECT_NE(refused([](Part& p) { p.object("n"), p.end(); }), "") << "a root with a name";
  EXPECT_NE(refused([](Part& p) { p.object(); }), "") << "it is not whole";
  EXPECT_NE(refused([](Part& p) { p.object(), p.end(), p.end(); }), "");
  EXPECT_NE(refused([](Part& p) { p.object(), p.end(), p.object(), p.end(); }), "") << "two";
  EXPECT_NE(refused([](Part& p) { p.object(), p.text("x", "a"), p.text("y", "a"), p.end(); }), "") << "a name twice";
  EXPECT_NE(refused([](Part& p) { p.object(), p.list("a"), p.text("x", "n"), p.end(), p.end(); }), "");
  EXPECT_NE(refused([](Part& p) { p.object(), p.text("\xff", "a"), p.end(); }), "");
  EXPECT_NE(refused([](Part& p) { p.object(), p.text("x", "\xff"), p.end(); }), "");
  EXPECT_NE(refused([](Part& p) { p.object(), p.text("\xc3", "a", true), p.text("x"), p.end(); }), "");
  EXPECT_NE(refused([](Part& p) { p.object(), p.text("x", "a", true), p.end(); }), "") << "a text that breaks off";
  EXPECT_NE(refused([](Part& p) { p.object(), p.text("x", "a", true), p.text("y", "b"), p.end(); }), "");
  EXPECT_NE(refused([](Part& p) { p.object(), p.add("a"), p.end(); }), "") << "a value of no kind";
  EXPECT_NE(refused([](Part& p) { p.object(), p.text("x", std::string(ipc::kMaxBodyNameBytes + 1, 'n')), p.end(); }),
            "");
}

TEST(BodyTree, BoundsItsDepthItsValuesAndItsBytes) {
  const auto nested = [](std::size_t depth) {
    return [depth](Part& p) {
      p.object();
      for (std::size_t i = 1; i < depth; ++i) p.list(i == 1 ? "a" : "");
      for (std::size_t i = 0; i < depth; ++i) p.end();
    };
  };
  EXPECT_EQ(refused(nested(ipc::kMaxBodyDepth)), "");
  EXPECT_NE(refused(nested(ipc::kMaxBodyDepth + 1)), "");
  const auto many = [](std::size_t values) {
    return [values](Part& p) {
      p.object();
      p.list("a");
      for (std::size_t i = 2; i < values; ++i) p.add().set_null(true);
      p.end();
      p.end();
    };
  };
  EXPECT_EQ(refused(many(ipc::kMaxBodyValues)), "");
  EXPECT_NE(refused(many(ipc::kMaxBodyValues + 1)), "");
  // {"a":"x"} weighs five: two values, an end, a name, a text.
  const auto small = [](Part& p) { p.object(), p.text("x", "a"), p.end(); };
  EXPECT_EQ(refused(small, 5), "");
  EXPECT_EQ(refused(small, 4), "a body larger than its client said");
}

}  // namespace
}  // namespace sallyport::broker::web
