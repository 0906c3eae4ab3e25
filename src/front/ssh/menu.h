// SPDX-License-Identifier: Apache-2.0
// The menu of targets on a user's terminal: filter as you type, arrows, Enter. On a dumb terminal a numbered list.
// Untrusted side; pure: keys in, drawing out. What it shows is escaped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace sallyport::front::ssh {

struct MenuChoiceLine {
  std::string account;
  std::string target;
  std::string description;
};

struct MenuSize {
  std::uint32_t columns = 80;
  std::uint32_t rows = 24;
};

class Menu {
 public:
  enum class Kind { full, dumb };

  Menu(std::string greeting, std::vector<MenuChoiceLine> choices, Kind kind, MenuSize size);

  /// Which kind a TERM can show.
  static Kind kind_for(std::string_view term);

  /// What to show at first.
  std::string open();
  /// What the keys changed on the screen. After done() input is ignored.
  std::string input(base::ByteView keys);
  std::string resize(MenuSize size);

  bool done() const { return done_; }
  /// The index into choices; nullopt when the user gave up.
  std::optional<std::uint32_t> chosen() const { return chosen_; }
  /// Bytes of the input that were not used: typed after Enter.
  base::ByteView unused() const { return unused_; }

 private:
  enum class Escape { none, started, bracket };

  std::string draw() const;
  std::string list() const;
  std::string line(std::uint32_t index) const;
  void key(std::uint8_t byte);
  void dumb_key(std::uint8_t byte, std::string& echo);
  void escape_key(std::uint8_t byte);
  void refilter();
  void move(int by);
  std::string leave() const;

  std::string greeting_;
  std::vector<MenuChoiceLine> choices_;
  Kind kind_;
  MenuSize size_;
  std::string filter_;
  std::vector<std::uint32_t> shown_;
  std::size_t selected_ = 0;
  Escape escape_ = Escape::none;
  std::uint8_t parameter_ = 0;  // the last character of an escape sequence's parameters
  bool done_ = false;
  std::optional<std::uint32_t> chosen_;
  base::Bytes unused_;
};

}  // namespace sallyport::front::ssh
