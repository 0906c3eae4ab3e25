// SPDX-License-Identifier: Apache-2.0
// What an inspector understands of a session: each kind of content has a decoder, which is fed the session's events in
// the record's order. Untrusted side: what it is fed is foreign. A decoder says derived events and nothing else.
#pragma once

#include <cstdint>

#include "event/event.pb.h"
#include "ipc/inspector.pb.h"

namespace sallyport::inspector {

/// Where derived events go: to the broker, which records them.
class Teller {
 public:
  virtual ~Teller() = default;
  /// True: the broker does not keep up; tell nothing more now.
  virtual bool congested() const = 0;
  virtual void tell(const event::Keyframe& keyframe) = 0;
  virtual void tell(const event::TerminalState& state) = 0;
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// The next event. Those that are not of this decoder's kind are let pass.
  virtual void see(const event::Event& event) = 0;
  /// Events are missing here.
  virtual void gap(const ipc::InspectorGap& gap) = 0;
  virtual void keyframes_wanted() = 0;
  /// Tells what has changed, which the broker may wait for. as_of: the record's number of the last event seen. False:
  /// some is left, since the broker does not keep up.
  virtual bool tell_changes(Teller& teller, std::uint64_t as_of) = 0;
  /// Tells what nobody waits for. Returns as tell_changes().
  virtual bool tell_rest(Teller& teller, std::uint64_t as_of) = 0;
};

}  // namespace sallyport::inspector
