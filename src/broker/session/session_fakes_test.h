// SPDX-License-Identifier: Apache-2.0
// What stands for a session's collaborators in tests of its parts: each remembers what it was told.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "broker/record/record_sink.h"
#include "broker/session/back_side.h"
#include "broker/session/front_side.h"
#include "broker/session/rules.h"

namespace sallyport::broker {

class HandClock final : public base::Clock {
 public:
  base::Micros now_us() const override { return now; }
  base::Micros monotonic_us() const override { return now; }
  base::Micros now = 1'000'000;
};

/// The first byte of data says what the rules make of it: h is held, n refused, k kept, ! a fault, the rest passes.
/// What follows a newline takes effect.
class FakeRules final : public Rules {
 public:
  Judgement judge(const event::Event& event, Direction from, ChannelBook& book) override {
    if (event.has_channel_open()) {
      (void)book.open(event.channel_open().channel(), from, "session");
      return {Ruling::pass, {}, {}};
    }
    switch (event.data().bytes().front()) {
      case 'h':
        return {Ruling::hold, "held", "in doubt"};
      case 'n':
        return {Ruling::refuse, "no", "no"};
      case 'k':
        return {Ruling::keep, {}, {}};
      case '!':
        return {Ruling::fault, {}, "no leg says that"};
      default:
        return {Ruling::pass, {}, {}};
    }
  }
  bool begins(const event::Event& event) const override { return event.has_channel_open(); }
  void bar_what_is_new() override { ++barred; }
  Effect effect(const event::Event& event, const ChannelBook&) const override {
    const auto at = event.data().bytes().find('\n');
    return at == std::string::npos ? Effect{} : Effect{at};
  }
  void passing(const event::Event&, std::uint64_t, Outbox&) override {}
  void passed(const event::Event&, Direction, ChannelBook&, Outbox&) override {}
  void refused(const event::Event& event, Direction, std::uint64_t sequence, const Judgement& judgement, ChannelBook&,
               Outbox& out) override {
    OwnEvent verdict;
    verdict.event.mutable_verdict()->set_channel(event.data().channel());
    verdict.event.mutable_verdict()->set_sequence(sequence);
    verdict.event.mutable_verdict()->set_reason(judgement.reason);
    out.emplace_back(std::move(verdict));
  }
  unsigned barred = 0;
};

/// A record, and a disk that is done when the test says so.
class FakeRecord final : public RecordSink {
 public:
  bool ready() const override { return has_room; }
  base::Status append(recording::EntryKind, base::Micros, base::ByteView event) override {
    if (!has_room) return base::fail(base::Errc::busy, "full");
    written.push_back(base::to_text(event));
    return {};
  }
  void synced(std::function<void(bool)> done) override { syncs.push_back(std::move(done)); }
  std::uint64_t entries() const override { return written.size(); }
  void sync_one(bool ok = true) {
    auto done = std::move(syncs.front());
    syncs.pop_front();
    done(ok);
  }

  bool has_room = true;
  std::vector<std::string> written;
  std::deque<std::function<void(bool)>> syncs;
};

class FakeFront final : public FrontSide {
 public:
  void ready(const TargetGreeting&) override {}
  void refuse(const std::string& text) override { refused = text; }
  void tell(const Notice& notice) override { told.push_back(notice); }
  void ask_password(const std::string&, Asked) override {}
  void terminate(const std::string&, Goodbye) override {}
  void send_event(base::ByteView event) override {
    events.push_back(base::to_text(event));
    if (on_event) on_event(events.back());
  }
  void send_credit(const ipc::Credit&) override { ++credits; }
  void send_bulk_start(const ipc::BulkStart&, std::span<const int>) override {}
  void hold_events(bool hold) override { keeps_events = hold; }
  void hold_reading(bool hold) override { unread = hold; }
  bool congested() const override { return is_congested; }
  void kill(const std::string& fault) override { killed = fault; }
  std::shared_ptr<const base::Fd> pidfd() const override { return nullptr; }
  pid_t pid() const override { return 0; }

  std::function<void(const std::string&)> on_event;
  std::vector<std::string> events;
  std::vector<Notice> told;
  std::string refused, killed;
  unsigned credits = 0;
  bool keeps_events = false, unread = false, is_congested = false;
};

class FakeBack final : public BackSide {
 public:
  void start() override {}
  void set_live() override {}
  std::string failure_text() const override { return "failed"; }
  std::string timeout_text() const override { return "late"; }
  void send_event(base::ByteView event) override {
    events.push_back(base::to_text(event));
    if (on_event) on_event(events.back());
  }
  void send_credit(const ipc::Credit&) override { ++credits; }
  void send_bulk_start(const ipc::BulkStart&, std::span<const int>) override {}
  void recorded(std::uint64_t up_to) override { acknowledged = up_to; }
  void want_keyframe() override { ++keyframes_wanted; }
  void terminate() override {}
  void hold_reading(bool hold) override { unread = hold; }
  bool congested() const override { return is_congested; }
  void kill(const std::string& fault) override { killed = fault; }
  std::shared_ptr<const base::Fd> pidfd() const override { return nullptr; }
  pid_t pid() const override { return 0; }

  std::function<void(const std::string&)> on_event;
  std::vector<std::string> events;
  std::string killed;
  std::uint64_t acknowledged = 0;
  unsigned credits = 0, keyframes_wanted = 0;
  bool unread = false, is_congested = false;
};

}  // namespace sallyport::broker
