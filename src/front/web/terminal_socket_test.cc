// SPDX-License-Identifier: Apache-2.0
// A terminal in the browser: frames to messages, messages to frames, and what waits for whom.
#include "front/web/terminal_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "front/web/terminal_frame.h"
#include "ipc/message_kind.h"
#include "ipc/web.pb.h"

namespace sallyport::front::web {
namespace {

using ::testing::HasSubstr;

TEST(TerminalFrame, ASizeIsReadStrictly) {
  const auto size = read_resize(R"({"resize":{"columns":120,"rows":40}})");
  ASSERT_TRUE(size);
  EXPECT_EQ(size->columns, 120U);
  EXPECT_EQ(size->rows, 40U);
  for (const char* wrong :
       {"", "{}", "[]", "1", "{\"resize\":{}}", R"({"resize":{"columns":0,"rows":1}})",
        R"({"resize":{"columns":1001,"rows":1}})", R"({"resize":{"columns":1,"rows":501}})",
        R"({"resize":{"columns":-1,"rows":1}})", R"({"resize":{"columns":1.5,"rows":1}})",
        R"({"resize":{"columns":"1","rows":1}})", R"({"resize":{"columns":1,"rows":1,"x":1}})",
        R"({"resize":{"columns":1,"rows":1},"x":1})", R"({"resize":[1,1]})", R"({"resize":{"columns":1,"rows":1}} x)",
        R"({"resize":{"columns":99999999999999999999999,"rows":1}})", "\xff\xfe"}) {
    EXPECT_FALSE(read_resize(wrong)) << wrong;
  }
  EXPECT_FALSE(read_resize(std::string(kMaxTextFrameBytes + 1, ' ')));
  EXPECT_FALSE(read_resize(std::string(250, '[')));
}

TEST(TerminalFrame, WordsCannotDoAnything) {
  EXPECT_EQ(state_frame("live", "", ""), R"({"state":"live"})");
  EXPECT_EQ(state_frame("held", "a\n\"b\"", "1234"), R"({"state":"held","words":"a\u000a\"b\"","code":"1234"})");
  const std::string end = end_frame(3, "x\x1b]52;c;aGk=\x07\xe2\x80\xae", "");
  EXPECT_THAT(end, HasSubstr(R"({"end":{"status":3,"words":"x\\x1b]52;c;aGk=\\x07\\u{202e}"}})"));
}

class TerminalSocketTest : public ::testing::Test {
 protected:
  TerminalSocketTest() {
    ipc::BrokerToWeb connected;
    connected.mutable_connected()->set_number(7);
    connected.mutable_connected()->set_session("01J");
    EXPECT_TRUE(terminal_.message(connected));
    EXPECT_EQ(shown(), "t{\"session\":\"01J\"}");
  }

  base::Status type(const std::string& keys) { return terminal_.frame(WebSocket::Kind::binary, base::view(keys)); }
  base::Status say(const std::string& text) { return terminal_.frame(WebSocket::Kind::text, base::view(text)); }
  void room(std::uint32_t bytes) {
    ipc::BrokerToWeb message;
    message.mutable_room()->set_bytes(bytes);
    EXPECT_TRUE(terminal_.message(message));
  }
  void screen(std::size_t bytes) {
    ipc::BrokerToWeb message;
    message.mutable_screen()->set_bytes(std::string(bytes, 's'));
    EXPECT_TRUE(terminal_.message(message));
  }
  void ask() {
    ipc::BrokerToWeb message;
    message.mutable_ask()->set_prompt("Password: ");
    EXPECT_TRUE(terminal_.message(message));
  }
  std::string typed() {
    std::string out;
    for (const ipc::WebToBroker& one : said_) {
      EXPECT_LE(one.typed().bytes().size(), ipc::kMaxDataBytes);
      out += one.typed().bytes();
    }
    said_.clear();
    return out;
  }
  /// The unmasked short frames of a server: t or b, then the payload.
  std::string shown() {
    base::Bytes raw;
    EXPECT_TRUE(socket_.take_output(raw));
    std::string out;
    for (std::size_t at = 0; at + 2 <= raw.size();) {
      const std::size_t size = raw[at + 1];
      if (size > 125) return out + "(long)";
      const unsigned kind = raw[at] & 0x0fU;
      out += kind == 1 ? "t" : kind == 2 ? "b" : kind == 8 ? "c" : "?";
      out.append(raw.begin() + static_cast<std::ptrdiff_t>(at + 2),
                 raw.begin() + static_cast<std::ptrdiff_t>(at + 2 + size));
      at += 2 + size;
    }
    return out;
  }

  std::vector<ipc::WebToBroker> said_;
  WebSocket socket_{[](WebSocket::Kind, base::ByteView) {}};
  TerminalSocket terminal_{7, socket_, [this](const ipc::WebToBroker& m) { said_.push_back(m); }};
};

TEST_F(TerminalSocketTest, WhatIsTypedWaitsForRoomAndGoesInOrder) {
  ASSERT_TRUE(type("ab"));
  EXPECT_TRUE(said_.empty());
  room(3);
  EXPECT_EQ(typed(), "ab");
  ASSERT_TRUE(type("cde"));
  EXPECT_EQ(typed(), "c");
  ASSERT_TRUE(type("f"));
  room(100'000);
  EXPECT_EQ(typed(), "def");
  const std::string large(70'000, 'x');
  ASSERT_TRUE(type(large));
  EXPECT_EQ(typed(), large);
}

TEST_F(TerminalSocketTest, TooMuchThatWaitsHoldsTheClient) {
  EXPECT_FALSE(terminal_.holds());
  ASSERT_TRUE(type(std::string(TerminalSocket::kMaxWaitingBytes, 'x')));
  EXPECT_TRUE(terminal_.holds());
  room(1);
  EXPECT_FALSE(terminal_.holds());
}

TEST_F(TerminalSocketTest, ASizeIsPassedOnAndAnythingElseIsABreach) {
  ASSERT_TRUE(say(R"({"resize":{"columns":100,"rows":30}})"));
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].resize().number(), 7U);
  EXPECT_EQ(said_[0].resize().columns(), 100U);
  EXPECT_FALSE(say(R"({"signal":"KILL"})"));
}

TEST_F(TerminalSocketTest, OutputIsTakenWhenItHasLeft) {
  screen(40'000);
  terminal_.left_over(40'000);
  EXPECT_TRUE(said_.empty());
  terminal_.left_over(20'000);
  EXPECT_TRUE(said_.empty()) << "a small part waits for more";
  terminal_.left_over(4'000);
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].taken().bytes(), 36'000U);
  terminal_.left_over(0);
  EXPECT_EQ(said_.back().taken().bytes(), 4'000U);
  terminal_.left_over(0);
  EXPECT_EQ(said_.size(), 2U) << "nothing is owed twice";
}

TEST_F(TerminalSocketTest, ASecretIsTypedBlindAndGoesToTheBrokerAlone) {
  room(1000);
  ask();
  ask();
  EXPECT_EQ(shown(), "b\r\nPassword: b\r\nPassword: ");
  ASSERT_TRUE(type("secrex\x7f"));
  EXPECT_EQ(shown(), "");
  ASSERT_TRUE(type("t\r"));
  ASSERT_EQ(said_.size(), 1U);
  EXPECT_EQ(said_[0].proof().secret(), "secret");
  ASSERT_TRUE(type("impatient"));
  EXPECT_EQ(said_.size(), 1U) << "it goes nowhere while the secret is judged";
  ipc::BrokerToWeb state;
  state.mutable_state()->set_state("live");
  state.mutable_state()->set_goes_on(true);
  ASSERT_TRUE(terminal_.message(state));
  said_.clear();
  ASSERT_TRUE(type("ls"));
  EXPECT_EQ(typed(), "ls");
}

TEST_F(TerminalSocketTest, WhatATargetSaysFirstIsMasked) {
  ipc::BrokerToWeb greeting;
  greeting.mutable_greeting()->set_text("hello\x1b[2J\nyou");
  ASSERT_TRUE(terminal_.message(greeting));
  const std::string out = shown();
  EXPECT_THAT(out, HasSubstr("hello"));
  EXPECT_THAT(out, HasSubstr("\r\nyou\r\n"));
  EXPECT_EQ(out.find('\x1b'), std::string::npos);
}

TEST_F(TerminalSocketTest, TheEndIsTheLast) {
  ipc::BrokerToWeb end;
  end.mutable_end()->set_status(3);
  end.mutable_end()->set_words("over");
  ASSERT_TRUE(terminal_.message(end));
  EXPECT_TRUE(terminal_.ended());
  EXPECT_THAT(shown(), HasSubstr(R"(t{"end":{"status":3,"words":"over"}}c)"));
  screen(5);
  ASSERT_TRUE(type("x"));
  EXPECT_EQ(shown(), "");
  EXPECT_TRUE(said_.empty());
}

TEST_F(TerminalSocketTest, AMessageOfSomethingElseIsRefused) {
  ipc::BrokerToWeb other;
  other.mutable_piece();
  EXPECT_FALSE(terminal_.message(other));
}

}  // namespace
}  // namespace sallyport::front::web
