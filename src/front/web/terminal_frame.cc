// SPDX-License-Identifier: Apache-2.0
// Frames in both directions.
#include "front/web/terminal_frame.h"

#include <algorithm>

#include "base/escape.h"
#include "front/web/json_object.h"
#include "front/web/json_reader.h"
#include "ipc/web.pb.h"

namespace sallyport::front::web {

namespace {

constexpr std::size_t kMaxLineBytes = 1024;
constexpr std::size_t kMaxLines = 50;

}  // namespace

std::optional<TerminalSize> read_resize(std::string_view frame) {
  if (frame.size() > kMaxTextFrameBytes) return std::nullopt;
  JsonReader reader;
  ipc::WebBody read;
  reader.feed(base::view(frame), read);
  reader.finish(read);
  // {, "resize": {, two numbers, }, }
  if (read.fault() != ipc::WEB_BODY_GOOD || read.tokens_size() != 6) return std::nullopt;
  if (!read.tokens(1).has_object() || read.tokens(1).name() != "resize") return std::nullopt;
  TerminalSize size;
  for (const int i : {2, 3}) {
    const ipc::WebToken& one = read.tokens(i);
    const bool columns = one.name() == "columns";
    const std::int64_t most = columns ? kMaxTerminalColumns : kMaxTerminalRows;
    if (!one.has_number() || (!columns && one.name() != "rows")) return std::nullopt;
    if (one.number() < 1 || one.number() > most) return std::nullopt;
    (columns ? size.columns : size.rows) = static_cast<std::uint32_t>(one.number());
  }
  return size;
}

std::string clean_words(std::string_view words) {
  std::string out;
  for (std::size_t lines = 0; !words.empty() && lines < kMaxLines; ++lines) {
    const std::size_t end = std::min(words.find('\n'), words.size());
    if (lines > 0) out += '\n';
    out += base::escape_for_terminal(words.substr(0, end), kMaxLineBytes);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return out;
}

std::string session_frame(std::string_view session) {
  JsonObject out;
  out.text("session", session);
  return out.end();
}

std::string state_frame(std::string_view state, std::string_view words, std::string_view code) {
  JsonObject out;
  out.text("state", state);
  if (!words.empty()) out.text("words", clean_words(words));
  if (!code.empty()) out.text("code", code);
  return out.end();
}

std::string end_frame(std::uint32_t status, std::string_view words, std::string_view code) {
  JsonObject end;
  end.number("status", status);
  end.text("words", clean_words(words));
  if (!code.empty()) end.text("code", code);
  JsonObject out;
  out.object("end", end);
  return out.end();
}

}  // namespace sallyport::front::web
