// SPDX-License-Identifier: Apache-2.0
// Fuzzes everything that turns recorded events into text: no crash, and a line that no terminal could be hurt by.
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/export.h"
#include "cli/output.h"
#include "cli/plain_lines.h"
#include "cli/record_access.h"
#include "event/event.pb.h"
#include "replay/event_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace cli = sallyport::cli;
  google::protobuf::SetLogHandler(nullptr);
  cli::Utf8Stream utf8;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::string joined = utf8.feed(text.substr(0, size / 2)) + utf8.feed(text.substr(size / 2)) + utf8.finish();
  if (nlohmann::json(joined).dump().empty()) __builtin_trap();  // throws on what is no UTF-8
  cli::PlainLines lines;
  const auto plain = [](std::string_view line) {
    if (line.size() > 65536) __builtin_trap();
    for (const char c : line) {
      if (c == 0x1B || c == '\n') __builtin_trap();
    }
  };
  lines.feed(text, plain);
  lines.finish(plain);
  sallyport::event::Event event;
  if (!event.ParseFromArray(data, static_cast<int>(size))) return 0;
  namespace replay = sallyport::replay;
  const std::string line = replay::event_line(event, replay::Direction::up);
  for (const char c : line + cli::dump(replay::event_json(event, replay::Direction::down))) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) __builtin_trap();
  }
  cli::ChannelTracker tracker;
  tracker.see(1, event);
  return 0;
}
