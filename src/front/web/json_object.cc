// SPDX-License-Identifier: Apache-2.0
// Strings and their escapes.
#include "front/web/json_object.h"

#include <cstdio>

#include "base/bytes.h"
#include "base/escape.h"

namespace sallyport::front::web {

void JsonObject::key(std::string_view name) {
  out_ += out_.size() > 1 ? ",\"" : "\"";
  out_.append(name).append("\":");
}

void JsonObject::text(std::string_view name, std::string_view value) {
  key(name);
  out_ += '"';
  for (const char c : base::is_utf8(value) ? std::string(value) : base::to_hex(base::view(value))) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out_ += escaped;
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

void JsonObject::number(std::string_view name, std::uint64_t value) {
  key(name);
  out_ += std::to_string(value);
}

void JsonObject::flag(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}

void JsonObject::object(std::string_view name, const JsonObject& value) {
  key(name);
  out_ += value.end();
}

}  // namespace sallyport::front::web
