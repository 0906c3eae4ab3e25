// SPDX-License-Identifier: Apache-2.0
// Random sessions: what the record says of each program is what became of it at the target.
#include "broker/session/verdict.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "broker/ssh/gate.h"
#include "event/verdict_match.h"

namespace sallyport::broker {
namespace {

using event::Event;

enum class Fate { forwarded, refused, on_its_way };

// The relay without its sockets: record, judge, remark, forward, on channels at once. A forwarded request may wait for
// the disk first, with other events recorded meanwhile.
class RandomSession {
 public:
  explicit RandomSession(unsigned seed) : random_(seed) {
    policy::Permissions permissions;
    for (std::uint8_t i = 0; i < policy::kPermissionCount; ++i) {
      if (upto(2) == 0) permissions.add(static_cast<policy::Permission>(i));
    }
    gate_.emplace(permissions, 8);
    record_.emplace_back().mutable_session_start();
    for (int i = 0; i < 60; ++i) step();
    if (upto(2) == 0) {
      while (!syncing_.empty()) synced();
    }
    for (const std::uint64_t sequence : syncing_) fate_[sequence] = Fate::on_its_way;
  }

  const std::vector<Event>& record() const { return record_; }
  const std::map<std::uint64_t, Fate>& fate() const { return fate_; }

 private:
  unsigned upto(unsigned n) { return static_cast<unsigned>(random_() % n); }

  void step() {
    switch (upto(4)) {
      case 0:
        return open();
      case 1:
        if (!syncing_.empty()) synced();
        record_.emplace_back().mutable_global_answer();
        return;
      default:
        return request();
    }
  }

  void open() {
    Event event;
    event.mutable_channel_open()->set_channel(2 * channels_);
    event.mutable_channel_open()->set_type(upto(4) == 0 ? "direct-tcpip" : "session");
    const Judgement judgement = gate_->judge(event, Direction::up, book_);
    ++channels_;
    record_.push_back(event);
    if (judgement.ruling == Ruling::refuse) record_.push_back(denied(event, record_.size() - 1, judgement));
  }

  void request() {
    if (channels_ == 0) return;
    Event event;
    event::Request& request = *event.mutable_request();
    request.set_channel(2 * upto(channels_));
    switch (upto(6)) {
      case 0:
        request.mutable_shell();
        break;
      case 1:
        request.mutable_exec()->set_command("id");
        break;
      case 2:
        request.mutable_subsystem()->set_name(upto(2) == 0 ? "sftp" : "netconf");
        break;
      case 3:
        request.mutable_other()->set_type(upto(2) == 0 ? "auth-agent-req@openssh.com" : "x11-req");
        break;
      case 4:
        request.mutable_pty();
        break;
      default:
        request.mutable_env()->set_name("LANG");
    }
    const Judgement judgement = gate_->judge(event, Direction::up, book_);
    ASSERT_NE(judgement.ruling, Ruling::fault) << judgement.reason;
    record_.push_back(event);
    const std::uint64_t sequence = record_.size() - 1;
    const bool starts = event::starts_program(event);
    if (judgement.ruling == Ruling::refuse) {
      record_.push_back(denied(event, sequence, judgement));
      if (starts) fate_[sequence] = Fate::refused;
    } else if (starts && judgement.ruling == Ruling::keep) {
      fate_[sequence] = Fate::on_its_way;  // on a refused channel: nobody is sent it
    } else if (starts) {
      syncing_.push_back(sequence);
      if (upto(2) == 0) synced();
    }
  }

  void synced() {
    const std::uint64_t sequence = syncing_.front();
    syncing_.pop_front();
    record_.push_back(allowed(record_[sequence], sequence));
    fate_[sequence] = Fate::forwarded;
  }

  std::mt19937 random_;
  std::optional<Gate> gate_;
  ChannelBook book_;
  unsigned channels_ = 0;
  std::vector<Event> record_;
  std::deque<std::uint64_t> syncing_;
  std::map<std::uint64_t, Fate> fate_;
};

std::map<std::uint64_t, std::string> verdicts_of(const std::vector<Event>& record) {
  std::map<std::uint64_t, std::string> out;
  event::VerdictMatch match;
  for (std::size_t i = 0; i < record.size(); ++i) {
    if (const auto judged = match.see(i, record[i])) {
      EXPECT_TRUE(out.emplace(*judged, record[i].verdict().verdict()).second);
    }
  }
  return out;
}

std::map<std::uint64_t, std::string> expected_of(const RandomSession& session) {
  std::map<std::uint64_t, std::string> out;
  for (const auto& [sequence, fate] : session.fate()) {
    if (fate != Fate::on_its_way) out[sequence] = fate == Fate::forwarded ? "allow" : "deny";
  }
  return out;
}

TEST(Verdict, SaysOfEachProgramWhatBecameOfIt) {
  std::size_t forwarded = 0, refused = 0, on_its_way = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    const RandomSession session(seed);
    ASSERT_EQ(verdicts_of(session.record()), expected_of(session)) << "seed " << seed;
    for (const auto& [sequence, fate] : session.fate()) {
      ++(fate == Fate::forwarded ? forwarded : fate == Fate::refused ? refused : on_its_way);
    }
  }
  EXPECT_GT(forwarded, 1000U);
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(on_its_way, 100U);
}

// What older versions wrote: denials alone, right behind what they deny, with neither channel nor entry.
TEST(Verdict, OfAnOlderRecordIsADenialOrUnknown) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    const RandomSession session(seed);
    std::vector<Event> older;
    std::map<std::uint64_t, std::string> expected;
    for (std::size_t i = 0; i < session.record().size(); ++i) {
      Event event = session.record()[i];
      if (event.has_verdict() && event.verdict().verdict() == "allow") continue;
      if (event.has_verdict()) {
        event.mutable_verdict()->clear_channel();
        event.mutable_verdict()->clear_sequence();
      }
      const auto fate = session.fate().find(i);
      if (fate != session.fate().end() && fate->second == Fate::refused) expected[older.size()] = "deny";
      older.push_back(event);
    }
    ASSERT_EQ(verdicts_of(older), expected) << "seed " << seed;
  }
}

TEST(Verdict, ThatNamesAnotherChannelOrNoEntryIsAboutNothing) {
  Event exec;
  exec.mutable_request()->set_channel(2);
  exec.mutable_request()->mutable_exec()->set_command("id");
  Event other = denied(exec, 1, {Ruling::refuse, "exec", "no"});
  other.mutable_verdict()->set_channel(4);
  Event later = denied(exec, 7, {Ruling::refuse, "exec", "no"});
  Event nothing = allowed(exec, 0);
  Event start;
  start.mutable_session_start();
  EXPECT_TRUE(verdicts_of({start, exec, other, later, nothing}).empty());
}

}  // namespace
}  // namespace sallyport::broker
