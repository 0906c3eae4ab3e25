// SPDX-License-Identifier: Apache-2.0
// Lines of "name{label=\"value\"} figure".
#include "broker/metrics/exposition.h"

#include <array>
#include <cstdio>

#include "base/escape.h"

namespace sallyport::broker::metrics {

namespace {

// Backslash, quote and newline are escaped; what is no UTF-8 would make the whole answer unreadable.
std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : base::is_utf8(value) ? value : std::string_view("not UTF-8")) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void Exposition::family(std::string_view name, Kind kind, std::string_view help) {
  name_ = name;
  text_ += "# HELP " + name_ + " " + std::string(help) + "\n";
  text_ += "# TYPE " + name_ + (kind == Kind::counter ? " counter\n" : " gauge\n");
}

void Exposition::add(double value, Labels labels) {
  std::array<char, 32> digits{};
  (void)std::snprintf(digits.data(), digits.size(), "%.15g", value);
  add_text(digits.data(), labels);
}

void Exposition::add(std::uint64_t value, Labels labels) {
  add_text(std::to_string(value), labels);
}

void Exposition::one(std::string_view name, Kind kind, std::string_view help, double value) {
  family(name, kind, help);
  add(value);
}

void Exposition::add_text(std::string_view value, Labels labels) {
  text_ += name_;
  const char* before = "{";
  for (const auto& [name, label] : labels) {
    text_ += before + std::string(name) + "=\"" + escaped(label) + "\"";
    before = ",";
  }
  if (labels.size() != 0) text_ += "}";
  text_ += " " + std::string(value) + "\n";
}

}  // namespace sallyport::broker::metrics
