// SPDX-License-Identifier: Apache-2.0
// What may start under an approval for certain programs.
#include "broker/ssh/bound_programs.h"

#include <gtest/gtest.h>

#include "event/ssh.pb.h"

namespace sallyport::broker {
namespace {

const std::string kUptime = "dd291cd6294bafef2a7e9c378eb320e87198d6dae214272addb569775750c802";
const std::string kPlaybook(64, 'a');

event::Request exec(const std::string& command, std::uint32_t channel = 0) {
  event::Request out;
  out.set_channel(channel);
  out.mutable_exec()->set_command(command);
  return out;
}
event::Request env(const std::string& name, const std::string& value, std::uint32_t channel = 0) {
  event::Request out;
  out.set_channel(channel);
  out.mutable_env()->set_name(name);
  out.mutable_env()->set_value(value);
  return out;
}
event::Request shell() {
  event::Request out;
  out.mutable_shell();
  return out;
}

TEST(BoundPrograms, WithoutABoundEverythingGoes) {
  const BoundPrograms any{{}};
  EXPECT_EQ(any.refusal(exec("id")), "");
  EXPECT_EQ(any.refusal(shell()), "");
}

TEST(BoundPrograms, OnlyTheCommandsOfTheApprovalStart) {
  const BoundPrograms bound({{kUptime}, ""});
  EXPECT_EQ(bound.refusal(exec("uptime")), "");
  EXPECT_NE(bound.refusal(exec("uptime; id")), "");
  EXPECT_NE(bound.refusal(shell()), "");
  event::Request sftp;
  sftp.mutable_subsystem()->set_name("sftp");
  EXPECT_NE(bound.refusal(sftp), "");
}

TEST(BoundPrograms, APlaybookIsNamedOnEachChannelBeforeItsProgram) {
  BoundPrograms bound({{}, kPlaybook});
  EXPECT_NE(bound.refusal(exec("id")), "");
  bound.note(env("SALLYPORT_PLAYBOOK_SHA256", std::string(64, 'b')));
  bound.note(env("LANG", kPlaybook));
  EXPECT_NE(bound.refusal(exec("id")), "");
  bound.note(env("SALLYPORT_PLAYBOOK_SHA256", kPlaybook));
  EXPECT_EQ(bound.refusal(exec("id")), "");
  EXPECT_NE(bound.refusal(exec("id", 2)), "") << "another channel";
  bound.note(env("SALLYPORT_PLAYBOOK_SHA256", "something else"));
  EXPECT_NE(bound.refusal(exec("id")), "") << "the last word counts";
}

TEST(BoundPrograms, BothBoundsHold) {
  BoundPrograms bound({{kUptime}, kPlaybook});
  EXPECT_NE(bound.refusal(exec("uptime")), "");
  bound.note(env("SALLYPORT_PLAYBOOK_SHA256", kPlaybook));
  EXPECT_EQ(bound.refusal(exec("uptime")), "");
  EXPECT_NE(bound.refusal(exec("id")), "");
}

}  // namespace
}  // namespace sallyport::broker
