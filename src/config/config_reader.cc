// SPDX-License-Identifier: Apache-2.0
// Typed access to a YAML map. Trusted side; pure.
#include "config/config_reader.h"

#include <algorithm>
#include <charconv>

#include "base/escape.h"

namespace sallyport::config {

void ReadErrors::report(int line, const std::string& what) {
  if (first) first = base::fail(base::Errc::invalid, name + ":" + std::to_string(line) + ": " + what);
}

MapReader::MapReader(const YamlNode* map, std::string path, ReadErrors& errors)
    : map_(map), path_(std::move(path)), errors_(errors) {}

const YamlNode* MapReader::take(std::string_view key) {
  asked_.emplace(key);
  const YamlNode* node = map_ == nullptr ? nullptr : map_->find(key);
  return node == nullptr || node->kind == YamlKind::null ? nullptr : node;
}

const YamlNode* MapReader::take(std::string_view key, YamlKind kind) {
  const YamlNode* node = take(key);
  if (node == nullptr || node->kind == kind) return node;
  wrong(key, std::string("must be ") + describe(kind) + ", not " + describe(node->kind));
  return nullptr;
}

void MapReader::wrong(std::string_view key, const std::string& what) {
  const YamlNode* node = map_ == nullptr ? nullptr : map_->find(key);
  errors_.report(node == nullptr ? 1 : node->line, path_ + std::string(key) + ": " + what);
}

void MapReader::text(std::string_view key, std::string& out) {
  const YamlNode* node = take(key, YamlKind::text);
  if (node == nullptr) return;
  if (node->text.empty()) return wrong(key, "must not be empty");
  out = node->text;
}

void MapReader::boolean(std::string_view key, bool& out) {
  if (const YamlNode* node = take(key, YamlKind::boolean)) out = node->boolean;
}

void MapReader::integer(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t most) {
  const YamlNode* node = take(key, YamlKind::integer);
  if (node == nullptr) return;
  if (node->integer < 0 || static_cast<std::uint64_t>(node->integer) < least ||
      static_cast<std::uint64_t>(node->integer) > most) {
    return wrong(key, "must be between " + std::to_string(least) + " and " + std::to_string(most));
  }
  out = static_cast<std::uint64_t>(node->integer);
}

void MapReader::bytes(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t most) {
  const YamlNode* node = take(key);
  if (node == nullptr || node->kind == YamlKind::integer) return integer(key, out, least, most);
  std::uint64_t value = 0;
  const char* end = node->text.data() + node->text.size();
  const auto [rest, error] = std::from_chars(node->text.data(), end, value);
  std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  const int shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : -1;
  if (node->kind != YamlKind::text || error != std::errc{} || shift < 0 || value > (most >> shift) ||
      (value << shift) < least) {
    return wrong(key, "must be a number of bytes between " + std::to_string(least) + " and " + std::to_string(most) +
                          ", or one with KiB, MiB or GiB behind it");
  }
  out = value << shift;
}

void MapReader::names(std::string_view key, std::vector<std::string>& out, const std::vector<std::string>& known) {
  const YamlNode* node = take(key, YamlKind::list);
  if (node == nullptr) return;
  std::vector<std::string> names;
  for (const YamlNode& child : node->children) {
    if (std::find(known.begin(), known.end(), child.text) == known.end()) {
      std::string all;
      for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
      return errors_.report(child.line, path_ + std::string(key) + ": unknown name \"" +
                                            base::escape_for_terminal(child.text, 64) + "\"; known: " + all);
    }
    if (std::find(names.begin(), names.end(), child.text) == names.end()) names.push_back(child.text);
  }
  out = std::move(names);
}

MapReader MapReader::map(std::string_view key) {
  return MapReader(take(key, YamlKind::map), path_ + std::string(key) + ".", errors_);
}

void MapReader::finish() {
  if (map_ == nullptr) return;
  for (std::size_t i = 0; i < map_->keys.size(); ++i) {
    if (asked_.find(map_->keys[i]) != asked_.end()) continue;
    std::string all;
    for (const std::string& name : asked_) all += (all.empty() ? "" : ", ") + name;
    return errors_.report(
        map_->children[i].line,
        "unknown key \"" + path_ + base::escape_for_terminal(map_->keys[i], 64) + "\"; possible here: " + all);
  }
}

}  // namespace sallyport::config
