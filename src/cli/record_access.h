// SPDX-License-Identifier: Apache-2.0
// Recordings as verbs read them: opened through the gateway, which hands over descriptors and keys and notes it in the
// audit log, or from files. What is read is foreign. Trusted side; keys are wiped with their owner.
#pragma once

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "cli/context.h"
#include "codec/terminal/terminal.h"
#include "recording/reader.h"
#include "recording/verify.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::cli {

/// Files that came as descriptors.
class PassedSource final : public recording::RecordSource {
 public:
  PassedSource(base::Fd record, std::map<std::uint64_t, base::Fd> tails)
      : record_(std::move(record)), tails_(std::move(tails)) {}
  int record_fd() const override { return record_.get(); }
  std::vector<int> descriptors() const;
  base::Result<base::Fd> open_tail(std::uint64_t number) const override;

 private:
  base::Fd record_;
  std::map<std::uint64_t, base::Fd> tails_;
};

struct OpenRecording {
  std::string id;
  std::string facts;  ///< the recording's JSON object
  std::shared_ptr<const recording::RecordSource> source;
  std::vector<int> descriptors;  ///< the source's: what a contained child keeps open
  std::uint64_t record_bytes =
      std::numeric_limits<std::uint64_t>::max();  ///< when the tails passed with it were all that it had
  recording::ReadKeys keys;                       ///< session empty: this node cannot read it
  recording::PublicKey node_key{};
  std::vector<recording::ChunkMark> known_chunks;
  std::optional<recording::Hash> known_header;
  std::optional<recording::Hash> known_seal;
  std::size_t other_seals = 0;
  base::Bytes key_file;
  std::string key_problem;  ///< why there is no key although there should be
  std::optional<recording::Hash> known_keys;
};

enum class Input { without, with };

/// purpose: "play", "export", "verify", "show" or "search".
base::Result<OpenRecording> open_recording(AdminClient& client, const std::string& id, const std::string& purpose,
                                           Input input);
/// The same in two steps, so that several can be under way: to ask, and to take the answer when it comes.
base::Status ask_for_recording(AdminClient& client, const std::string& id, const std::string& purpose, Input input);
base::Result<OpenRecording> take_recording(AdminClient& client, const std::string& id);

/// Where in the record an event stands.
struct EventPlace {
  std::uint64_t sequence = 0;
  base::Micros time_us = 0;
  bool up = false;  ///< from the user: input, present only with its key
};

/// What a walk over a record meets, in order.
struct Visitor {
  /// False ends the walk.
  std::function<bool(const EventPlace& at, const event::Event& event)> event;
  /// True: this entry is not worth parsing.
  std::function<bool(base::ByteView entry)> skip = {};
  /// Input that this reader has no key for.
  std::function<void(base::Micros time_us)> hidden = {};
  std::function<void(const recording::Damage& damage)> damage = {};
};
enum class WalkEnd { sealed, open, stopped };
/// Errors: denied (no key for it here), and those of the reader.
base::Result<WalkEnd> walk(const OpenRecording& recording, const Visitor& visitor);

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
