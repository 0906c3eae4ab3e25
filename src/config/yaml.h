// SPDX-License-Identifier: Apache-2.0
// Strict YAML: a small tree with line numbers, and its JSON. Trusted side, but the text may be anybody's: bounded in
// size, depth and nodes. Never guesses: duplicate keys, anchors, aliases and tags are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::config {

enum class YamlKind { null, boolean, integer, real, text, list, map };

/// One value of a document. Plain scalars are typed by the YAML 1.2 core schema, quoted ones are always text.
struct YamlNode {
  YamlKind kind = YamlKind::null;
  int line = 0;                   ///< 1-based
  bool boolean = false;           ///< kind boolean
  std::int64_t integer = 0;       ///< kind integer
  double real = 0;                ///< kind real; always finite
  std::string text;               ///< kind text; for the other scalars what was written
  std::vector<std::string> keys;  ///< kind map: the keys, in order, parallel to children
  std::vector<YamlNode> children;

  /// The value of a key of a map, or nullptr.
  const YamlNode* find(std::string_view key) const;
};

constexpr std::size_t kYamlMaxBytes = 4 * 1024 * 1024;
constexpr std::size_t kYamlMaxNodes = 200'000;
constexpr int kYamlMaxDepth = 32;

/// All documents of a text; empty documents are left out. Errors read "NAME:LINE: what is wrong".
base::Result<std::vector<YamlNode>> parse_yaml(std::string_view text, const std::string& name);

/// Compact JSON of a node. Key order is kept.
std::string to_json(const YamlNode& node);

/// "a list", "text", … for error messages.
const char* describe(YamlKind kind);

}  // namespace sallyport::config
