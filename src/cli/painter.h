// SPDX-License-Identifier: Apache-2.0
// Puts a terminal model on the administrator's terminal, cell by cell. Nothing that the session sent gets there: only
// this file's own cursor movements and colours, and characters that are printable. So a recording cannot set a title,
// read or write a clipboard, ask the terminal questions, or hide what it shows.
#pragma once

#include <string>
#include <vector>

#include "codec/terminal/terminal.h"

namespace sallyport::cli {

class Painter {
 public:
  /// view: the size of the administrator's terminal.
  explicit Painter(codec::terminal::Size view) : view_(view) {}

  /// Bytes that bring the terminal from what was painted last to this screen. A larger screen is cropped: the part
  /// with the cursor shows.
  std::string paint(const codec::terminal::Terminal& screen);
  /// A line in reverse video at the bottom, over whatever is there; empty takes it away with the next paint().
  void set_status(std::string text);
  /// The terminal was cleared or resized: everything is painted anew.
  void reset(codec::terminal::Size view);
  codec::terminal::Size view() const { return view_; }

 private:
  std::string paint_row(const std::vector<codec::terminal::Cell>& want, int row);

  codec::terminal::Size view_;
  std::vector<std::vector<codec::terminal::Cell>> shown_;  // rows of the view; an empty row: unknown, paint it
  std::string status_;
  std::string shown_status_;
  bool clear_ = true;
};

/// The SGR sequence that sets exactly this style.
std::string style_sequence(const codec::terminal::Style& style);

/// A cell's text when it is safe to print, else a replacement character of the same width.
std::string printable(const codec::terminal::Cell& cell);

}  // namespace sallyport::cli
