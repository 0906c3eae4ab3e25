// SPDX-License-Identifier: Apache-2.0
// What the YAML reader takes, refuses, and says about it.
#include "config/yaml.h"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

std::string json_of(std::string_view text) {
  auto documents = parse_yaml(text, "t.yaml");
  if (!documents) return "error " + documents.message();
  std::string out;
  for (const YamlNode& document : *documents) out += (out.empty() ? "" : " ") + to_json(document);
  return out;
}

TEST(Yaml, TypesPlainScalarsAndLeavesQuotedOnesAlone) {
  EXPECT_EQ(json_of("{a: 1, b: \"1\", c: true, d: 'true', e: ~, f: 1.5, g: yes, h: 0x10, i: -7, j: 1.2.3}"),
            R"({"a":1,"b":"1","c":true,"d":"true","e":null,"f":1.5,"g":"yes","h":16,"i":-7,"j":"1.2.3"})");
}

TEST(Yaml, ReadsSeveralDocumentsAndSkipsEmptyOnes) {
  EXPECT_EQ(json_of("---\n{a: 1}\n---\n---\nb: [x, y]\n"), R"({"a":1} {"b":["x","y"]})");
  EXPECT_EQ(json_of(""), "");
  EXPECT_EQ(json_of("# only a comment\n"), "");
}

TEST(Yaml, ReadsTheContractsExample) {
  const std::string json = json_of(
      "kind: policy\nname: ops-on-prod\nsubjects: {groups: [ops]}\ncommands:\n  rules:\n"
      "    - {name: curl-sh, deny: {pattern: 'curl .*\\| *sh'}}\n");
  EXPECT_EQ(json, R"({"kind":"policy","name":"ops-on-prod","subjects":{"groups":["ops"]},)"
                  R"("commands":{"rules":[{"name":"curl-sh","deny":{"pattern":"curl .*\\| *sh"}}]}})");
}

TEST(Yaml, RefusesADuplicateKeyAndNamesItsLine) {
  EXPECT_EQ(json_of("a: 1\nb: 2\na: 3\n"), "error t.yaml:3: the key \"a\" stands twice");
  EXPECT_EQ(json_of("x: {a: 1, a: 2}\n"), "error t.yaml:1: the key \"a\" stands twice");
}

TEST(Yaml, RefusesAnchorsAliasesAndTags) {
  EXPECT_EQ(json_of("a: &x [1]\nb: *x\n").substr(0, 24), "error t.yaml:1: anchors ");
  EXPECT_EQ(json_of("a: !!binary aGk=\n"), "error t.yaml:1: tags (!name) are not taken");
}

TEST(Yaml, BoundsDepthSizeAndCount) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += '[';
  for (int i = 0; i < 40; ++i) deep += ']';
  EXPECT_EQ(json_of(deep), "error t.yaml:1: nested deeper than 32 levels");
  EXPECT_EQ(json_of(std::string(100'000, '[')), "error t.yaml: too many open brackets");
  EXPECT_EQ(json_of(std::string(kYamlMaxBytes + 1, 'a')), "error t.yaml: longer than 4 MiB");
  std::string many = "[";
  for (std::size_t i = 0; i < kYamlMaxNodes + 1; ++i) many += "1,";
  EXPECT_EQ(json_of(many + "]"), "error t.yaml:1: more than 200000 values");
}

TEST(Yaml, RefusesWhatIsNotText) {
  EXPECT_EQ(json_of(std::string_view("a: \0", 4)), "error t.yaml: holds a NUL byte");
  EXPECT_EQ(json_of("a: \xff"), "error t.yaml: not UTF-8 text");
  EXPECT_EQ(json_of("a: \"\\0\""), "error t.yaml:1: text holds a NUL character");
}

TEST(Yaml, NamesTheLineOfASyntaxError) {
  const std::string error = json_of("a: 1\nb: [1,\n");
  EXPECT_EQ(error.rfind("error t.yaml:", 0), 0U) << error;
}

TEST(Yaml, RefusesKeysThatAreNotWords) {
  EXPECT_EQ(json_of("? [a, b]\n: 1\n"), "error t.yaml:1: a key must be a plain word");
}

}  // namespace
}  // namespace sallyport::config
