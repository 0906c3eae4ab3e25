// SPDX-License-Identifier: Apache-2.0
// A YAML tree as JSON text. Trusted side; pure.
#include <nlohmann/json.hpp>

#include "config/yaml.h"

namespace sallyport::config {
namespace {

nlohmann::ordered_json convert(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::null:
      return nullptr;
    case YamlKind::boolean:
      return node.boolean;
    case YamlKind::integer:
      return node.integer;
    case YamlKind::real:
      return node.real;
    case YamlKind::text:
      return node.text;
    case YamlKind::list: {
      auto list = nlohmann::ordered_json::array();
      for (const YamlNode& child : node.children) list.push_back(convert(child));
      return list;
    }
    case YamlKind::map: {
      auto map = nlohmann::ordered_json::object();
      for (std::size_t i = 0; i < node.keys.size(); ++i) map[node.keys[i]] = convert(node.children[i]);
      return map;
    }
  }
  return nullptr;
}

}  // namespace

std::string to_json(const YamlNode& node) {
  return convert(node).dump();  // every text was checked to be UTF-8: dump() does not throw
}

}  // namespace sallyport::config
