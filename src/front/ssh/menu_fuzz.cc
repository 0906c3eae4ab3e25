// SPDX-License-Identifier: Apache-2.0
// Keys that a user types at the menu and at the password prompt, in any pieces and at any size of the terminal. Input:
// the kind, columns, rows, the length of the texts shown, the texts, then the keys.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "codec/terminal/terminal.h"
#include "front/ssh/menu.h"
#include "leg/password_prompt.h"

namespace sallyport::front::ssh {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Foreign texts show as text: the only controls are the menu's own.
void check_drawing(const std::string& drawn) {
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const auto c = static_cast<unsigned char>(drawn[i]);
    require(c >= 0x20 || c == '\r' || c == '\n' || c == '\b' || c == 0x1b);
    require(c != 0x7f);
    require(c != 0x1b || (i + 1 < drawn.size() && drawn[i + 1] == '['));
  }
}

std::vector<MenuChoiceLine> choices_from(std::string_view texts) {
  std::vector<MenuChoiceLine> out;
  while (!texts.empty() && out.size() < 40) {
    const std::size_t end = std::min(texts.find('\n'), texts.size());
    const std::string_view line = texts.substr(0, end);
    const std::size_t third = line.size() / 3;
    out.push_back({std::string(line.substr(0, third)), std::string(line.substr(third, third)),
                   std::string(line.substr(2 * third))});
    texts.remove_prefix(std::min(end + 1, texts.size()));
  }
  return out;
}

void try_menu(Menu::Kind kind, MenuSize size, std::string_view texts, base::ByteView keys) {
  const auto choices = choices_from(texts);
  const std::size_t count = choices.size();
  Menu menu(std::string(texts.substr(0, 30)), choices, kind, size);
  codec::terminal::Terminal screen(codec::terminal::announced_size(size.columns, size.rows));
  const auto show = [&](const std::string& drawn) {
    check_drawing(drawn);
    screen.feed(base::view(drawn));
  };
  show(menu.open());
  while (!keys.empty()) {
    const std::size_t piece = std::min<std::size_t>(1 + keys[0] % 5, keys.size());
    if (keys[0] == 0) {
      size = {keys.back(), static_cast<std::uint32_t>(keys.size() % 60)};
      screen.resize(codec::terminal::announced_size(size.columns, size.rows));
      show(menu.resize(size));
    }
    const bool was_done = menu.done();
    const std::string drawn = menu.input(keys.first(piece));
    require(!was_done || drawn.empty());
    if (!was_done) {  // what was typed behind the choice is the end of these keys
      const base::ByteView unused = menu.unused();
      require(unused.size() < piece && std::equal(unused.begin(), unused.end(), keys.begin() + piece - unused.size()));
    }
    show(drawn);
    keys = keys.subspan(piece);
  }
  require(!menu.chosen() || (menu.done() && *menu.chosen() < count));
  if (kind == Menu::Kind::full) {
    require(screen.modes().alternate_screen != menu.done());
    require(screen.scrollback().empty());
  }
}

// The prompt beside the least that does the same.
void try_prompt(base::ByteView keys) {
  leg::PasswordPrompt prompt;
  std::string line;
  for (const std::uint8_t key : keys) {
    const std::uint8_t one[] = {key};
    const bool complete = prompt.input(one);
    require(complete == (key == '\r' || key == '\n'));
    if (complete) {
      require(base::text(prompt.take().view()) == line);
      line.clear();
    } else if (key == 8 || key == 127) {
      while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0) == 0x80) line.pop_back();
      if (!line.empty()) line.pop_back();
    } else if (key == 21 || key == 3) {
      line.clear();
    } else if (key >= 0x20 && line.size() < leg::PasswordPrompt::kMaxBytes) {
      line.push_back(static_cast<char>(key));
    }
  }
  leg::PasswordPrompt at_once;
  const auto end = std::find_if(keys.begin(), keys.end(), [](std::uint8_t k) { return k == '\r' || k == '\n'; });
  require(at_once.input(keys) == (end != keys.end()));
}

}  // namespace
}  // namespace sallyport::front::ssh

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  using namespace sallyport::front::ssh;
  if (size < 4) return 0;
  const base::ByteView rest(data + 4, size - 4);
  const std::size_t text_bytes = std::min<std::size_t>(data[3], rest.size());
  const auto kind = data[0] % 2 == 0 ? Menu::Kind::full : Menu::Kind::dumb;
  try_menu(kind, {data[1], data[2]}, base::text(rest.first(text_bytes)), rest.subspan(text_bytes));
  try_prompt(rest.subspan(text_bytes));
  return 0;
}
