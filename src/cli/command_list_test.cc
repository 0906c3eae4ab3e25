// SPDX-License-Identifier: Apache-2.0
#include "cli/command_list.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "event/event.pb.h"

namespace sallyport::cli {
namespace {

using event::Event;

class CommandListTest : public testing::Test {
 protected:
  std::uint64_t add(const Event& event) {
    list_.see({next_, static_cast<base::Micros>(1'000'000 + next_ * 1000), false}, event);
    return next_++;
  }
  static Event exec(std::uint32_t channel, const std::string& command) {
    Event event;
    event.mutable_request()->set_channel(channel);
    event.mutable_request()->mutable_exec()->set_command(command);
    return event;
  }
  static Event agent(std::uint32_t channel) {
    Event event;
    event.mutable_request()->set_channel(channel);
    event.mutable_request()->mutable_other()->set_type("auth-agent-req@openssh.com");
    return event;
  }
  static Event verdict(std::uint32_t channel, std::uint64_t sequence, const std::string& what) {
    Event event;
    event.mutable_verdict()->set_subject("request");
    event.mutable_verdict()->set_channel(channel);
    event.mutable_verdict()->set_sequence(sequence);
    event.mutable_verdict()->set_verdict(what);
    event.mutable_verdict()->set_reason(what == "deny" ? "no policy allows it" : "");
    return event;
  }
  std::vector<std::string> verdicts() {
    std::vector<std::string> out;
    for (const Json& row : list_.take())
      out.push_back(row["text"].get<std::string>() + " " + row["verdict"].get<std::string>());
    return out;
  }

  std::uint64_t next_ = 0;
  CommandList list_;
};

TEST_F(CommandListTest, ARefusedAgentIsNotTheCommandBesideIt) {
  const auto refused = add(agent(0));
  add(verdict(0, refused, "deny"));
  add(verdict(0, add(exec(0, "id")), "allow"));
  EXPECT_EQ(verdicts(), std::vector<std::string>{"id allow"});
}

TEST_F(CommandListTest, EachOfTheChannelsHasItsOwn) {
  const auto first = add(exec(0, "one"));
  const auto second = add(exec(2, "two"));
  add(exec(4, "three"));
  add(verdict(2, second, "deny"));
  add(verdict(0, first, "allow"));
  EXPECT_EQ(verdicts(), (std::vector<std::string>{"one allow", "two deny", "three unknown"}));
}

TEST_F(CommandListTest, AnOlderRecordsDenialStandsBehindItsRequest) {
  add(agent(0));
  add(verdict(0, 0, "deny"));
  add(exec(0, "id"));
  add(exec(2, "sudo"));
  add(verdict(0, 0, "deny"));
  EXPECT_EQ(verdicts(), (std::vector<std::string>{"id unknown", "sudo deny"}));
}

}  // namespace
}  // namespace sallyport::cli
