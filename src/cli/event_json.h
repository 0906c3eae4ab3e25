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

namespace sallyport::cli {

/// {"event": "data", "channel": 0, …}: the fields of docs/cli.md. Bytes are "text" when they are UTF-8, else "base64".
/// up: from the user to the target.
nlohmann::ordered_json event_json(const event::Event& event, bool up);

/// The same for people: one line, escaped, without a time.
std::string event_line(const event::Event& event, bool up);

/// The command of an exec request, what a subsystem request names, or "shell"; empty for other events.
std::string command_of(const event::Event& event, std::string& source);

}  // namespace sallyport::cli
