// SPDX-License-Identifier: Apache-2.0
// Redraws the whole screen at each change: a menu is small, and any size works that way.
#include "front/ssh/menu.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/escape.h"

namespace sallyport::front::ssh {

namespace {

constexpr std::size_t kMaxFilterBytes = 64;
constexpr std::size_t kMaxTextBytes = 200;

constexpr std::uint8_t kCtrlC = 3, kCtrlD = 4, kBackspace = 8, kTab = 9, kLineFeed = 10, kReturn = 13, kCtrlN = 14,
                       kCtrlP = 16, kCtrlU = 21, kEscape = 27, kDelete = 127;

std::string lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// Cuts to columns; a character of several bytes is never cut in two. Wide characters may make a line shorter than it
// could be.
std::string fit(std::string_view s, std::size_t columns) {
  if (s.size() <= columns) return std::string(s);
  while (columns > 0 && (static_cast<unsigned char>(s[columns]) & 0xc0) == 0x80) --columns;
  return std::string(s.substr(0, columns));
}

std::string shown_text(std::string_view s) {
  return base::escape_for_terminal(s, kMaxTextBytes);
}

}  // namespace

Menu::Menu(std::string greeting, std::vector<MenuChoiceLine> choices, Kind kind, MenuSize size)
    : greeting_(shown_text(greeting)), kind_(kind), size_(size) {
  for (auto& c : choices) {
    choices_.push_back({shown_text(c.account), shown_text(c.target), shown_text(c.description)});
  }
  refilter();
}

Menu::Kind Menu::kind_for(std::string_view term) {
  return term.empty() || term == "dumb" || term == "unknown" || term == "network" ? Kind::dumb : Kind::full;
}

std::string Menu::line(std::uint32_t index) const {
  const auto& c = choices_[index];
  std::string out = c.account + "@" + c.target;
  if (!c.description.empty()) out += "  " + c.description;
  return out;
}

void Menu::refilter() {
  shown_.clear();
  const std::string wanted = lower(filter_);
  for (std::uint32_t i = 0; i < choices_.size(); ++i) {
    if (lower(line(i)).find(wanted) != std::string::npos) shown_.push_back(i);
  }
  selected_ = 0;
}

void Menu::move(int by) {
  if (shown_.empty()) return;
  const auto last = static_cast<std::ptrdiff_t>(shown_.size()) - 1;
  selected_ =
      static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(selected_) + by, 0, last));
}

std::string Menu::open() {
  return kind_ == Kind::dumb ? list() : "\x1b[?1049h" + draw();
}

std::string Menu::resize(MenuSize size) {
  size_ = size;
  return kind_ == Kind::dumb || done_ ? std::string() : draw();
}

std::string Menu::leave() const {
  return kind_ == Kind::dumb ? "\r\n" : "\x1b[?1049l";
}

std::string Menu::list() const {
  std::string out = greeting_.empty() ? "" : greeting_ + "\r\n";
  for (std::uint32_t i = 0; i < choices_.size(); ++i) out += std::to_string(i + 1) + ") " + line(i) + "\r\n";
  return out + "Number (Ctrl-C leaves): ";
}

std::string Menu::draw() const {
  const std::size_t columns = std::max<std::size_t>(size_.columns, 1);
  const std::size_t rows = std::max<std::size_t>(size_.rows, 1);
  std::vector<std::string> head;
  if (rows > 4 && !greeting_.empty()) head.push_back(fit(greeting_, columns));
  if (rows > 3) head.push_back(fit("Type to search, arrows to move, Enter to choose, Ctrl-C to leave.", columns));
  std::string out = "\x1b[0m\x1b[H\x1b[2J";
  for (const auto& l : head) out += l + "\r\n";
  const std::string prompt = "> " + filter_;
  out += fit(prompt, columns - 1);
  const std::size_t room = rows > head.size() + 1 ? rows - head.size() - 1 : 0;
  const std::size_t first = room == 0 || selected_ < room ? 0 : selected_ - room + 1;
  for (std::size_t i = first; i < shown_.size() && i < first + room; ++i) {
    const std::string text = fit((i == selected_ ? "* " : "  ") + line(shown_[i]), columns - 1);
    out += "\r\n" + (i == selected_ ? "\x1b[7m" + text + "\x1b[0m" : text);
  }
  if (shown_.empty() && room > 0) out += "\r\n" + fit("  nothing matches", columns - 1);
  out += "\x1b[" + std::to_string(head.size() + 1) + ";" + std::to_string(std::min(prompt.size() + 1, columns)) + "H";
  return out;
}

void Menu::escape_key(std::uint8_t byte) {
  if (escape_ == Escape::started) {
    escape_ = byte == '[' || byte == 'O' ? Escape::bracket : Escape::none;
    return;
  }
  if (byte >= '0' && byte <= ';') {
    parameter_ = byte;
    return;
  }
  escape_ = Escape::none;
  const int page = std::max(1, static_cast<int>(size_.rows) - 4);
  if (byte == 'A') move(-1);
  if (byte == 'B') move(1);
  if (byte == 'H') move(-static_cast<int>(choices_.size()));
  if (byte == 'F') move(static_cast<int>(choices_.size()));
  if (byte == '~' && parameter_ == '5') move(-page);
  if (byte == '~' && parameter_ == '6') move(page);
}

void Menu::key(std::uint8_t byte) {
  if (escape_ != Escape::none) return escape_key(byte);
  switch (byte) {
    case kCtrlC:
    case kCtrlD:
      done_ = true;
      return;
    case kReturn:
    case kLineFeed:
      if (shown_.empty()) return;
      chosen_ = shown_[selected_];
      done_ = true;
      return;
    case kEscape:
      escape_ = Escape::started;
      return;
    case kTab:
    case kCtrlN:
      return move(1);
    case kCtrlP:
      return move(-1);
    case kCtrlU:
      filter_.clear();
      return refilter();
    case kBackspace:
    case kDelete:
      while (!filter_.empty() && (static_cast<unsigned char>(filter_.back()) & 0xc0) == 0x80) filter_.pop_back();
      if (!filter_.empty()) filter_.pop_back();
      return refilter();
    default:
      if (byte < 0x20 || byte >= 0x7f || filter_.size() >= kMaxFilterBytes) return;  // names are US-ASCII
      filter_.push_back(static_cast<char>(byte));
      refilter();
  }
}

void Menu::dumb_key(std::uint8_t byte, std::string& echo) {
  if (byte == kCtrlC || byte == kCtrlD) {
    done_ = true;
  } else if (byte == kReturn || byte == kLineFeed) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(filter_.data(), filter_.data() + filter_.size(), number);
    if (error == std::errc() && end == filter_.data() + filter_.size() && number >= 1 && number <= choices_.size()) {
      chosen_ = number - 1;
      done_ = true;
    } else {
      echo += "\r\nNumber (Ctrl-C leaves): ";
    }
    filter_.clear();
  } else if ((byte == kBackspace || byte == kDelete) && !filter_.empty()) {
    filter_.pop_back();
    echo += "\b \b";
  } else if (byte >= '0' && byte <= '9' && filter_.size() < kMaxFilterBytes) {
    filter_.push_back(static_cast<char>(byte));
    echo.push_back(static_cast<char>(byte));
  }
}

std::string Menu::input(base::ByteView keys) {
  if (done_) return {};
  std::string echo;
  std::size_t used = 0;
  while (used < keys.size() && !done_) {
    const std::uint8_t byte = keys[used++];
    if (kind_ == Kind::dumb) {
      dumb_key(byte, echo);
    } else {
      key(byte);
    }
  }
  unused_ = base::to_bytes(keys.subspan(used));
  if (done_) return echo + leave();
  return kind_ == Kind::dumb ? echo : draw();
}

}  // namespace sallyport::front::ssh
