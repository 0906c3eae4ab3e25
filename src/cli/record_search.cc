// SPDX-License-Identifier: Apache-2.0
// recording search.
#include "cli/record_search.h"

#include <algorithm>

#include "cli/event_json.h"
#include "event/event.pb.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxHits = 10'000;
constexpr std::size_t kMaxLine = 64 * 1024;
constexpr std::size_t kShown = 512;

std::string lowered(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

class Search {
 public:
  Search(const std::string& text, Case how) : how_(how), wanted_(how == Case::ignore ? lowered(text) : text) {}

  bool see(base::Micros time_us, bool up, const event::Event& event) {
    if (start_us_ == 0) start_us_ = time_us;
    std::string source;
    const std::string command = command_of(event, source);
    if (source == "exec") look(time_us, event.request().channel(), "command", command);
    if (event.kind_case() == event::Event::kData && !up) {
      const std::uint32_t channel = event.data().channel();
      const auto stream = std::pair{channel, static_cast<int>(event.data().stream())};
      lines_[stream].feed(event.data().bytes(),
                          [&](const std::string& line) { look(time_us, channel, "output", line); });
    }
    if (event.kind_case() == event::Event::kClose) flush(time_us, event.close().channel());
    return hits_.size() < kMaxHits;
  }

  std::vector<Hit> finish(base::Micros time_us) {
    while (!lines_.empty()) flush(time_us, lines_.begin()->first.first);
    return std::move(hits_);
  }

 private:
  // An unfinished last line counts too.
  void flush(base::Micros time_us, std::uint32_t channel) {
    for (auto it = lines_.lower_bound({channel, -1}); it != lines_.end() && it->first.first == channel;) {
      look(time_us, channel, "output", it->second.rest());
      it = lines_.erase(it);
    }
  }

  void look(base::Micros time_us, std::uint32_t channel, const char* where, const std::string& text) {
    const std::size_t at = (how_ == Case::ignore ? lowered(text) : text).find(wanted_);
    if (at == std::string::npos || text.empty() || hits_.size() >= kMaxHits) return;
    std::size_t begin = at > kShown / 2 ? at - kShown / 2 : 0;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    hits_.push_back({(time_us - start_us_) / 1000, channel, where, text.substr(begin, kShown)});
  }

  Case how_;
  std::string wanted_;
  base::Micros start_us_ = 0;
  std::map<std::pair<std::uint32_t, int>, PlainLines> lines_;
  std::vector<Hit> hits_;
};

}  // namespace

bool PlainLines::step(char c) {
  const auto byte = static_cast<unsigned char>(c);
  switch (in_) {
    case In::text:
      if (c == '\n' || c == '\r') return true;
      if (byte == 0x1B) {
        in_ = In::escape;
      } else if (c == '\t' || (byte >= 0x20 && byte != 0x7F)) {
        line_ += c;
      } else if (byte == 0x08 && !line_.empty()) {
        line_.pop_back();
      }
      return line_.size() >= kMaxLine;
    case In::escape:
      if (c == '[') {
        in_ = In::csi;
      } else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
        in_ = In::string;
      } else if (byte < 0x20 || byte > 0x2F) {  // intermediates go on, anything else ends it
        in_ = In::text;
      }
      return false;
    case In::csi:
      if (byte >= 0x40 && byte <= 0x7E) in_ = In::text;
      return false;
    case In::string:
      if (byte == 0x07) in_ = In::text;
      if (byte == 0x1B) in_ = In::string_escape;
      return false;
    case In::string_escape:
      in_ = c == '\\' ? In::text : In::string;
      return false;
  }
  return false;
}

base::Result<std::vector<Hit>> search_recording(const OpenRecording& recording, const std::string& text, Case how) {
  if (text.empty()) return base::fail(base::Errc::invalid, "there is nothing to look for");
  Search search(text, how);
  base::Micros last = 0;
  Visitor visitor;
  visitor.event = [&](base::Micros time_us, bool up, const event::Event& event) {
    last = time_us;
    return search.see(time_us, up, event);
  };
  if (auto end = walk(recording, visitor); !end) return base::pass(end);
  return search.finish(last);
}

}  // namespace sallyport::cli
