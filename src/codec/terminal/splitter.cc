// SPDX-License-Identifier: Apache-2.0
// Cuts a terminal's byte stream into whole units. Untrusted side.
#include "codec/terminal/splitter.h"

namespace sallyport::codec::terminal {
namespace {

constexpr std::uint8_t kEsc = 0x1b;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool cancels(std::uint8_t c) {
  return c == 0x18 || c == 0x1a;
}  // CAN, SUB

/// Well-formed UTF-8 of the right length to its code point; 0 for overlong forms, surrogates and what is out of range.
char32_t decode(std::string_view s) {
  const auto at = [s](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  char32_t code = s.size() == 2 ? at(0) & 0x1f : s.size() == 3 ? at(0) & 0x0f : at(0) & 0x07;
  for (std::size_t i = 1; i < s.size(); ++i) code = (code << 6) | (at(i) & 0x3f);
  const char32_t least = s.size() == 2 ? 0x80 : s.size() == 3 ? 0x800 : 0x10000;
  return code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : code;
}

/// Parses what stands between CSI and its final byte. False for what no terminal defines.
bool parse(std::string_view body, Csi& out) {
  out.final = body.back();
  body.remove_suffix(1);
  if (!body.empty() && body[0] >= 0x3c && body[0] <= 0x3f) {
    out.leader = body[0];
    body.remove_prefix(1);
  }
  out.count = 1;
  std::size_t i = 0;
  for (; i < body.size() && body[i] >= 0x30 && body[i] <= 0x3b; ++i) {
    Csi::Parameter& p = out.parameters[out.count - 1];
    if (body[i] <= '9') {
      p.value = std::min((p.value < 0 ? 0 : p.value) * 10 + (body[i] - '0'), 9999);
    } else if (out.count == kMaxParameters) {
      return false;
    } else {
      p.sub_follows = body[i] == ':';
      ++out.count;
    }
  }
  if (i < body.size() && body[i] >= 0x20 && body[i] <= 0x2f) out.intermediate = body[i++];
  return i == body.size();
}

}  // namespace

void Splitter::feed(base::ByteView bytes, UnitSink& sink) {
  const std::string_view all = base::text(bytes);
  std::size_t at = 0;
  while (at < all.size()) {
    if (state_ == State::ground) {
      std::size_t end = at;
      while (end < all.size() && all[end] >= 0x20 && all[end] < 0x7f) ++end;  // char is signed: above 0x7F is negative
      if (end > at) {
        sink.text(all.substr(at, end - at));
        at = end;
        continue;
      }
    }
    byte(static_cast<std::uint8_t>(all[at++]), sink);
  }
}

std::string Splitter::pending() const {
  return held_;
}

void Splitter::byte(std::uint8_t c, UnitSink& sink) {
  if (state_ == State::character) return character(c, sink);
  if (c == 0x00 || c == 0x7f) return;
  if (cancels(c)) {
    state_ = State::ground;
    held_.clear();
    return;
  }
  if (state_ == State::string || state_ == State::string_escape) return string_byte(c, sink);
  if (c == kEsc) return begin(State::escape, c);
  // A control inside a sequence is obeyed at once (ECMA-48 leaves it open; terminals do).
  if (c < 0x20) return sink.control(c);
  switch (state_) {
    case State::escape:
      return escape(c, sink);
    case State::csi:
      return sequence(c, sink);
    default:
      return ground(c, sink);
  }
}

void Splitter::begin(State state, std::uint8_t c) {
  state_ = state;
  held_.assign(1, static_cast<char>(c));
}

/// One byte more than is obeyed is kept: it marks the sequence as too long, also when it is replayed.
void Splitter::keep(std::uint8_t c) {
  if (held_.size() <= kMaxSequenceBytes) held_.push_back(static_cast<char>(c));
}

void Splitter::ground(std::uint8_t c, UnitSink& sink) {
  if (c < 0x80) return sink.text(std::string_view(reinterpret_cast<const char*>(&c), 1));
  expected_ = c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
  if (expected_ == 0) return sink.character(0xfffd, kReplacement);
  begin(State::character, c);
}

void Splitter::character(std::uint8_t c, UnitSink& sink) {
  if (c < 0x80 || c >= 0xc0) {
    state_ = State::ground;
    held_.clear();
    sink.character(0xfffd, kReplacement);
    return byte(c, sink);
  }
  held_.push_back(static_cast<char>(c));
  if (held_.size() == expected_) finish_character(sink);
}

void Splitter::finish_character(UnitSink& sink) {
  const char32_t code = decode(held_);
  state_ = State::ground;
  if (code == 0) {
    sink.character(0xfffd, kReplacement);
  } else if (code >= 0xa0) {  // below are C1 controls in UTF-8: nothing that should be shown or obeyed
    sink.character(code, held_);
  }
  held_.clear();
}

void Splitter::escape(std::uint8_t c, UnitSink& sink) {
  keep(c);
  if (c < 0x30 || c >= 0x80) return;  // an intermediate; or nothing
  const bool first = held_.size() == 2;
  if (first && c == '[') {
    state_ = State::csi;
    return;
  }
  if (first && (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_')) {  // OSC, DCS, SOS, PM, APC
    state_ = State::string;
    return;
  }
  if (held_.size() <= 4) sink.escape(std::string_view(held_).substr(1));
  state_ = State::ground;
  held_.clear();
}

void Splitter::sequence(std::uint8_t c, UnitSink& sink) {
  keep(c);
  if (c < 0x40 || c >= 0x7f) return;
  Csi out;
  if (held_.size() <= kMaxSequenceBytes && parse(std::string_view(held_).substr(2), out)) sink.csi(out);
  state_ = State::ground;
  held_.clear();
}

/// Strings are not obeyed (titles, palettes, clipboards): only their end matters.
void Splitter::string_byte(std::uint8_t c, UnitSink& sink) {
  if (state_ == State::string_escape) {
    if (c != '\\') {
      begin(State::escape, kEsc);
      return byte(c, sink);
    }
  } else if (c == kEsc) {
    state_ = State::string_escape;
    held_.push_back(static_cast<char>(c));
    return;
  } else if (c != 0x07) {
    return;
  }
  state_ = State::ground;
  held_.clear();
}

}  // namespace sallyport::codec::terminal
