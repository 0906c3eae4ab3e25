// SPDX-License-Identifier: Apache-2.0
// Tables and JSON.
#include "cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/escape.h"

namespace sallyport::cli {
namespace {

// Code points, not cells: names and addresses are ASCII, and a wide character only shifts its own row.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}

const Json* reach(const Json& row, const std::string& field) {
  const Json* at = &row;
  std::size_t begin = 0;
  while (begin <= field.size()) {
    const std::size_t dot = std::min(field.find('.', begin), field.size());
    const auto found = at->is_object() ? at->find(field.substr(begin, dot - begin)) : at->end();
    if (!at->is_object() || found == at->end()) return nullptr;
    at = &*found;
    begin = dot + 1;
  }
  return at;
}

// A state that wants attention has a colour; everything else is plain.
std::string coloured(const std::string& text, const std::string& padded_text, Colour colour) {
  if (colour == Colour::off) return padded_text;
  static constexpr std::pair<const char*, const char*> kColours[] = {
      {"live", "32"},    {"sealed", "32"},  {"verified", "32"}, {"ok", "32"},
      {"allow", "32"},   {"created", "32"}, {"paused", "33"},   {"suspended", "33"},
      {"updated", "33"}, {"warn", "33"},    {"opening", "33"},  {"truncated", "31"},
      {"fail", "31"},    {"deny", "31"},    {"damaged", "31"},  {"deleted", "31"}};
  for (const auto& [word, code] : kColours) {
    if (text == word) return std::string("\x1b[") + code + "m" + padded_text + "\x1b[0m";
  }
  return padded_text;
}

}  // namespace

Colour colour_of_stdout() {
  const char* term = std::getenv("TERM");
  const char* none = std::getenv("NO_COLOR");
  const bool on = ::isatty(STDOUT_FILENO) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0 &&
                  (none == nullptr || *none == '\0');
  return on ? Colour::on : Colour::off;
}

std::string render_value(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.empty() ? "-" : base::escape_for_terminal(text);
  }
  if (value.is_array()) {
    std::string out;
    for (const Json& one : value) out += (out.empty() ? "" : ", ") + render_value(one);
    return out.empty() ? "-" : out;
  }
  if (value.is_object()) {
    std::string out;
    for (const auto& [key, one] : value.items()) {
      out += (out.empty() ? "" : ", ") + base::escape_for_terminal(key) + "=" + render_value(one);
    }
    return out.empty() ? "-" : out;
  }
  return value.dump();
}

std::string render_table(const std::vector<Column>& columns, const std::vector<Json>& rows, Colour colour) {
  std::vector<std::size_t> widths;
  std::vector<std::vector<std::string>> cells;
  for (const Column& column : columns) widths.push_back(width_of(column.title));
  for (const Json& row : rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Json* value = reach(row, columns[i].field);
      line.push_back(value == nullptr ? "-" : render_value(*value));
      widths[i] = std::max(widths[i], width_of(line.back()));
    }
  }
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool last = i + 1 == columns.size();
    const std::string title = last ? columns[i].title : padded(columns[i].title, widths[i] + 2);
    out += colour == Colour::on ? "\x1b[1m" + title + "\x1b[0m" : title;
  }
  out += "\n";
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool last = i + 1 == line.size();
      out += coloured(line[i], last ? line[i] : padded(line[i], widths[i] + 2), colour);
    }
    out += "\n";
  }
  return out;
}

std::string render_fields(const Json& object, Colour colour) {
  std::size_t width = 0;
  for (const auto& [key, unused] : object.items()) width = std::max(width, width_of(base::escape_for_terminal(key)));
  std::string out;
  for (const auto& [key, value] : object.items()) {
    const std::string text = render_value(value);
    out += padded(base::escape_for_terminal(key), width + 2) + coloured(text, text, colour) + "\n";
  }
  return out;
}

std::string difference_line(const Json& difference) {
  const Json before = difference.value("before", Json());
  const Json after = difference.value("after", Json());
  const std::string path = render_value(difference.value("path", Json()));
  if (before.is_null()) return "+ " + path + ": " + render_value(after);
  if (after.is_null()) return "- " + path + ": " + render_value(before);
  return "~ " + path + ": " + render_value(before) + " -> " + render_value(after);
}

base::Result<Json> parse_object(const std::string& json) {
  Json out = Json::parse(json, nullptr, false);
  if (!out.is_object()) {
    return base::fail(base::Errc::invalid, "the gateway's answer cannot be read: is the gateway of another version?");
  }
  return out;
}

base::Result<std::vector<Json>> parse_objects(const std::vector<std::string>& items) {
  std::vector<Json> out;
  for (const std::string& item : items) {
    auto object = parse_object(item);
    if (!object) return base::pass(object);
    out.push_back(std::move(*object));
  }
  return out;
}

std::string dump(const Json& json) {
  // ASCII only: C1 controls and bidirectional overrides come out as \uNNNN.
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

int print_rows(const Context& context, const std::vector<Column>& columns, const std::vector<Json>& rows) {
  if (context.format == Format::json) {
    std::cout << dump(Json(rows)) << "\n";
  } else if (rows.empty()) {
    std::cerr << "nothing\n";
  } else {
    std::cout << render_table(columns, rows, context.colour);
  }
  return 0;
}

base::Status print_list(const Context& context, const std::vector<Column>& columns,
                        const std::vector<std::string>& items) {
  auto rows = parse_objects(items);
  if (!rows) return base::pass(rows);
  print_rows(context, columns, *rows);
  return {};
}

base::Status print_object(const Context& context, const std::string& json) {
  auto object = parse_object(json);
  if (!object) return base::pass(object);
  if (context.format == Format::json) {
    std::cout << dump(*object) << "\n";
  } else {
    std::cout << render_fields(*object, context.colour);
  }
  return {};
}

}  // namespace sallyport::cli
