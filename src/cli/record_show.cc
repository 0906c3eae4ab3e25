// SPDX-License-Identifier: Apache-2.0
// recording show.
#include "cli/record_show.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "cli/command_list.h"
#include "event/event.pb.h"
#include "replay/event_json.h"

namespace sallyport::cli {
namespace {

using replay::Direction;
using replay::event_json;
using replay::event_line;
using replay::recorded_direction;

void say_damage(const recording::Damage& damage) {
  std::cerr << "sallyport: damaged: " << base::escape_for_terminal(damage.where + ": " + damage.what) << "\n";
}

}  // namespace

base::Result<int> show_commands(Context& context, const OpenRecording& recording) {
  CommandList commands;
  Visitor visitor;
  visitor.damage = say_damage;
  visitor.event = [&](const EventPlace& at, const event::Event& event) {
    commands.see(at, event);
    return true;
  };
  if (auto end = walk(recording, visitor); !end) return base::pass(end);
  return print_rows(
      context,
      {{"MS", "time_ms"}, {"SOURCE", "source"}, {"VERDICT", "verdict"}, {"COMMAND", "text"}, {"REASON", "reason"}},
      commands.take());
}

base::Result<int> show_events(Context& context, const OpenRecording& recording) {
  base::Micros start = 0;
  const bool json = context.format == Format::json;
  const char* separator = "[";
  const auto one = [&](base::Micros time_us, const Json& object, const std::string& line) {
    if (start == 0) start = time_us;
    const base::Micros ms = (time_us - start) / 1000;
    if (json) {
      Json row{{"time_ms", ms}};
      row.update(object);
      std::cout << std::exchange(separator, ",\n") << dump(row);  // as it comes: a record can be long
    } else {
      std::cout << ms << " " << line << "\n";
    }
  };
  Visitor visitor;
  visitor.damage = say_damage;
  visitor.hidden = [&](base::Micros t) { one(t, Json{{"event", "input"}, {"hidden", true}}, "input hidden"); };
  visitor.event = [&](const EventPlace& at, const event::Event& event) {
    const Direction direction = recorded_direction(event, at.up);
    one(at.time_us, json ? event_json(event, direction) : Json::object(), json ? "" : event_line(event, direction));
    return true;
  };
  if (auto end = walk(recording, visitor); !end) return base::pass(end);
  if (json) std::cout << (*separator == '[' ? "[]\n" : "]\n");
  return 0;
}

base::Result<int> show_summary(Context& context, const OpenRecording& recording) {
  auto facts = parse_object(recording.facts);
  if (!facts) return base::pass(facts);
  ChannelTracker tracker;
  Visitor visitor;
  Json damages = Json::array();
  visitor.damage = [&](const recording::Damage& damage) { damages.push_back(damage.where + ": " + damage.what); };
  visitor.event = [&](const EventPlace& at, const event::Event& event) {
    tracker.see(at.time_us, event);
    const auto kind = event.kind_case();
    if (kind == event::Event::kSessionStart) (*facts)["start"] = event_json(event, Direction::unknown);
    if (kind == event::Event::kLogin) (*facts)["login"] = event_json(event, Direction::unknown);
    if (kind == event::Event::kSessionEnd) {
      const Json ended = event_json(event, Direction::unknown);
      for (const char* key : {"coverage", "coverage_shortened"}) {
        if (ended.contains(key)) (*facts)[key] = ended[key];
      }
    }
    return true;
  };
  auto end = walk(recording, visitor);
  if (!end && end.error().code != base::Errc::denied) return base::pass(end);
  Json channels = Json::array();
  for (const auto& [number, channel] : tracker.channels()) {
    channels.push_back({{"channel", number}, {"what", channel.what}, {"terminal", channel.terminal}});
  }
  (*facts)["channels"] = std::move(channels);
  (*facts)["integrity"] = damages.empty() ? known_integrity(*facts) : "damaged";
  if (!damages.empty()) (*facts)["damage"] = std::move(damages);
  for (const char* key : {"start", "login"}) {
    if (facts->contains(key)) (*facts)[key].erase("event");
  }
  if (!end) (*facts)["contents"] = end.error().message;
  std::cout << (context.format == Format::json ? dump(*facts) + "\n" : render_fields(*facts, context.colour));
  return 0;
}

base::Result<int> show_files(Context& context, const OpenRecording&) {
  std::cerr << "sallyport: this version decodes no file operations; --events shows what was transferred\n";
  return print_rows(context, {}, {});
}

std::string known_integrity(const Json& facts) {
  const std::string state = facts.value("state", std::string());
  const std::string said = facts.value("integrity", std::string());
  if (state == "live") return "open";
  return said.empty() || said == state || said == "open" ? "unverified" : said;
}

}  // namespace sallyport::cli
