// SPDX-License-Identifier: Apache-2.0
// What a session asks of its protocol about each event: the verdict, the effect at the target, and what the broker says
// itself in answer. Trusted side; implementations are pure: they neither record nor send, the session does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "broker/session/channel_book.h"
#include "broker/session/judgement.h"
#include "event/event.pb.h"
#include "policy/permission.h"

namespace sallyport::broker {

/// An event that the broker makes. It is recorded, and then sent to one of the legs, if it is for one.
struct OwnEvent {
  event::Event event;
  std::optional<Direction> to = {};
};
/// Text for the user beside a channel's own output.
struct ChannelNotice {
  std::uint32_t channel = 0;
  std::string text;
};
/// What the broker says in its own name, in this order.
using Outbox = std::vector<std::variant<OwnEvent, ChannelNotice>>;

/// What an event from the user may do at the target.
struct Effect {
  /// The first byte of its data that may take effect; 0 for an event that is no data. None: nothing takes effect yet.
  std::optional<std::size_t> from_byte;
};

class Rules {
 public:
  virtual ~Rules() = default;

  /// Judges, and books what passes (opens, purposes, counts, ends of streams) in the book.
  virtual Judgement judge(const event::Event& event, Direction from, ChannelBook& book) = 0;
  /// By which word the coverage manifest adds up refused channels of this type: one of a few, whatever is asked for.
  virtual std::string_view counted_as(const std::string& channel_type) const = 0;
  /// Whether the user begins something anew by it.
  virtual bool begins(const event::Event& event) const = 0;
  /// The login behind the session does not count any more: what is open goes on, and the user begins nothing new.
  virtual void bar_what_is_new() = 0;
  /// The policies have changed: the user may begin no more than this from now on.
  virtual void allow_only(policy::Permissions permissions) = 0;
  /// Something is open that allow_only() does not allow any more: its name, "forward-local"; else empty.
  virtual std::string overstepped(const ChannelBook& book) const = 0;
  /// Of an event from the user: `record: strict` has it on the disk before it takes effect.
  virtual Effect effect(const event::Event& event, const ChannelBook& book) const = 0;

  /// The event is in the record as this entry and is forwarded next: what the record says about that.
  virtual void passing(const event::Event& event, std::uint64_t sequence, Outbox& out) = 0;
  /// The event was forwarded.
  virtual void passed(const event::Event& event, Direction from, ChannelBook& book, Outbox& out) = 0;
  /// The event is in the record as this entry and is not forwarded.
  virtual void refused(const event::Event& event, Direction from, std::uint64_t sequence, const Judgement& judgement,
                       ChannelBook& book, Outbox& out) = 0;
};

}  // namespace sallyport::broker
