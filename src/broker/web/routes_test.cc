// SPDX-License-Identifier: Apache-2.0
// The table of routes beside the document that describes it: neither may have what the other lacks.
#include "broker/web/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/fd.h"
#include "broker/api/operations.h"
#include "config/yaml.h"

namespace sallyport::broker::web {
namespace {

using Segments = std::vector<std::string>;

struct Described {
  std::string operation;
  bool has_body = false;
};

// "GET sessions/{id}" and what stands there.
std::map<std::string, Described> described() {
  std::map<std::string, Described> out;
  const std::string path = std::string(SALLYPORT_DOCS) + "/openapi.yaml";
  auto text = base::read_file(path, config::kYamlMaxBytes);
  if (!text) return out;
  auto documents = config::parse_yaml(base::text(*text), path);
  EXPECT_TRUE(documents) << documents.message();
  if (!documents) return out;
  const config::YamlNode* paths = documents->front().find("paths");
  for (std::size_t i = 0; i < paths->keys.size(); ++i) {
    const config::YamlNode& entry = paths->children[i];
    for (std::size_t m = 0; m < entry.keys.size(); ++m) {
      std::string method = entry.keys[m];
      if (method == "parameters") continue;
      std::transform(method.begin(), method.end(), method.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      const config::YamlNode* operation = entry.children[m].find("x-operation");
      out[method + " " + paths->keys[i].substr(1)] = {operation == nullptr ? "" : operation->text,
                                                      entry.children[m].find("requestBody") != nullptr};
    }
  }
  return out;
}

TEST(Routes, AreThoseOfTheDocument) {
  std::vector<std::string> in_code;
  std::vector<std::string> in_document;
  for (const Route& route : routes()) in_code.push_back(std::string(route.method) + " " + std::string(route.path));
  for (const auto& [name, unused] : described()) in_document.push_back(name);
  EXPECT_THAT(in_code, ::testing::UnorderedElementsAreArray(in_document));
}

TEST(Routes, AskForTheOperationThatTheDocumentNames) {
  const auto document = described();
  for (const Route& route : routes()) {
    const std::string name = std::string(route.method) + " " + std::string(route.path);
    const auto found = document.find(name);
    ASSERT_NE(found, document.end()) << name;
    EXPECT_EQ(found->second.has_body, route.max_body > 0) << name;
    if (route.make == nullptr) {
      EXPECT_EQ(found->second.operation, "") << name;
      continue;
    }
    ipc::WebRequest asked;
    Inputs inputs(asked, BodyTree(), {"a", "b"});
    EXPECT_EQ(api::operation_of(route.make(inputs)).name, found->second.operation) << name;
  }
}

TEST(Routes, EveryOperationIsReachedOrKnownNotToBe) {
  std::set<std::string_view> reached;
  for (const Route& route : routes()) {
    if (route.make == nullptr) continue;
    ipc::WebRequest asked;
    Inputs inputs(asked, BodyTree(), {"a", "b"});
    reached.insert(api::operation_of(route.make(inputs)).name);
  }
  for (const api::Operation& one : api::kOperationTable) {
    EXPECT_TRUE(reached.contains(one.name)) << one.name;
  }
}

TEST(Routes, AreFoundByWholeSegments) {
  EXPECT_EQ(find_route("GET", Segments{"sessions", "X"}).places, Segments{"X"});
  EXPECT_EQ(find_route("GET", Segments{"sessions"}).route->path, "sessions");
  EXPECT_EQ(find_route("GET", Segments{"sessions", "X", "Y"}).route, nullptr);
  EXPECT_EQ(find_route("GET", Segments{"session"}).route->own, Own::who_am_i);
  EXPECT_EQ(find_route("GET", Segments{}).route, nullptr);
  EXPECT_EQ(find_route("GET", Segments{"sess"}).route, nullptr);
  const Found other = find_route("PATCH", Segments{"sessions"});
  EXPECT_EQ(other.route, nullptr);
  EXPECT_TRUE(other.path_known);
}

}  // namespace
}  // namespace sallyport::broker::web
