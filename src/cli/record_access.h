// SPDX-License-Identifier: Apache-2.0
// Recordings as verbs read them: opened through the gateway, which hands over descriptors and keys and notes it in the
// audit log. What is read is foreign. Trusted side.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/context.h"
#include "codec/terminal/terminal.h"
#include "replay/event_json.h"
#include "replay/walk.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::cli {

using replay::EventPlace;
using replay::OpenRecording;
using replay::PassedSource;
using replay::Visitor;
using replay::walk;
using replay::WalkEnd;

enum class Input { without, with };

/// purpose: "play", "export", "verify", "show" or "search".
base::Result<OpenRecording> open_recording(AdminClient& client, const std::string& id, const std::string& purpose,
                                           Input input);
/// The same in two steps, so that several can be under way: to ask, and to take the answer when it comes.
base::Status ask_for_recording(AdminClient& client, const std::string& id, const std::string& purpose, Input input);
base::Result<OpenRecording> take_recording(AdminClient& client, const std::string& id);

/// The new size when this is a change of this channel's window, and one that says something.
std::optional<codec::terminal::Size> resize_of(const event::Event& event, std::uint32_t channel);

/// A session channel as its requests describe it.
struct ChannelFacts {
  std::uint32_t channel = 0;
  std::string what;  ///< "shell", "exec COMMAND", "subsystem NAME", or the channel's type; at most 1 KiB
  bool terminal = false;
  bool started = false;  ///< a shell, a command or a subsystem was asked for
  bool closed = false;   ///< by either side
  codec::terminal::Size size;
  std::string term;
  base::Micros started_us = 0;
};

/// Follows requests to know each channel; feed it every event.
class ChannelTracker {
 public:
  void see(base::Micros time_us, const event::Event& event);
  const std::map<std::uint32_t, ChannelFacts>& channels() const { return channels_; }
  /// Null: there is none.
  const ChannelFacts* find(std::uint32_t channel) const;

 private:
  std::map<std::uint32_t, ChannelFacts> channels_;
};

/// The channel asked for, or the first with a terminal, or the first at all. Errors: not_found, invalid.
base::Result<ChannelFacts> pick_channel(const OpenRecording& recording, const std::string& asked);

}  // namespace sallyport::cli
