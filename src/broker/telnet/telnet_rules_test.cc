// SPDX-License-Identifier: Apache-2.0
// One terminal with a shell, and what is said to everything else.
#include "broker/telnet/telnet_rules.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

using event::Event;

class TelnetRulesTest : public ::testing::Test {
 protected:
  TelnetRulesTest() {
    policy::Permissions permissions;
    EXPECT_TRUE(permissions.add_word("shell"));
    EXPECT_TRUE(permissions.add_word("exec"));
    EXPECT_TRUE(permissions.add_word("sftp"));
    EXPECT_TRUE(permissions.add_word("forwarding"));
    rules = std::make_unique<TelnetRules>(permissions);
  }
  static Event open(std::uint32_t number, const char* type = "session") {
    Event out;
    out.mutable_channel_open()->set_channel(number);
    out.mutable_channel_open()->set_type(type);
    return out;
  }
  static Event pty() {
    Event out;
    out.mutable_request()->mutable_pty()->set_term("xterm");
    out.mutable_request()->set_want_answer(true);
    return out;
  }
  static Event shell() {
    Event out;
    out.mutable_request()->mutable_shell();
    out.mutable_request()->set_want_answer(true);
    return out;
  }
  static Event opened() {
    Event out;
    out.mutable_channel_opened()->set_channel(0);
    return out;
  }
  static Event answered(bool ok) {
    Event out;
    out.mutable_request_answer()->set_ok(ok);
    return out;
  }
  static Event typed(const std::string& bytes) {
    Event out;
    out.mutable_data()->set_bytes(bytes);
    return out;
  }
  Ruling judge(const Event& event, Direction from = Direction::up) { return rules->judge(event, from, book).ruling; }
  // As a session does it: what is let through, and what is not.
  Outbox take(const Event& event, Direction from = Direction::up) {
    Outbox out;
    const Judgement judgement = rules->judge(event, from, book);
    if (judgement.ruling == Ruling::pass) rules->passed(event, from, book, out);
    if (judgement.ruling == Ruling::refuse) rules->refused(event, from, 7, judgement, book, out);
    return out;
  }
  void open_shell() {
    for (const Event& event : {open(0), pty(), shell()}) EXPECT_TRUE(take(event).empty());
    EXPECT_EQ(judge(opened(), Direction::down), Ruling::pass);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(take(answered(true), Direction::down).empty());
  }
  static const Event& event_at(const Outbox& out, std::size_t i) { return std::get<OwnEvent>(out.at(i)).event; }

  std::unique_ptr<TelnetRules> rules;
  ChannelBook book;
};

TEST_F(TelnetRulesTest, RefusedChannelsAreCountedByTypesThatAreKnown) {
  EXPECT_EQ(rules->counted_as("direct-tcpip"), "direct-tcpip");
  EXPECT_EQ(rules->counted_as("x"), "other");
}

TEST_F(TelnetRulesTest, ATerminalWithAShellLivesAndEnds) {
  open_shell();
  EXPECT_EQ(judge(typed("ls\r")), Ruling::pass);
  EXPECT_EQ(judge(typed("file"), Direction::down), Ruling::pass);
  Event wrong;
  wrong.mutable_close()->set_main_total(5);
  EXPECT_EQ(judge(wrong, Direction::down), Ruling::fault) << "more was said than was recorded";
  wrong.mutable_close()->set_main_total(4);
  EXPECT_EQ(judge(wrong, Direction::down), Ruling::pass);
  EXPECT_EQ(judge(typed("more"), Direction::down), Ruling::fault);
  wrong.mutable_close()->set_main_total(3);
  EXPECT_EQ(judge(wrong), Ruling::pass);
}

TEST_F(TelnetRulesTest, WhatTelnetDoesNotHaveIsRefusedWithASentence) {
  EXPECT_TRUE(take(open(0)).empty());
  for (const char* what : {"exec", "subsystem"}) {
    Event request;
    if (std::string(what) == "exec") request.mutable_request()->mutable_exec()->set_command("id");
    if (std::string(what) == "subsystem") request.mutable_request()->mutable_subsystem()->set_name("sftp");
    request.mutable_request()->set_want_answer(true);
    const Outbox out = take(request);
    ASSERT_EQ(out.size(), 3u) << what;
    EXPECT_EQ(event_at(out, 0).verdict().verdict(), "deny");
    EXPECT_NE(std::get<ChannelNotice>(out[1]).text.find("open a shell"), std::string::npos);
    EXPECT_FALSE(event_at(out, 2).request_answer().ok());
  }
  Event forward;
  forward.mutable_global_request()->set_type("tcpip-forward");
  forward.mutable_global_request()->set_want_answer(true);
  EXPECT_TRUE(event_at(take(forward), 1).has_global_answer());
  EXPECT_EQ(judge(open(2, "direct-tcpip")), Ruling::refuse);
  EXPECT_EQ(judge(open(4)), Ruling::refuse) << "a second terminal";
}

// What was held for an answer, and the answer is no.
TEST_F(TelnetRulesTest, RefusedDataIsInTheRecordAndTheUserHearsOfIt) {
  open_shell();
  Outbox out;
  rules->refused(typed("\r"), Direction::up, 7, {Ruling::refuse, "command", "nobody can decide this here"}, book, out);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_EQ(event_at(out, 0).verdict().subject(), "data");
  EXPECT_EQ(event_at(out, 0).verdict().sequence(), 7U);
  EXPECT_EQ(event_at(out, 0).verdict().verdict(), "deny");
  EXPECT_EQ(std::get<ChannelNotice>(out[1]).text, "Sallyport: nobody can decide this here");
}

TEST_F(TelnetRulesTest, AShellNeedsATerminalAndComesOnce) {
  EXPECT_TRUE(take(open(0)).empty());
  EXPECT_EQ(judge(shell()), Ruling::refuse);
  EXPECT_EQ(judge(pty()), Ruling::pass);
  EXPECT_EQ(judge(shell()), Ruling::pass);
  EXPECT_EQ(judge(shell()), Ruling::refuse);
  EXPECT_EQ(judge(pty()), Ruling::refuse);
}

TEST_F(TelnetRulesTest, NoPermissionNoShell) {
  TelnetRules none{policy::Permissions()};
  EXPECT_EQ(none.judge(open(0), Direction::up, book).ruling, Ruling::pass);
  EXPECT_EQ(none.judge(pty(), Direction::up, book).ruling, Ruling::pass);
  EXPECT_EQ(none.judge(shell(), Direction::up, book).ruling, Ruling::refuse);
}

TEST_F(TelnetRulesTest, ALoginThatCountsNoMoreBeginsNothing) {
  rules->bar_what_is_new();
  EXPECT_EQ(judge(open(0)), Ruling::refuse);
}

TEST_F(TelnetRulesTest, WhatNoHonestLegSaysIsAFault) {
  EXPECT_EQ(judge(typed("x")), Ruling::fault) << "no channel";
  open_shell();
  Event stderr_data = typed("x");
  stderr_data.mutable_data()->set_stream(event::STREAM_STDERR);
  EXPECT_EQ(judge(stderr_data, Direction::down), Ruling::fault);
  EXPECT_EQ(judge(opened(), Direction::down), Ruling::fault) << "answered twice";
  EXPECT_EQ(judge(answered(true), Direction::down), Ruling::fault) << "nothing was asked";
  EXPECT_EQ(judge(open(1), Direction::down), Ruling::fault) << "a target opens nothing";
  Event bulk;
  bulk.mutable_bulk_begin();
  EXPECT_EQ(judge(bulk), Ruling::fault);
  EXPECT_EQ(judge(bulk, Direction::down), Ruling::fault);
  Event start;
  start.mutable_session_start();
  EXPECT_EQ(judge(start), Ruling::fault);
  EXPECT_EQ(judge(start, Direction::down), Ruling::fault);
}

TEST_F(TelnetRulesTest, AnswersKeepTheirOrder) {
  EXPECT_TRUE(take(open(0)).empty());
  EXPECT_TRUE(take(pty()).empty());
  Event exec;
  exec.mutable_request()->mutable_exec();
  exec.mutable_request()->set_want_answer(true);
  EXPECT_EQ(take(exec).size(), 2u) << "the no waits for the target's answer";
  const Outbox out = take(answered(true), Direction::down);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_FALSE(event_at(out, 0).request_answer().ok());
}

TEST_F(TelnetRulesTest, KeysTakeEffectAtAControlCharacter) {
  EXPECT_EQ(rules->effect(typed("reload"), book).from_byte, std::nullopt);
  EXPECT_EQ(rules->effect(typed("y\r"), book).from_byte, 1u);
  EXPECT_EQ(rules->effect(shell(), book).from_byte, 0u);
  Event resize;
  resize.mutable_request()->mutable_window_change();
  EXPECT_EQ(rules->effect(resize, book).from_byte, std::nullopt);
}

}  // namespace
}  // namespace sallyport::broker
