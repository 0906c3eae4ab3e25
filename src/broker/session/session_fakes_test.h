// SPDX-License-Identifier: Apache-2.0
// What stands for a session's collaborators in tests of its parts: each remembers what it was told.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "broker/node/audit_sink.h"
#include "broker/record/session_record.h"
#include "broker/session/alarm.h"
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

/// Rings when the test says so.
class HandAlarm final : public Alarm {
 public:
  void after_us(std::int64_t delay, std::function<void()> callback) override {
    delay_us = delay;
    callback_ = std::move(callback);
  }
  void cancel() override { callback_ = nullptr; }
  bool is_set() const { return callback_ != nullptr; }
  void ring() { std::exchange(callback_, nullptr)(); }
  std::int64_t delay_us = 0;

 private:
  std::function<void()> callback_;
};

class FakeAudit final : public AuditSink {
 public:
  void write(audit::Event event) override { events.push_back(std::move(event)); }
  std::vector<audit::Event> events;
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
  std::string_view counted_as(const std::string& type) const override { return type == "x11" ? "x11" : "other"; }
  bool begins(const event::Event& event) const override { return event.has_channel_open(); }
  void bar_what_is_new() override { ++barred; }
  void allow_only(policy::Permissions permissions) override { allowed = permissions; }
  std::string overstepped(const ChannelBook&) const override { return oversteps; }
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
  policy::Permissions allowed;
  std::string oversteps;
};

/// A record, and a disk that is done when the test says so.
class FakeRecord final : public SessionRecord {
 public:
  bool ready() const override { return has_room; }
  base::Status append(recording::EntryKind, base::Micros, base::ByteView event) override {
    if (!has_room) {
      if (on_failure) on_failure();
      return base::fail(base::Errc::busy, "full");
    }
    written.push_back(base::to_text(event));
    return {};
  }
  void synced(std::function<void(bool)> done) override { syncs.push_back(std::move(done)); }
  std::uint64_t entries() const override { return written.size(); }
  void close(base::Bytes told, const std::string& reason, std::function<void(Closed)> done) override {
    manifest = std::move(told);
    closed_for = reason;
    closed = std::move(done);
  }
  const recording::Hash& header_hash() const override { return hash; }
  const recording::Hash& key_file_hash() const override { return hash; }
  void sync_one(bool ok = true) {
    auto done = std::move(syncs.front());
    syncs.pop_front();
    done(ok);
  }

  bool has_room = true;
  std::function<void()> on_failure;
  recording::Hash hash{};
  base::Bytes manifest;
  std::string closed_for;
  std::function<void(Closed)> closed;
  std::vector<std::string> written;
  std::deque<std::function<void(bool)>> syncs;
};

class FakeFront final : public FrontSide {
 public:
  void ready(const TargetGreeting&) override {}
  void refuse(const std::string& text) override { refused = text; }
  void tell(const Notice& notice) override { told.push_back(notice); }
  void ask_password(const std::string& prompt, Asked) override { asked.push_back(prompt); }
  void terminate(const std::string& text, Goodbye how) override {
    terminated.push_back(text);
    goodbye = how;
  }
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
  std::vector<std::string> asked;
  std::string refused;
  std::optional<std::string> killed;
  std::vector<std::string> terminated;
  Goodbye goodbye = Goodbye::brief;
  unsigned credits = 0;
  bool keeps_events = false, unread = false, is_congested = false;
};

class FakeBack final : public BackSide {
 public:
  void start() override { started = true; }
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
  void terminate() override { ++terminated; }
  void hold_reading(bool hold) override { unread = hold; }
  bool congested() const override { return is_congested; }
  void kill(const std::string& fault) override { killed = fault; }
  std::shared_ptr<const base::Fd> pidfd() const override { return nullptr; }
  pid_t pid() const override { return 0; }

  std::function<void(const std::string&)> on_event;
  std::vector<std::string> events;
  std::optional<std::string> killed;
  std::uint64_t acknowledged = 0;
  unsigned credits = 0, terminated = 0;
  bool started = false, unread = false, is_congested = false;
};

}  // namespace sallyport::broker
