// SPDX-License-Identifier: Apache-2.0
// The three formats.
#include "cli/export.h"

#include <cstdint>
#include <deque>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "cli/control_notice.h"
#include "cli/output.h"
#include "event/event.pb.h"
#include "replay/event_json.h"

namespace sallyport::cli {
namespace {

using replay::event_json;
using replay::recorded_direction;

using codec::terminal::Size;
using codec::terminal::Terminal;
using event::Event;

constexpr const char* kReplacement = "\xEF\xBF\xBD";
constexpr std::size_t kScrollback = 1024 * 1024;

void report_damage(const recording::Damage& damage) {
  std::cerr << "sallyport: damaged: " << base::escape_for_terminal(damage.where + ": " + damage.what) << "\n";
}

// The length that a lead byte announces; 0 for none.
std::size_t announced(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

bool is_data_of(const Event& event, std::uint32_t channel) {
  return event.kind_case() == Event::kData && event.data().channel() == channel;
}

// Output that no terminal driver has been over: a player would draw a staircase without the carriage returns.
std::string with_returns(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

class CastWriter {
 public:
  CastWriter(const ChannelFacts& channel, std::ostream& out) : channel_(channel), out_(out) {}

  void header(const std::string& title) {
    Json header;
    header["version"] = 2;
    header["width"] = channel_.size.columns;
    header["height"] = channel_.size.rows;
    header["timestamp"] = channel_.started_us / 1'000'000;
    header["title"] = title;
    if (!channel_.term.empty()) header["env"] = {{"TERM", channel_.term}};
    out_ << dump(header) << "\n";
  }

  void data(base::Micros time_us, bool up, const std::string& bytes) {
    std::string text = (up ? input_ : output_).feed(bytes);
    if (!up && !channel_.terminal) text = with_returns(text);
    line(time_us, up ? "i" : "o", text);
  }

  void line(base::Micros time_us, const char* kind, const std::string& text) {
    if (text.empty()) return;
    const double seconds = static_cast<double>(std::max<base::Micros>(time_us - channel_.started_us, 0)) / 1e6;
    out_ << dump(Json::array({seconds, kind, text})) << "\n";
    last_us_ = time_us;
  }

  void finish() { line(last_us_, "o", output_.finish()); }

 private:
  const ChannelFacts& channel_;
  std::ostream& out_;
  Utf8Stream input_;
  Utf8Stream output_;
  base::Micros last_us_ = 0;
};

base::Status ended(const base::Result<WalkEnd>& end, std::ostream& out) {
  if (!end) return base::fail(end.error().code, end.error().message);
  out.flush();
  if (!out) return base::fail(base::Errc::io, "the export could not be written: is the disk full?");
  return {};
}

// What a terminal showed: lines as they scroll off its top, then what is left on it. Its characters go by the painter's
// rule; a notice of the gateway follows the line that the cursor was on.
class TextWriter {
 public:
  TextWriter(Size size, std::ostream& out) : terminal_(size, kScrollback), size_(size), out_(out) {}

  void feed(const std::string& bytes) {
    terminal_.feed(base::view(bytes));
    fed_ += bytes.size();
    // The scrollback keeps so much text and no more: it is taken away long before that.
    if (fed_ > kScrollback / 8) rest();
  }

  void resize(Size size) {
    size_ = size;
    terminal_.resize(size);
  }

  void notice(const std::string& text) {
    const auto row = static_cast<std::size_t>(terminal_.cursor().row);
    notices_.push_back({lines_ + terminal_.scrollback().size() + row, text});
  }

  void finish() {
    for (const std::string& line : terminal_.scrollback()) print(line);
    auto rows = terminal_.rendered_text();
    while (!rows.empty() && rows.back().empty()) rows.pop_back();
    for (const std::string& line : rows) print(line);
    lines_ = SIZE_MAX;
    print_notices();
  }

 private:
  // A model with the same screen and an empty scrollback goes on.
  void rest() {
    for (const std::string& line : terminal_.scrollback()) print(line);
    const std::string screen = terminal_.keyframe();
    terminal_ = Terminal(size_, kScrollback);
    terminal_.feed(base::view(screen));
    fed_ = 0;
  }

  void print(const std::string& line) {
    out_ << base::mask_for_terminal(line) << "\n";
    ++lines_;
    print_notices();
  }

  void print_notices() {
    for (; !notices_.empty() && notices_.front().line < lines_; notices_.pop_front()) {
      out_ << base::escape_for_terminal(notices_.front().text) << "\n";
    }
  }

  struct PlacedNotice {
    std::size_t line = 0;  // counted from the first that was ever shown
    std::string text;
  };

  Terminal terminal_;
  Size size_;
  std::ostream& out_;
  std::size_t fed_ = 0;
  std::size_t lines_ = 0;  // printed
  std::deque<PlacedNotice> notices_;
};

// Output that was on no terminal: line ends and tabs stay, everything else that is no plain text is escaped.
class PlainWriter {
 public:
  explicit PlainWriter(std::ostream& out) : out_(out) {}

  void feed(const std::string& bytes) { print(plain_text(utf8_.feed(bytes))); }
  void finish() { print(plain_text(utf8_.finish())); }
  // A remark is a line of its own.
  void line(const std::string& text) {
    if (!at_line_start_) print("\n");
    print(text + "\n");
  }

 private:
  void print(const std::string& text) {
    out_ << text;
    if (!text.empty()) at_line_start_ = text.back() == '\n';
  }

  static std::string plain_text(const std::string& text);

  std::ostream& out_;
  Utf8Stream utf8_;
  bool at_line_start_ = true;
};

std::string PlainWriter::plain_text(const std::string& text) {
  std::string out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != '\n' && text[i] != '\t') continue;
    std::string piece = text.substr(begin, i - begin);
    if (!piece.empty() && piece.back() == '\r') piece.pop_back();
    out += base::escape_for_terminal(piece, text.size() * 8 + 64);
    if (i < text.size()) out += text[i];
    begin = i + 1;
  }
  return out;
}

}  // namespace

std::string Utf8Stream::feed(std::string_view bytes) {
  pending_ += bytes;
  std::string out;
  std::size_t at = 0;
  while (at < pending_.size()) {
    const std::size_t length = announced(static_cast<unsigned char>(pending_[at]));
    if (length == 0) {
      out += kReplacement;
      ++at;
      continue;
    }
    std::size_t have = 1;
    while (have < length && at + have < pending_.size() &&
           (static_cast<unsigned char>(pending_[at + have]) & 0xC0) == 0x80) {
      ++have;
    }
    if (have < length && at + have == pending_.size()) break;  // the rest may come
    const std::string_view piece(pending_.data() + at, have);
    const bool good = have == length && base::is_utf8(piece);
    if (good) {
      out += piece;
    } else {
      out += kReplacement;
    }
    at += good ? length : have;
  }
  pending_.erase(0, at);
  return out;
}

std::string Utf8Stream::finish() {
  const bool left = !pending_.empty();
  pending_.clear();
  return left ? kReplacement : "";
}

base::Status export_asciicast(const OpenRecording& recording, const ChannelFacts& channel, std::ostream& out) {
  CastWriter writer(channel, out);
  writer.header(recording.id + " " + channel.what);
  Visitor visitor;
  visitor.damage = report_damage;
  visitor.event = [&](const EventPlace& at, const Event& event) {
    if (is_data_of(event, channel.channel)) writer.data(at.time_us, at.up, event.data().bytes());
    if (const auto size = resize_of(event, channel.channel)) {
      writer.line(at.time_us, "r", std::to_string(size->columns) + "x" + std::to_string(size->rows));
    }
    return static_cast<bool>(out);
  };
  const auto end = walk(recording, visitor);
  writer.finish();
  return ended(end, out);
}

base::Status export_text(const OpenRecording& recording, const ChannelFacts& channel, std::ostream& out) {
  TextWriter screen(channel.size, out);
  PlainWriter plain(out);
  ChannelNotices notices(channel);
  Visitor visitor;
  visitor.damage = report_damage;
  visitor.event = [&](const EventPlace& at, const Event& event) {
    if (is_data_of(event, channel.channel) && !at.up) {
      channel.terminal ? screen.feed(event.data().bytes()) : plain.feed(event.data().bytes());
    }
    if (event.kind_case() == Event::kBulkBegin && event.bulk_begin().channel() == channel.channel && !at.up) {
      plain.line("[from here on the record counts and hashes this stream: see recording show --events]");
    }
    if (const auto size = resize_of(event, channel.channel)) screen.resize(*size);
    if (const auto notice = notices.see(at.time_us, event)) {
      channel.terminal ? screen.notice(notice->text) : plain.line(base::escape_for_terminal(notice->text));
    }
    return static_cast<bool>(out);
  };
  const auto end = walk(recording, visitor);
  channel.terminal ? screen.finish() : plain.finish();
  return ended(end, out);
}

base::Status export_jsonl(const OpenRecording& recording, std::ostream& out) {
  base::Micros start = 0;
  const auto line = [&](base::Micros time_us, const Json& json) {
    if (start == 0) start = time_us;
    Json whole{{"time_ms", (time_us - start) / 1000}};
    whole.update(json);
    out << dump(whole) << "\n";
  };
  Visitor visitor;
  visitor.event = [&](const EventPlace& at, const Event& event) {
    line(at.time_us, event_json(event, recorded_direction(event, at.up)));
    return static_cast<bool>(out);
  };
  visitor.hidden = [&](base::Micros time_us) { line(time_us, Json{{"event", "input"}, {"hidden", true}}); };
  visitor.damage = [&](const recording::Damage& damage) {
    report_damage(damage);
    out << dump(Json{{"event", "damage"}, {"where", damage.where}, {"what", damage.what}}) << "\n";
  };
  return ended(walk(recording, visitor), out);
}

}  // namespace sallyport::cli
