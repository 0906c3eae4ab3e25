// SPDX-License-Identifier: Apache-2.0
// What SSH's rules find to take effect, and what they answer in the broker's name.
#include "broker/ssh/ssh_rules.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

using event::Event;

class SshRulesTest : public ::testing::Test {
 protected:
  SshRulesTest() : rules(permissions(), 8) {
    Event open;
    open.mutable_channel_open()->set_channel(0);
    open.mutable_channel_open()->set_type("session");
    EXPECT_EQ(rules.judge(open, Direction::up, book).ruling, Ruling::pass);
  }
  static policy::Permissions permissions() {
    policy::Permissions out;
    out.add(policy::Permission::shell);
    return out;
  }
  static Event typed(const std::string& bytes) {
    Event out;
    out.mutable_data()->set_bytes(bytes);
    return out;
  }
  static Event shell() {
    Event out;
    out.mutable_request()->mutable_shell();
    out.mutable_request()->set_want_answer(true);
    return out;
  }
  static Event exec() {
    Event out;
    out.mutable_request()->mutable_exec()->set_command("id");
    out.mutable_request()->set_want_answer(true);
    return out;
  }
  // As a session does it: what is let through, and what is not.
  Outbox take(const Event& event, Direction from) {
    Outbox out;
    const Judgement judgement = rules.judge(event, from, book);
    if (judgement.ruling == Ruling::pass) rules.passed(event, from, book, out);
    if (judgement.ruling == Ruling::refuse) rules.refused(event, from, 7, judgement, book, out);
    return out;
  }

  ChannelBook book;
  SshRules rules;
};

TEST_F(SshRulesTest, RefusedChannelsAreCountedByTypesThatAreKnown) {
  EXPECT_EQ(rules.counted_as("direct-tcpip"), "direct-tcpip");
  EXPECT_EQ(rules.counted_as("tun@openssh.com"), "tun@openssh.com");
  EXPECT_EQ(rules.counted_as("direct-tcpip2"), "other");
  EXPECT_EQ(rules.counted_as(""), "other");
}

TEST_F(SshRulesTest, TypedTextTakesEffectAtTheFirstControlCharacter) {
  book.find(0)->pty = true;
  EXPECT_EQ(rules.effect(typed("rm -rf /tmp/x"), book).from_byte, std::nullopt);
  EXPECT_EQ(rules.effect(typed("ls\rrm\r"), book).from_byte, 2U);
  EXPECT_EQ(rules.effect(typed("\x03"), book).from_byte, 0U);
  EXPECT_EQ(rules.effect(typed("caf\xc3\xa9"), book).from_byte, std::nullopt);
}

TEST_F(SshRulesTest, WhateverGoesIntoAProgramWithoutATerminalMayTakeEffect) {
  EXPECT_EQ(rules.effect(typed("x"), book).from_byte, 0U);
  EXPECT_EQ(rules.effect(shell(), book).from_byte, 0U);
  Event resize;
  resize.mutable_request()->mutable_window_change();
  EXPECT_EQ(rules.effect(resize, book).from_byte, std::nullopt);
  Event end;
  end.mutable_eof();
  EXPECT_EQ(rules.effect(end, book).from_byte, std::nullopt);
}

TEST_F(SshRulesTest, ARefusalIsSaidInItsTurn) {
  EXPECT_TRUE(take(shell(), Direction::up).empty());
  // Refused while the target owes the answer to the shell: the record and the user hear it, the answer waits.
  const Outbox at_once = take(exec(), Direction::up);
  ASSERT_EQ(at_once.size(), 2U);
  const auto& verdict = std::get<OwnEvent>(at_once[0]);
  EXPECT_EQ(verdict.event.verdict().verdict(), "deny");
  EXPECT_EQ(verdict.event.verdict().sequence(), 7U);
  EXPECT_EQ(verdict.to, std::nullopt);
  EXPECT_EQ(std::get<ChannelNotice>(at_once[1]).channel, 0U);
  Event answer;
  answer.mutable_request_answer()->set_ok(true);
  const Outbox later = take(answer, Direction::down);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_FALSE(std::get<OwnEvent>(later[0]).event.request_answer().ok());
  EXPECT_EQ(std::get<OwnEvent>(later[0]).to, Direction::down);
}

TEST_F(SshRulesTest, ARefusedChannelIsAnsweredToItsOpener) {
  Event open;
  open.mutable_channel_open()->set_channel(1);
  open.mutable_channel_open()->set_type("x11");
  const Outbox out = take(open, Direction::down);
  ASSERT_EQ(out.size(), 2U);
  EXPECT_TRUE(std::get<OwnEvent>(out[1]).event.has_channel_refused());
  EXPECT_EQ(std::get<OwnEvent>(out[1]).to, Direction::up);
}

// What was held for an answer, and the answer is no.
TEST_F(SshRulesTest, RefusedDataIsInTheRecordByItsChannelAndTheUserHearsOfIt) {
  Event data = typed("\r");
  data.mutable_data()->set_channel(4);
  const Judgement no{Ruling::refuse, "command", "nobody can decide this here"};
  Outbox out;
  rules.refused(data, Direction::up, 7, no, book, out);
  ASSERT_EQ(out.size(), 2U);
  const event::Verdict& verdict = std::get<OwnEvent>(out[0]).event.verdict();
  EXPECT_EQ(verdict.subject(), "data");
  EXPECT_EQ(verdict.channel(), 4U);
  EXPECT_EQ(verdict.sequence(), 7U);
  EXPECT_EQ(verdict.name(), "command");
  EXPECT_EQ(verdict.verdict(), "deny");
  EXPECT_EQ(verdict.reason(), "nobody can decide this here");
  EXPECT_EQ(std::get<OwnEvent>(out[0]).to, std::nullopt);
  EXPECT_EQ(std::get<ChannelNotice>(out[1]).channel, 4U);
  EXPECT_EQ(std::get<ChannelNotice>(out[1]).text, "Sallyport: nobody can decide this here");
  out.clear();
  rules.refused(data, Direction::down, 8, no, book, out);
  EXPECT_EQ(out.size(), 1U) << "what the target said is not told to the user";
}

TEST_F(SshRulesTest, WhatStartsIsRemarkedBeforeItIsForwarded) {
  Outbox out;
  rules.passing(shell(), 9, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(std::get<OwnEvent>(out[0]).event.verdict().verdict(), "allow");
  EXPECT_EQ(std::get<OwnEvent>(out[0]).event.verdict().sequence(), 9U);
  out.clear();
  rules.passing(typed("x"), 10, out);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace sallyport::broker
