// SPDX-License-Identifier: Apache-2.0
// Lines out of terminal output, for searching. Foreign content; pure. It must never miss what a terminal showed in one
// go: where terminals differ it takes what any of them would show, and a line that is edited counts as it was before,
// too.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::cli {

/// One way to read control sequences.
class LineReader {
 public:
  enum class Strings {
    as_terminals_do,  ///< a control string ends as ECMA-48 and terminals have it
    soon,             ///< also at a line's end and after 4 KiB; a control sequence, at what cannot be part of one
  };
  /// Gets a line, or as much of it as is new with what precedes it.
  using Sink = std::function<void(std::string_view line)>;

  /// Takes bytes up to the end of a line at most; says how many.
  std::size_t take(std::string_view bytes, const Sink& sink);
  /// The last line, without an end.
  void finish(const Sink& sink) const { sink(line_); }

  /// Whether the next byte would end what is being read under Strings::soon, and does not here.
  bool parts_ways(std::uint8_t next) const;
  /// Goes on as Strings::soon has it.
  void end_sequence();
  bool same_as(const LineReader& other) const {
    return in_ == In::text && other.in_ == in_ && held_ == other.held_ && line_ == other.line_;
  }

 private:
  enum class In : std::uint8_t { text, escape, csi, string, string_escape };
  void byte(std::uint8_t c, const Sink& sink);
  void sequence_byte(std::uint8_t c);
  void text_byte(std::uint8_t c);
  void control(std::uint8_t c, const Sink& sink);
  void end_character();
  void begin(In in);
  void emit_new(const Sink& sink);
  void end_line(const Sink& sink);

  Strings strings_ = Strings::as_terminals_do;
  In in_ = In::text;
  std::size_t length_ = 0;  // of the sequence being read
  std::string held_;        // a character's first bytes
  std::size_t expected_ = 0;
  std::string line_;
  std::size_t known_ = 0;  // so much of the line was given to a sink
};

/// Lines as any terminal would show them: control sequences and characters that show nothing go; a line ends at \n or
/// \r, and after 64 KiB, whose last KiB the next one repeats.
class PlainLines {
 public:
  using Sink = LineReader::Sink;
  void feed(std::string_view bytes, const Sink& sink);
  void finish(const Sink& sink) const;

 private:
  LineReader line_;
  std::optional<LineReader> early_;  // while a terminal that ends control strings early would show something else
};

}  // namespace sallyport::cli
