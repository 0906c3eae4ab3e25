// SPDX-License-Identifier: Apache-2.0
// One JSON object (RFC 8259), written member by member. Untrusted side; pure. What is no UTF-8 is written as its
// hexadecimal digits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::front::web {

class JsonObject {
 public:
  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::uint64_t value);
  void flag(std::string_view name, bool value);
  void object(std::string_view name, const JsonObject& value);
  /// The whole object.
  std::string end() const { return out_ + "}"; }

 private:
  void key(std::string_view name);

  std::string out_ = "{";
};

}  // namespace sallyport::front::web
