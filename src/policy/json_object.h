// SPDX-License-Identifier: Apache-2.0
// Strict reading of one JSON object: each key is taken by what knows it, and whatever is left over is an error. Trusted
// side, pure, on foreign text. Only src/policy's .cc files include this.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sallyport::policy {

/// Parses an object of at most max_bytes, refusing repeated keys and deep nesting. Errors: invalid.
base::Result<nlohmann::json> parse_object(std::string_view text, std::size_t max_bytes);

/// The keys of an object, taken one by one. The first error sticks; later calls then return defaults, and finish()
/// reports it.
class JsonObject {
 public:
  /// `where` opens every error: "target 'web1'". The object must outlive this.
  JsonObject(const nlohmann::json& object, std::string where);

  bool has(std::string_view key) const;
  /// Whether it is there and is true or false.
  bool has_bool(std::string_view key) const;
  /// Null when the key is absent; known from now on.
  const nlohmann::json* take(std::string_view key);

  std::string required_string(std::string_view key);
  /// Human text: UTF-8 without control characters, at most 1024 bytes.
  std::string optional_text(std::string_view key);
  bool optional_bool(std::string_view key, bool otherwise);
  std::optional<bool> maybe_bool(std::string_view key);
  /// A number of seconds, or a word such as 30s, 15m, 8h, 2d.
  std::optional<std::int64_t> maybe_seconds(std::string_view key);
  /// A number of bytes, or a word such as 512KiB, 4MiB, 1GiB.
  std::optional<std::int64_t> maybe_bytes(std::string_view key);
  /// A number from 1 to `most`.
  std::optional<std::int64_t> maybe_count(std::string_view key, std::int64_t most);
  /// A list of strings, none of them twice; empty when absent.
  std::vector<std::string> string_list(std::string_view key);
  /// A list of names; with "*", that alone.
  enum class Every { refused, accepted };
  std::vector<std::string> name_list(std::string_view key, Every every);

  /// Records an error about a key, unless there is one already.
  void reject(std::string_view key, const std::string& problem);
  bool ok() const { return problem_.empty(); }
  const std::string& where() const { return where_; }
  const std::string& problem() const { return problem_; }

  /// Names a key that is planned but not enforced yet, so that its error says so.
  void not_yet(std::string_view key);
  /// Ok when nothing was wrong and no key is left over. Errors: invalid.
  base::Status finish();

 private:
  std::optional<std::int64_t> maybe_amount(std::string_view key,
                                           const std::vector<std::pair<std::string_view, std::int64_t>>& units,
                                           const char* example);

  const nlohmann::json& object_;
  std::string where_;
  std::string problem_;
  std::set<std::string, std::less<>> known_;
};

/// Reads a nested object under a key with `read`; what goes wrong inside is reported with the path to it. An absent key
/// is no error.
void nested(JsonObject& in, std::string_view key, const std::function<void(JsonObject&)>& read);

}  // namespace sallyport::policy
