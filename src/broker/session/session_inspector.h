// SPDX-License-Identifier: Apache-2.0
// A session and its inspector: from the first terminal on, the inspector is sent the events of terminals as they stand
// in the record, and its derived events are recorded. Trusted side, on a session loop. It never delays the relay: what
// the inspector does not take is dropped, and a session whose inspector is gone goes on without one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/session/derived_events.h"
#include "broker/session/front_side.h"
#include "broker/session/inspector_queue.h"
#include "broker/session/inspector_side.h"
#include "broker/session/journal.h"
#include "broker/session/terminal_book.h"
#include "net/loop.h"

namespace sallyport::broker {

class SessionInspector final : private InspectorSide::Owner {
 public:
  /// Events wait so long for others, so that an inspector is not woken by every key and its echo.
  static constexpr std::int64_t kGatherUs = 10'000;
  /// So long the end of a session waits for the inspector to have read all.
  static constexpr std::int64_t kSettleUs = 100'000;

  using Opened = std::function<void(base::Result<std::unique_ptr<InspectorSide>>)>;
  /// Has an inspector forked. Opened is called on the loop, once.
  using Open = std::function<void(Opened)>;
  /// The inspector is gone, and the record says so. fault: what it did that an inspector never does.
  using Gone = std::function<void(const std::string& reason, const std::string& fault)>;

  SessionInspector(net::Loop& loop, Open open, Gone gone)
      : loop_(loop), open_(std::move(open)), gone_(std::move(gone)), gather_(loop), deadline_(loop) {}

  /// The session is live. Both outlive this, or the front is taken away by front_gone().
  void begin(Journal& journal, FrontSide& front);
  void front_gone() { front_ = nullptr; }
  /// An event that may pass, in the record under this number.
  void see(std::uint64_t sequence, Direction from, const event::Event& event, base::ByteView bytes);
  /// Watchers have a use for keyframes of all terminals.
  void want_keyframes();
  /// The record may have room again.
  void go_on();
  /// Nothing more is seen. then: once the front knows what is set on the user's terminals as of the last event, or was
  /// told that nobody knows. At once when there is nothing to wait for, and after kSettleUs at the latest.
  void settle(std::function<void()> then);
  /// Nothing more is recorded.
  void stop();

  // What the timers call.
  /// Sends what waits, as far as there is room.
  void gathered();
  void too_late() { settled(); }

 private:
  enum class State : std::uint8_t { unneeded, starting, running, gone, stopped };

  // InspectorSide::Owner
  void inspector_read(ipc::InspectorRead& read) override;
  void inspector_keyframe(event::Keyframe& keyframe) override;
  void inspector_state(event::TerminalState& state) override;
  void inspector_ended(const std::string& fault) override;

  void start();
  void started(base::Result<std::unique_ptr<InspectorSide>> side);
  void keep_opening(std::uint64_t sequence, const event::Event& event, base::ByteView bytes);
  void push(std::uint64_t sequence, base::ByteView bytes);
  void ask_keyframes();
  /// Whether it may speak of the channel: false when that has ended, or when it broke the rules.
  bool speaks_of(std::uint32_t channel);
  void derived(event::Event event);
  void record(const event::Event& event);
  void lose(const std::string& reason, const std::string& fault);
  void settled();
  bool settling() const { return static_cast<bool>(then_); }
  bool knows_all() const { return state_ == State::running && queue_.all_read() && waiting_.empty(); }
  void send_soon();

  net::Loop& loop_;
  const Open open_;
  const Gone gone_;
  Journal* journal_ = nullptr;
  FrontSide* front_ = nullptr;
  State state_ = State::unneeded;
  std::unique_ptr<InspectorSide> side_;
  TerminalBook terminals_;
  InspectorQueue queue_;
  DerivedEvents rules_;
  struct Opening {
    std::uint32_t channel = 0;
    std::uint64_t sequence = 0;
    base::Bytes event;
  };
  std::vector<Opening> openings_;      // of channels, before any has a terminal
  std::vector<event::Event> waiting_;  // derived, while the record has no room
  bool gathering_ = false;
  bool keyframes_wanted_ = false;
  net::Timer gather_, deadline_;
  std::function<void()> then_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker
