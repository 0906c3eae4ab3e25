// SPDX-License-Identifier: Apache-2.0
// Decoding.
#include "front/web/url_parts.h"

#include <algorithm>
#include <string>

#include "base/escape.h"

namespace sallyport::front::web {

namespace {

enum class Plus : bool { itself, blank };

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decode(std::string_view text, Plus plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::blank) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  if (!base::is_utf8(out)) return std::nullopt;
  return out;
}

const HttpRefusal kBadAddress{400, "an address that does not parse"};

}  // namespace

std::optional<HttpRefusal> read_target(std::string_view target, HttpRequest& out) {
  if (target.empty() || target.front() != '/') return kBadAddress;
  for (const char c : target) {
    if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\') return kBadAddress;
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  out.raw_path = target.substr(0, question);
  std::string_view path = target.substr(1, question - 1);
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    auto segment = decode(path.substr(0, slash), Plus::itself);
    if (!segment || segment->empty() || *segment == "." || *segment == ".." ||
        segment->find('/') != std::string::npos || out.path.size() >= kMaxSegments) {
      return kBadAddress;
    }
    out.path.push_back(std::move(*segment));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  std::string_view query = question < target.size() ? target.substr(question + 1) : std::string_view();
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals), Plus::blank);
    auto value = decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view(), Plus::blank);
    if (!name || !value || out.query.size() >= kMaxParameters) return kBadAddress;
    out.query.emplace_back(std::move(*name), std::move(*value));
  }
  return std::nullopt;
}

bool is_authority(std::string_view text) {
  if (text.empty()) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':' || c == '[' || c == ']' || c == '_';
  });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

}  // namespace sallyport::front::web
