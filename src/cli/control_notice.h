// SPDX-License-Identifier: Apache-2.0
// What the gateway told the user on the screen: acts on the session stand in the record as events of their own, not in
// the target's output. Pure; actors and texts are foreign and not escaped here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace sallyport::event {
class Event;
}

namespace sallyport::cli {

struct ChannelFacts;

struct Notice {
  std::string text;      ///< "[sallyport: paused by local:carol: lunch]"
  bool lasting = false;  ///< holds until another act: the session is paused or suspended
};

/// nullopt for every event that told the user nothing.
std::optional<Notice> notice_of(const event::Event& event);

/// The notices of one channel's life; feed it every event.
class ChannelNotices {
 public:
  explicit ChannelNotices(const ChannelFacts& channel);
  std::optional<Notice> see(base::Micros time_us, const event::Event& event);

 private:
  std::uint32_t channel_;
  base::Micros started_us_;
  bool closed_ = false;
};

/// The notice that is to be read now: a lasting one until the next, others for some seconds.
class NoticeLine {
 public:
  static constexpr base::Micros kReadingUs = 5'000'000;

  void show(Notice notice, base::Micros now_us);
  /// The session goes on: a lasting one is over.
  void goes_on();
  /// Empty when there is nothing (any more).
  std::string text(base::Micros now_us) const;

 private:
  Notice notice_;
  base::Micros shown_us_ = 0;
};

}  // namespace sallyport::cli
