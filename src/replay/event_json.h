// SPDX-License-Identifier: Apache-2.0
// Recorded events as JSON and as one line of text. Foreign content throughout: pure, bounded by the event itself.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::replay {

/// Which way an event went: up is from the user to the target. A record tells it of data alone.
enum class Direction { unknown, up, down };
Direction recorded_direction(const event::Event& event, bool input);

/// {"event": "data", "channel": 0, …}: the fields of docs/cli.md. Bytes are "text" when they are UTF-8, else "base64".
nlohmann::ordered_json event_json(const event::Event& event, Direction direction);

/// The same for people: one line, escaped, without a time.
std::string event_line(const event::Event& event, Direction direction);

/// The command of an exec request, what a subsystem request names, or "shell"; empty for other events.
std::string command_of(const event::Event& event, std::string& source);

}  // namespace sallyport::replay
