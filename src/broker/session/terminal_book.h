// SPDX-License-Identifier: Apache-2.0
// Which channels of a session have a terminal, and how large each is: the ground for what an inspector is sent and may
// speak of. Trusted side; pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "broker/session/channel_book.h"

namespace sallyport::event {
class Event;
class Request;
}  // namespace sallyport::event
namespace sallyport::ipc {
class InspectorGap;
}

namespace sallyport::broker {

class TerminalBook {
 public:
  /// An event that passes. True: it is about a terminal, and an inspector reads it. What the user types is not: no
  /// decoder needs it.
  bool see(const event::Event& event, Direction from);

  enum class State : std::uint8_t { none, open, closed };
  /// None: it never had a terminal.
  State state(std::uint32_t channel) const;
  std::vector<std::uint32_t> open() const;
  void describe(ipc::InspectorGap& out) const;

 private:
  struct Terminal {
    std::uint32_t columns = 0;  ///< as announced
    std::uint32_t rows = 0;
    bool open = true;
  };
  bool request(const event::Request& request);
  Terminal* find_open(std::uint32_t channel);

  std::map<std::uint32_t, Terminal> terminals_;
};

}  // namespace sallyport::broker
