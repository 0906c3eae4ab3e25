// SPDX-License-Identifier: Apache-2.0
// The limits of a policy on a session's time: how long it lasts, how long nothing may move, how long nothing may be
// typed. Each warns the user before it ends the session. Trusted side, on a session loop.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "broker/session/channel_book.h"
#include "broker/session/time_limit.h"
#include "net/loop.h"
#include "policy/decide.h"

namespace sallyport::broker {

class SessionLimits {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual bool is_held() = 0;       ///< its gate is shut
    virtual bool has_terminal() = 0;  ///< somebody can type into it
    /// The record shows what the user was told. False: the session is over.
    virtual bool warn(const std::string& text) = 0;
    virtual void time_is_up(const std::string& reason, const std::string& text) = 0;
  };

  SessionLimits(Owner& owner, net::Loop& loop, const base::Clock& clock) : owner_(owner), clock_(clock), timer_(loop) {}

  void start(const policy::Limits& limits);
  /// A shorter limit holds from now on, and warns before it cuts; a longer one changes nothing. After start().
  void shorten(const policy::Limits& limits);
  void stop() { timer_.cancel(); }
  /// Bytes of a program or a forwarded connection, in either direction; channel: of events. Nothing else counts.
  void data_moved(Direction from, const Channel* channel);
  /// Warns and cuts as is due now.
  void look();

 private:
  void excuse(base::Micros now);

  Owner& owner_;
  const base::Clock& clock_;
  net::Timer timer_;
  TimeLimit whole_, idle_, input_;
};

}  // namespace sallyport::broker
