// SPDX-License-Identifier: Apache-2.0
// A terminal in the browser as a session sees it, and as its front does: the events that it makes, what it grants, and
// what it takes for a breach.
#include "broker/web/browser_terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "broker/session/session_fakes_test.h"
#include "ipc/message_kind.h"
#include "ipc/worker.pb.h"

namespace sallyport::broker::web {
namespace {

using event::Event;
using ::testing::HasSubstr;

class FakeWire final : public TerminalWire {
 public:
  void send(const ipc::BrokerToWeb& message) override { sent.push_back(message); }
  bool congested() const override { return false; }
  void hold_reading(bool hold) override { held = hold; }
  void kill(const std::string& fault) override { killed = fault; }
  std::shared_ptr<const base::Fd> pidfd() const override { return nullptr; }
  pid_t pid() const override { return 0; }

  std::deque<ipc::BrokerToWeb> sent;
  std::optional<std::string> killed;
  bool held = false;
};

class NotingSession final : public UserSession {
 public:
  void open() override {}
  void review() override {}
  void prove(const ProvedFactor&) override {}
  void front_event(base::ByteView event) override {
    Event parsed;
    ASSERT_TRUE(parsed.ParseFromArray(event.data(), static_cast<int>(event.size())));
    events.push_back(parsed);
  }
  void front_credit(const ipc::Credit& credit) override { credited += credit.bytes(); }
  void front_reauthenticate(base::ByteView password) override { secrets.push_back(base::to_text(password)); }
  void front_drained() override {}
  void front_gone(const std::string&, const std::string&) override {}
  const std::string& id() const override { return session_id; }
  Session::Gate gate() const override { return stands; }

  const std::string session_id = "01JSESSION";
  std::deque<Event> events;
  std::vector<std::string> secrets;
  std::uint64_t credited = 0;
  Session::Gate stands = Session::Gate::open;
};

class BrowserTerminalTest : public ::testing::Test {
 protected:
  BrowserTerminalTest() { terminal_.begin(session_, {60, 5}); }

  void settle() {
    while (!later_.empty()) {
      const auto work = std::move(later_.front());
      later_.pop_front();
      work();
    }
  }
  Event next_event() {
    settle();
    EXPECT_FALSE(session_.events.empty());
    if (session_.events.empty()) return {};
    Event out = session_.events.front();
    session_.events.pop_front();
    return out;
  }
  ipc::BrokerToWeb next() {
    settle();
    EXPECT_FALSE(wire_.sent.empty());
    if (wire_.sent.empty()) return {};
    ipc::BrokerToWeb out = wire_.sent.front();
    wire_.sent.pop_front();
    return out;
  }
  void target_says(const Event& event) {
    const std::string bytes = event.SerializeAsString();
    terminal_.send_event(base::view(bytes));
  }
  void target_answers(bool ok) {
    Event event;
    event.mutable_request_answer()->set_ok(ok);
    target_says(event);
  }
  void target_opens(std::uint32_t window = 2'000'000) {
    Event event;
    event.mutable_channel_opened()->set_window(window);
    target_says(event);
  }
  void target_shows(std::size_t bytes) {
    Event event;
    event.mutable_data()->set_bytes(std::string(bytes, 's'));
    target_says(event);
  }
  /// Up to the shell, with nothing left to hear.
  void run(std::uint32_t window = 2'000'000) {
    terminal_.ready({});
    (void)next_event();
    target_opens(window);
    (void)next_event();
    target_answers(true);
    (void)next_event();
    target_answers(true);
    settle();
    wire_.sent.clear();
  }
  void type(const std::string& keys, std::uint64_t number = 4) {
    ipc::WebToBroker message;
    message.mutable_typed()->set_number(number);
    message.mutable_typed()->set_bytes(keys);
    terminal_.take(message);
  }
  void resize(std::uint32_t columns, std::uint32_t rows) {
    ipc::WebToBroker message;
    message.mutable_resize()->set_number(4);
    message.mutable_resize()->set_columns(columns);
    message.mutable_resize()->set_rows(rows);
    terminal_.take(message);
  }
  void take(std::uint32_t bytes) {
    ipc::WebToBroker message;
    message.mutable_taken()->set_number(4);
    message.mutable_taken()->set_bytes(bytes);
    terminal_.take(message);
  }

  FakeWire wire_;
  HandAlarm alarm_;
  NotingSession session_;
  std::deque<std::function<void()>> later_;
  unsigned ended_ = 0;
  BrowserTerminal terminal_{
      {wire_, alarm_, [this](std::function<void()> work) { later_.push_back(std::move(work)); }, [this] { ++ended_; }},
      4,
      {100, 30}};
};

TEST_F(BrowserTerminalTest, ItMakesTheEventsOfAClientWithATerminalAndAShell) {
  EXPECT_EQ(next().connected().session(), "01JSESSION");
  EXPECT_EQ(next().state().state(), "opening");
  const Event open = next_event();
  EXPECT_EQ(open.channel_open().channel(), 0U);
  EXPECT_EQ(open.channel_open().type(), "session");
  EXPECT_EQ(open.channel_open().window(), BrowserTerminal::kWindowBytes);
  EXPECT_TRUE(session_.events.empty()) << "nothing is asked before the channel is open";
  terminal_.ready({});
  target_opens();
  const Event pty = next_event();
  EXPECT_TRUE(pty.request().want_answer());
  EXPECT_EQ(pty.request().pty().columns(), 100U);
  EXPECT_EQ(pty.request().pty().rows(), 30U);
  EXPECT_TRUE(session_.events.empty()) << "no shell without a terminal";
  target_answers(true);
  EXPECT_TRUE(next_event().request().has_shell());
  EXPECT_EQ(next().state().state(), "opening");
  target_answers(true);
  EXPECT_EQ(next().room().bytes(), BrowserTerminal::kRoomBytes);
  EXPECT_EQ(next().state().state(), "live");
}

TEST_F(BrowserTerminalTest, TypedBytesAreBoundedByTheRoom) {
  run(100);
  target_answers(true);  // to no question: nothing
  type("abc");
  EXPECT_EQ(next_event().data().bytes(), "abc");
  type(std::string(97, 'x'));
  EXPECT_EQ(next_event().data().bytes().size(), 97U);
  EXPECT_FALSE(wire_.killed);
  type("y");
  EXPECT_THAT(wire_.killed.value_or(""), HasSubstr("room"));
}

TEST_F(BrowserTerminalTest, TheTargetsWindowAndTheHoldDecideAboutRoom) {
  run(100);
  type(std::string(100, 'x'));
  EXPECT_TRUE(wire_.sent.empty()) << "the window is used up";
  terminal_.hold_events(true);
  ipc::Credit credit;
  credit.set_bytes(50);
  terminal_.send_credit(credit);
  EXPECT_TRUE(wire_.sent.empty()) << "the session holds enough";
  terminal_.hold_events(false);
  EXPECT_EQ(next().room().bytes(), 50U);
}

TEST_F(BrowserTerminalTest, NothingIsTypedBeforeTheShell) {
  type("x");
  EXPECT_TRUE(wire_.killed);
}

TEST_F(BrowserTerminalTest, AMessageToAnotherRequestIsABreach) {
  run();
  type("x", 5);
  EXPECT_TRUE(wire_.killed);
  EXPECT_TRUE(session_.events.empty());
}

TEST_F(BrowserTerminalTest, OutputIsPaidForAndBounded) {
  run();
  target_shows(1000);
  EXPECT_EQ(next().screen().bytes().size(), 1000U);
  take(600);
  EXPECT_EQ(session_.credited, 600U);
  take(401);
  EXPECT_THAT(wire_.killed.value_or(""), HasSubstr("more taken"));
}

TEST_F(BrowserTerminalTest, OutputBeyondTheWindowEndsTheSession) {
  run();
  target_shows(BrowserTerminal::kWindowBytes);
  EXPECT_EQ(ended_, 0U);
  target_shows(1);
  EXPECT_EQ(ended_, 1U);
  EXPECT_THAT(wire_.sent.back().end().words(), HasSubstr("fault"));
}

TEST_F(BrowserTerminalTest, ManySizesComeToFew) {
  run();
  resize(101, 30);
  resize(102, 31);
  resize(103, 32);
  EXPECT_EQ(next_event().request().window_change().columns(), 101U);
  EXPECT_TRUE(session_.events.empty());
  alarm_.ring();
  EXPECT_EQ(next_event().request().window_change().columns(), 103U);
  alarm_.ring();
  EXPECT_TRUE(session_.events.empty());
  resize(103, 32);
  EXPECT_TRUE(session_.events.empty()) << "the same size is no change";
  EXPECT_FALSE(wire_.killed);
  resize(0, 32);
  EXPECT_TRUE(wire_.killed);
}

TEST_F(BrowserTerminalTest, ASizeBeforeTheTerminalIsTheTerminals) {
  resize(55, 11);
  (void)next_event();
  target_opens();
  EXPECT_EQ(next_event().request().pty().columns(), 55U);
}

TEST_F(BrowserTerminalTest, WhatItWaitsForIsTold) {
  wire_.sent.clear();
  terminal_.tell({"Sallyport: Request 1234 waits", {}, Notice::Session::waits, "1234"});
  const ipc::WebState held = next().state();
  EXPECT_EQ(held.state(), "held");
  EXPECT_EQ(held.words(), "Request 1234 waits");
  EXPECT_EQ(held.code(), "1234");
  terminal_.ready({});
  EXPECT_EQ(next().state().state(), "opening");
}

TEST_F(BrowserTerminalTest, TheGateIsSeen) {
  run();
  terminal_.tell({"Sallyport: bob paused this session."});
  session_.stands = Session::Gate::shut;  // the act is carried out after its word
  const ipc::WebState paused = next().state();
  EXPECT_EQ(paused.state(), "paused");
  EXPECT_EQ(paused.words(), "bob paused this session.");
  session_.stands = Session::Gate::supervised;
  terminal_.tell({"Sallyport: bob resumed this session.", {}, Notice::Session::goes_on});
  const ipc::WebState supervised = next().state();
  EXPECT_EQ(supervised.state(), "supervised");
  EXPECT_TRUE(supervised.goes_on());
}

TEST_F(BrowserTerminalTest, ASecretGoesToTheSessionAndIsWiped) {
  run();
  terminal_.ask_password("Password: ", Asked::first);
  EXPECT_EQ(next().ask().prompt(), "Password: ");
  ipc::WebToBroker message;
  message.mutable_proof()->set_number(4);
  message.mutable_proof()->set_secret("secret");
  terminal_.take(message);
  EXPECT_THAT(session_.secrets, ::testing::ElementsAre("secret"));
  EXPECT_EQ(message.proof().secret(), std::string(6, '\0'));
}

TEST_F(BrowserTerminalTest, TheProgramsEndClosesTheChannelAndTellsTheStatus) {
  run();
  type("exit\r");
  (void)next_event();
  Event exit;
  exit.mutable_exit()->set_status(3);
  target_says(exit);
  Event close;
  close.mutable_close()->set_channel(0);
  target_says(close);
  const Event ours = next_event();
  EXPECT_EQ(ours.close().main_total(), 5U);
  EXPECT_EQ(wire_.sent.back().end().status(), 3U);
  EXPECT_EQ(ended_, 1U);
  EXPECT_EQ(terminal_.end_reason("the WebSocket was closed"), "the program ended");
  terminal_.terminate("late", Goodbye::brief);
  EXPECT_EQ(ended_, 1U);
}

TEST_F(BrowserTerminalTest, WithoutATerminalThereIsNoShell) {
  (void)next_event();
  target_opens();
  (void)next_event();
  target_answers(false);
  EXPECT_TRUE(next_event().has_close());
  EXPECT_EQ(wire_.sent.back().end().status(), BrowserTerminal::kNoStatus);
}

TEST_F(BrowserTerminalTest, ARefusedShellSaysWhy) {
  (void)next_event();
  target_opens();
  (void)next_event();
  target_answers(true);
  (void)next_event();
  terminal_.tell({"Sallyport: no policy allows shell here", 0U});
  target_answers(false);
  EXPECT_EQ(wire_.sent.back().end().words(), "no policy allows shell here");
}

TEST_F(BrowserTerminalTest, ARefusalMayBeCuredByACode) {
  terminal_.code_is_due();
  terminal_.refuse("Sallyport: log in anew");
  EXPECT_EQ(wire_.sent.back().end().words(), "log in anew");
  EXPECT_EQ(wire_.sent.back().end().code(), "factor");
  EXPECT_EQ(terminal_.end_reason("gone"), "gone");
}

TEST_F(BrowserTerminalTest, ItsOwnEndHasItsOwnReason) {
  run();
  terminal_.leave("Your sign-in has ended.", "the sign-in ended");
  EXPECT_EQ(wire_.sent.back().end().words(), "Your sign-in has ended.");
  EXPECT_EQ(terminal_.end_reason("the WebSocket was closed"), "the sign-in ended");
  const std::size_t before = wire_.sent.size();
  target_shows(10);
  type("x");
  EXPECT_EQ(wire_.sent.size(), before);
  EXPECT_FALSE(wire_.killed) << "what crosses the end is no breach";
}

}  // namespace
}  // namespace sallyport::broker::web
