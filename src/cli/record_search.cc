// SPDX-License-Identifier: Apache-2.0
// recording search.
#include "cli/record_search.h"

#include <algorithm>

#include "base/escape.h"
#include "cli/plain_lines.h"
#include "event/event.pb.h"
#include "replay/event_json.h"

namespace sallyport::cli {
namespace {

using replay::command_of;

constexpr std::size_t kMaxText = 1024;
constexpr std::size_t kShown = 512;
// A record may claim any number of streams: the last line of those beyond this counts as ended.
constexpr std::size_t kMaxStreams = 1024;

std::string lowered(std::string_view view) {
  std::string text(view);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

class Search {
 public:
  Search(const std::string& text, Case how)
      : how_(how), wanted_(base::visible_text(how == Case::ignore ? lowered(text) : text)) {}

  bool see(base::Micros time_us, bool up, const event::Event& event) {
    if (start_us_ == 0) start_us_ = time_us;
    std::string source;
    const std::string command = command_of(event, source);
    if (source == "exec") look(time_us, event.request().channel(), "command", command);
    if (event.kind_case() == event::Event::kData && !up) {
      const std::uint32_t channel = event.data().channel();
      const auto stream = std::pair{channel, static_cast<int>(event.data().stream())};
      if (lines_.size() >= kMaxStreams && !lines_.contains(stream)) flush(time_us, lines_.begin()->first.first);
      lines_[stream].feed(event.data().bytes(), [&](std::string_view line) { look(time_us, channel, "output", line); });
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
      it->second.finish([&](std::string_view line) { look(time_us, channel, "output", line); });
      it = lines_.erase(it);
    }
  }

  void look(base::Micros time_us, std::uint32_t channel, const char* where, std::string_view text) {
    const std::size_t at = how_ == Case::ignore ? lowered(text).find(wanted_) : text.find(wanted_);
    if (at == std::string::npos || text.empty() || hits_.size() >= kMaxHits) return;
    std::size_t begin = at > kShown / 2 ? at - kShown / 2 : 0;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
    hits_.push_back({(time_us - start_us_) / 1000, channel, where, std::string(text.substr(begin, kShown))});
  }

  Case how_;
  std::string wanted_;
  base::Micros start_us_ = 0;
  std::map<std::pair<std::uint32_t, int>, PlainLines> lines_;
  std::vector<Hit> hits_;
};

}  // namespace

namespace {

// An event that is nothing but a screen or a counted block, which no hit can be in. Screens are most of many records.
bool holds_no_text(base::ByteView entry) {
  constexpr std::uint8_t kKeyframe = 12 << 3 | 2, kStreamBlock = 11 << 3 | 2;  // their tags in event.proto
  if (entry.size() < 2 || (entry[0] != kKeyframe && entry[0] != kStreamBlock)) return false;
  std::uint64_t length = 0;
  std::size_t at = 1;
  for (unsigned shift = 0; shift < 28 && at < entry.size(); shift += 7) {
    const std::uint8_t byte = entry[at++];
    length |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return length == entry.size() - at;  // else something follows it, which counts
  }
  return false;
}

constexpr std::size_t kHitHead = 8 + 4 + 1 + 2;

void put(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint64_t get(std::string_view& in, unsigned bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  in.remove_prefix(bytes);
  return value;
}

}  // namespace

std::string encode_hits(const std::vector<Hit>& hits) {
  std::string out;
  for (const Hit& hit : hits) {
    put(out, static_cast<std::uint64_t>(hit.time_ms), 8);
    put(out, hit.channel, 4);
    put(out, hit.where == "command" ? 0 : 1, 1);
    put(out, hit.text.size(), 2);
    out += hit.text;
  }
  return out;
}

base::Result<std::vector<Hit>> decode_hits(std::string_view bytes) {
  const auto bad =
      base::fail(base::Errc::corrupt, "the hits cannot be read: the recording may have been made to attack its reader");
  std::vector<Hit> out;
  while (!bytes.empty()) {
    if (bytes.size() < kHitHead || out.size() >= kMaxHits) return bad;
    Hit hit;
    hit.time_ms = static_cast<base::Micros>(get(bytes, 8));
    hit.channel = static_cast<std::uint32_t>(get(bytes, 4));
    hit.where = get(bytes, 1) == 0 ? "command" : "output";
    const auto size = static_cast<std::size_t>(get(bytes, 2));
    if (size > kShown || size > bytes.size()) return bad;
    hit.text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    out.push_back(std::move(hit));
  }
  return out;
}

std::size_t max_encoded_hits() {
  return kMaxHits * (kHitHead + kShown);
}

base::Status check_search_text(const std::string& text) {
  if (base::visible_text(text).empty()) return base::fail(base::Errc::invalid, "the text to search for is empty");
  if (text.size() > kMaxText) return base::fail(base::Errc::invalid, "the text to search for has at most 1 KiB");
  return {};
}

base::Result<std::vector<Hit>> search_recording(const OpenRecording& recording, const std::string& text, Case how) {
  if (auto fit = check_search_text(text); !fit) return base::pass(fit);
  Search search(text, how);
  base::Micros last = 0;
  Visitor visitor;
  visitor.skip = holds_no_text;
  visitor.event = [&](const EventPlace& at, const event::Event& event) {
    last = at.time_us;
    return search.see(at.time_us, at.up, event);
  };
  if (auto end = walk(recording, visitor); !end) return base::pass(end);
  return search.finish(last);
}

}  // namespace sallyport::cli
