// SPDX-License-Identifier: Apache-2.0
// Takes typed values out of one YAML map and remembers which keys were asked for, so that the rest can be refused.
// Trusted side; the first error stays and every later call does nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/yaml.h"

namespace sallyport::config {

/// Shared by the readers of one file: its name and the first error.
struct ReadErrors {
  std::string name;
  base::Status first;
  void report(int line, const std::string& what);
};

/// Reads one map; each getter leaves `out` alone where the key is absent. `path` is "" or "limits.", for messages.
class MapReader {
 public:
  MapReader(const YamlNode* map, std::string path, ReadErrors& errors);

  void text(std::string_view key, std::string& out);
  void boolean(std::string_view key, bool& out);
  template <class T>
  void number(std::string_view key, T& out, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = out;
    integer(key, value, least, most);
    out = static_cast<T>(value);
  }
  /// A number, or one with KiB, MiB or GiB behind it.
  void bytes(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t most);
  /// A list of words out of `known`.
  void names(std::string_view key, std::vector<std::string>& out, const std::vector<std::string>& known);
  /// The nested map of a key; an absent one reads as empty.
  MapReader map(std::string_view key);
  /// The raw node of a key, or nullptr.
  const YamlNode* take(std::string_view key);
  /// Refuses what nobody asked for. Call last.
  void finish();
  /// Reports what is wrong with a key's value.
  void wrong(std::string_view key, const std::string& what);

 private:
  void integer(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t most);
  const YamlNode* take(std::string_view key, YamlKind kind);

  const YamlNode* map_;
  std::string path_;
  ReadErrors& errors_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace sallyport::config
