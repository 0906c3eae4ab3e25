// SPDX-License-Identifier: Apache-2.0
// The states are those of codec/terminal/splitter.cc; plain_lines_test.cc holds the two against each other.
#include "cli/plain_lines.h"

#include <algorithm>

#include "base/escape.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxLine = 64 * 1024;
constexpr std::size_t kOverlap = 1024;  // what may be found across a cut
constexpr std::size_t kLongString = 4 * 1024;
constexpr std::size_t kLongSequence = 256;
constexpr std::uint8_t kEsc = 0x1B;

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7F;
}

}  // namespace

bool LineReader::parts_ways(std::uint8_t next) const {
  if (strings_ == Strings::soon) return false;
  const bool line_ends = next == '\n' || next == '\r';
  switch (in_) {
    case In::text:
      return false;
    case In::string:
    case In::string_escape:
      return line_ends || length_ >= kLongString;
    case In::escape:
    case In::csi:
      return line_ends || next >= 0x80 || length_ >= kLongSequence;
  }
  return false;
}

void LineReader::end_sequence() {
  strings_ = Strings::soon;
  begin(In::text);
}

void LineReader::begin(In in) {
  in_ = in;
  length_ = 0;
}

std::size_t LineReader::take(std::string_view bytes, const Sink& sink) {
  if (in_ != In::text || !held_.empty() || !is_plain(bytes[0])) {
    byte(static_cast<std::uint8_t>(bytes[0]), sink);
    return 1;
  }
  const std::size_t room = kMaxLine - line_.size();
  const std::size_t run =
      static_cast<std::size_t>(std::find_if_not(bytes.begin(), bytes.end(), is_plain) - bytes.begin());
  line_.append(bytes, 0, std::min(run, room));
  if (line_.size() >= kMaxLine) emit_new(sink);
  return std::min(run, room);
}

void LineReader::byte(std::uint8_t c, const Sink& sink) {
  if (!held_.empty()) {
    if (c >= 0x80 && c < 0xC0) return text_byte(c);
    end_character();
  }
  if (c == 0x00 || c == 0x7F) return;
  if (c == 0x18 || c == 0x1A) return begin(In::text);  // CAN, SUB
  if (strings_ == Strings::soon && in_ != In::text) {
    const bool string = in_ == In::string || in_ == In::string_escape;
    const bool over =
        c == '\n' || c == '\r' || length_ >= (string ? kLongString : kLongSequence) || (!string && c >= 0x80);
    if (over) begin(In::text);
  }
  if (in_ == In::string) {
    ++length_;
    if (c == kEsc) in_ = In::string_escape;
    if (c == 0x07) begin(In::text);
    return;
  }
  if (in_ == In::string_escape) {
    begin(c == '\\' ? In::text : In::escape);
    if (in_ == In::text) return;
  }
  if (c == kEsc) return begin(In::escape);
  if (c < 0x20) return control(c, sink);
  ++length_;
  in_ == In::text ? text_byte(c) : sequence_byte(c);
  if (line_.size() >= kMaxLine) emit_new(sink);
}

void LineReader::sequence_byte(std::uint8_t c) {
  if (in_ == In::csi) {
    if (c >= 0x40 && c < 0x7F) begin(In::text);
    return;
  }
  if (c < 0x30 || c >= 0x80) return;  // an intermediate; or nothing
  const bool first = length_ == 1;
  if (first && c == '[') return begin(In::csi);
  const bool string = c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_';  // OSC, DCS, SOS, PM, APC
  begin(first && string ? In::string : In::text);
}

void LineReader::text_byte(std::uint8_t c) {
  if (held_.empty()) {
    expected_ = c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 1;
  }
  held_ += static_cast<char>(c);
  if (held_.size() == expected_) end_character();
}

// What shows nothing would part what is shown together.
void LineReader::end_character() {
  line_ += base::visible_text(held_);
  held_.clear();
}

void LineReader::control(std::uint8_t c, const Sink& sink) {
  if (c == '\n' || c == '\r') return end_line(sink);
  if (c == '\t') line_ += '\t';
  if (c != 0x08 || line_.empty()) return;
  emit_new(sink);  // it was shown, whatever takes its place
  while (line_.size() > 1 && (static_cast<std::uint8_t>(line_.back()) & 0xC0) == 0x80) line_.pop_back();
  line_.pop_back();
  known_ = std::min(known_, line_.size());
}

// What is new in the line, with some of what precedes it; a full line goes but for its end.
void LineReader::emit_new(const Sink& sink) {
  if (known_ < line_.size()) sink(std::string_view(line_).substr(known_ - std::min(known_, kOverlap)));
  if (line_.size() >= kMaxLine) line_.erase(0, line_.size() - kOverlap);
  known_ = line_.size();
}

void LineReader::end_line(const Sink& sink) {
  sink(line_);
  line_.clear();
  known_ = 0;
}

void PlainLines::feed(std::string_view bytes, const Sink& sink) {
  while (!bytes.empty()) {
    const auto next = static_cast<std::uint8_t>(bytes[0]);
    if (!early_ && line_.parts_ways(next)) {
      early_ = line_;
      early_->end_sequence();
    }
    const std::size_t taken = line_.take(bytes, sink);
    if (early_) {
      for (std::size_t at = 0; at < taken;) at += early_->take(bytes.substr(at, taken - at), sink);
      if (early_->same_as(line_)) early_.reset();
    }
    bytes.remove_prefix(taken);
  }
}

void PlainLines::finish(const Sink& sink) const {
  line_.finish(sink);
  if (early_) early_->finish(sink);
}

}  // namespace sallyport::cli
