// SPDX-License-Identifier: Apache-2.0
// One inspector: reads one session's events in the record's order and answers with derived events. Untrusted side. It
// has no peer, and sees no session but its own.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "inspector/decoder.h"
#include "inspector/terminal/terminal_decoder.h"
#include "leg/broker_port.h"
#include "leg/link.h"
#include "leg/loop.h"

namespace sallyport::inspector {

class InspectorWorker final : private Teller {
 public:
  /// The clock must outlive the worker.
  InspectorWorker(int broker_fd, const base::Clock& clock);

  /// Until the broker closes the socket; returns the exit status.
  int run() { return loop_.run(); }

 private:
  // Teller
  bool congested() const override { return port_.congested(); }
  void tell(const event::Keyframe& keyframe) override;
  void tell(const event::TerminalState& state) override;

  void on_message(base::ByteView message);
  /// False: the broker's message makes no sense.
  bool take(base::ByteView bytes);
  bool read(const ipc::RecordedEvents& events);
  leg::Loop::Before before_wait();
  bool tell_all();
  void look_for_idleness();

  leg::Loop loop_;
  leg::Link link_;
  leg::BrokerPort port_;
  ipc::BrokerToInspector message_;
  event::Event event_;
  std::uint64_t read_up_to_ = 0;
  std::uint64_t told_up_to_ = 0;
  bool active_ = false;
  bool idle_timer_ = false;
  terminal::TerminalDecoder terminals_;
  const std::array<Decoder*, 1> decoders_{&terminals_};
};

}  // namespace sallyport::inspector
