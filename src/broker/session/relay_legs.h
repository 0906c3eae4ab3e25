// SPDX-License-Identifier: Apache-2.0
// The two legs of a session as its relay sees them: what is sent to them, and how one waits for the other. Trusted
// side, on a session loop. It judges nothing and records nothing.
#pragma once

#include <string>

#include "base/bytes.h"
#include "broker/session/back_side.h"
#include "broker/session/channel_book.h"
#include "broker/session/front_side.h"
#include "broker/session/held_events.h"

namespace sallyport::broker {

class RelayLegs {
 public:
  explicit RelayLegs(FrontSide& front) : front_(&front) {}

  /// The target is there. back outlives the legs.
  void open(BackSide& back) { back_ = &back; }
  /// Nothing is sent, and nobody waits, any more.
  void stop() { stopped_ = true; }
  void front_gone() { front_ = nullptr; }
  void back_gone() { back_gone_ = true; }
  bool is_back_gone() const { return back_gone_; }
  /// Null once it is gone.
  FrontSide* front() const { return front_; }

  void send(Direction to, base::ByteView event);
  void send_credit(Direction from, const ipc::Credit& credit);
  void tell(const Notice& notice);
  /// Ends the worker for what it did.
  void kill(Direction leg, const std::string& fault);
  /// Whether one of them does not take its messages: the other one's events wait.
  bool congested() const;
  /// Has them feel what waits.
  void press(const HeldEvents& held);

 private:
  FrontSide* front_;
  BackSide* back_ = nullptr;
  bool back_gone_ = false, stopped_ = false;
};

}  // namespace sallyport::broker
