// SPDX-License-Identifier: Apache-2.0
#include "broker/ssh/gate.h"

#include <gtest/gtest.h>

#include "event/event.pb.h"

namespace sallyport::broker {
namespace {

using event::Event;

class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    policy::Permissions permissions;
    permissions.add(policy::Permission::shell);
    permissions.add(policy::Permission::exec);
    gate = std::make_unique<Gate>(permissions, 3);
  }

  Ruling up(const Event& event) { return gate->judge(event, Direction::up, book).ruling; }
  Ruling down(const Event& event) { return gate->judge(event, Direction::down, book).ruling; }

  static Event open(std::uint32_t channel, const std::string& type = "session") {
    Event e;
    e.mutable_channel_open()->set_channel(channel);
    e.mutable_channel_open()->set_type(type);
    return e;
  }
  static Event opened(std::uint32_t channel) {
    Event e;
    e.mutable_channel_opened()->set_channel(channel);
    return e;
  }
  static Event data(std::uint32_t channel, std::size_t bytes) {
    Event e;
    e.mutable_data()->set_channel(channel);
    e.mutable_data()->set_bytes(std::string(bytes, 'x'));
    return e;
  }
  static Event close(std::uint32_t channel, std::uint64_t total) {
    Event e;
    e.mutable_close()->set_channel(channel);
    e.mutable_close()->set_main_total(total);
    return e;
  }
  static Event subsystem(const std::string& name) {
    Event e;
    e.mutable_request()->set_channel(0);
    e.mutable_request()->mutable_subsystem()->set_name(name);
    return e;
  }
  static Event block(std::uint64_t offset, std::uint64_t bytes) {
    Event e;
    e.mutable_stream_block()->set_channel(0);
    e.mutable_stream_block()->set_up(true);
    e.mutable_stream_block()->set_offset(offset);
    e.mutable_stream_block()->set_bytes(bytes);
    return e;
  }

  std::unique_ptr<Gate> gate;
  ChannelBook book;
};

TEST_F(GateTest, MoshIsRefusedUnlessAPolicyAllowsIt) {
  EXPECT_EQ(up(open(0)), Ruling::pass);
  Event exec;
  exec.mutable_request()->mutable_exec()->set_command("mosh-server new -s");
  const Judgement refused = gate->judge(exec, Direction::up, book);
  EXPECT_EQ(refused.ruling, Ruling::refuse);
  EXPECT_NE(refused.reason.find("UDP"), std::string::npos);
  policy::Permissions permissions;
  permissions.add(policy::Permission::exec);
  permissions.add(policy::Permission::mosh);
  EXPECT_EQ(Gate(permissions, 3).judge(exec, Direction::up, book).ruling, Ruling::pass);
}

TEST_F(GateTest, ACertificatesForcedCommandIsTheOnlyProgram) {
  policy::Permissions permissions = policy::Permissions::all();
  const auto ask = [&](const std::string& only, const Event& event) {
    ChannelBook fresh;
    Gate forced(permissions, 3, {policy::Permissions::all(), true, only});
    EXPECT_EQ(forced.judge(open(0), Direction::up, fresh).ruling, Ruling::pass);
    return forced.judge(event, Direction::up, fresh);
  };
  Event exec, shell;
  exec.mutable_request()->mutable_exec()->set_command("backup --all");
  shell.mutable_request()->mutable_shell();
  EXPECT_EQ(ask("backup --all", exec).ruling, Ruling::pass);
  EXPECT_EQ(ask("backup", exec).ruling, Ruling::refuse);
  EXPECT_EQ(ask("backup --all", shell).ruling, Ruling::refuse);
  EXPECT_EQ(ask("backup --all", subsystem("sftp")).ruling, Ruling::refuse);
  EXPECT_EQ(ask("internal-sftp", subsystem("sftp")).ruling, Ruling::pass);
  EXPECT_EQ(ask("internal-sftp", subsystem("netconf")).ruling, Ruling::refuse);
  EXPECT_EQ(ask("internal-sftp", exec).ruling, Ruling::refuse);
  exec.mutable_request()->mutable_exec()->set_command("internal-sftp");
  EXPECT_EQ(ask("internal-sftp", exec).ruling, Ruling::refuse) << "a program of that name at the target";
  exec.mutable_request()->mutable_exec()->set_command("");
  EXPECT_EQ(ask("", exec).ruling, Ruling::refuse);
  EXPECT_NE(ask("x\x1b[2J", shell).reason.find("\\x1b"), std::string::npos) << "foreign text is escaped";
}

TEST_F(GateTest, ACertificateWithoutATerminalHasNone) {
  Event pty, shell;
  pty.mutable_request()->mutable_pty();
  shell.mutable_request()->mutable_shell();
  gate =
      std::make_unique<Gate>(policy::Permissions::all(), 3, policy::ProofLimits{policy::Permissions::all(), false, {}});
  EXPECT_EQ(up(open(0)), Ruling::pass);
  EXPECT_EQ(up(pty), Ruling::refuse);
  EXPECT_FALSE(book.find(0)->pty);
  EXPECT_EQ(up(shell), Ruling::pass);
}

TEST_F(GateTest, WhatIsNotGrantedIsRefused) {
  EXPECT_EQ(up(open(0)), Ruling::pass);
  EXPECT_EQ(up(subsystem("sftp")), Ruling::refuse);
  EXPECT_EQ(up(subsystem("netconf")), Ruling::refuse);
  Event exec;
  exec.mutable_request()->mutable_exec()->set_command("id");
  EXPECT_EQ(up(exec), Ruling::pass);
  EXPECT_EQ(book.find(0)->purpose, "exec");
  EXPECT_EQ(up(open(2, "direct-tcpip")), Ruling::refuse);
  EXPECT_EQ(down(open(1, "x11")), Ruling::refuse);
  EXPECT_EQ(down(open(3, "session")), Ruling::refuse);
  Event forward;
  forward.mutable_global_request()->set_type("tcpip-forward");
  EXPECT_EQ(up(forward), Ruling::refuse);
}

TEST_F(GateTest, AnOldLoginBeginsNothingNewAndGoesOnWithWhatItHas) {
  Event exec, size, forward;
  exec.mutable_request()->mutable_exec()->set_command("id");
  size.mutable_request()->mutable_window_change();
  EXPECT_EQ(up(open(0)), Ruling::pass);
  EXPECT_EQ(down(opened(0)), Ruling::pass);
  EXPECT_EQ(up(exec), Ruling::pass);
  EXPECT_EQ(up(open(2)), Ruling::pass);
  EXPECT_EQ(down(opened(2)), Ruling::pass);
  gate->bar_what_is_new();
  EXPECT_EQ(up(data(0, 10)), Ruling::pass);
  EXPECT_EQ(up(size), Ruling::pass);
  EXPECT_EQ(down(data(0, 10)), Ruling::pass);
  EXPECT_EQ(up(open(4)), Ruling::refuse);
  exec.mutable_request()->set_channel(2);
  EXPECT_EQ(up(exec), Ruling::refuse) << "a channel that was kept in reserve";
  EXPECT_EQ(up(close(0, 10)), Ruling::pass);
}

TEST_F(GateTest, AnEndThatCrossesARefusalIsNoFault) {
  EXPECT_EQ(up(open(0)), Ruling::pass);
  Event refused, eof, close;
  refused.mutable_channel_refused()->set_channel(0);
  EXPECT_EQ(down(refused), Ruling::pass);
  eof.mutable_eof()->set_channel(0);
  EXPECT_EQ(up(eof), Ruling::keep);
  close.mutable_close()->set_channel(0);
  EXPECT_EQ(up(close), Ruling::keep);
  EXPECT_EQ(down(close), Ruling::fault);
  Event bulk;
  bulk.mutable_bulk_begin()->set_channel(0);
  EXPECT_EQ(up(bulk), Ruling::keep);
  EXPECT_EQ(down(bulk), Ruling::fault);
}

TEST_F(GateTest, ASecondProgramDoesNotHideTheFirst) {
  EXPECT_EQ(up(open(0)), Ruling::pass);
  EXPECT_EQ(down(opened(0)), Ruling::pass);
  Event shell, exec;
  shell.mutable_request()->set_channel(0);
  shell.mutable_request()->mutable_shell();
  exec.mutable_request()->set_channel(0);
  exec.mutable_request()->mutable_exec()->set_command("sh");
  for (const Event& event : {exec, shell, exec}) EXPECT_EQ(up(event), Ruling::pass);
  EXPECT_EQ(book.find(0)->purpose, "exec + shell");
}

TEST_F(GateTest, ATypeThatNoEngineLetsInIsAFault) {
  EXPECT_EQ(up(open(0, std::string(256, 't'))), Ruling::refuse);
  EXPECT_EQ(up(open(1, std::string(257, 't'))), Ruling::fault);
}

TEST_F(GateTest, ALegSpeaksOnlyForItself) {
  EXPECT_EQ(up(open(1)), Ruling::fault);    // the back's numbers
  EXPECT_EQ(down(open(0)), Ruling::fault);  // the front's numbers
  EXPECT_EQ(up(open(0)), Ruling::pass);
  EXPECT_EQ(up(open(0)), Ruling::fault);    // used
  EXPECT_EQ(up(opened(0)), Ruling::fault);  // answers itself
  EXPECT_EQ(down(opened(0)), Ruling::pass);
  EXPECT_EQ(down(opened(0)), Ruling::fault);
  Event exit;
  exit.mutable_exit()->set_channel(0);
  EXPECT_EQ(up(exit), Ruling::fault);
  EXPECT_EQ(down(exit), Ruling::pass);
  Event own;
  own.mutable_session_end();
  EXPECT_EQ(up(own), Ruling::fault);
  EXPECT_EQ(down(own), Ruling::fault);
  EXPECT_EQ(up(block(0, 1)), Ruling::fault);
}

TEST_F(GateTest, OpenChannelsAreBounded) {
  EXPECT_EQ(up(open(0)), Ruling::pass);
  EXPECT_EQ(up(open(2)), Ruling::pass);
  EXPECT_EQ(up(open(4)), Ruling::pass);
  EXPECT_EQ(up(open(6)), Ruling::refuse);
  EXPECT_EQ(up(close(0, 0)), Ruling::pass);
  EXPECT_EQ(down(close(0, 0)), Ruling::pass);
  EXPECT_EQ(up(open(8)), Ruling::pass);
}

TEST_F(GateTest, NothingPassesAfterTheEnd) {
  EXPECT_EQ(up(data(0, 1)), Ruling::fault);
  EXPECT_EQ(up(open(0)), Ruling::pass);
  EXPECT_EQ(up(data(0, 5)), Ruling::pass);
  EXPECT_EQ(up(close(0, 4)), Ruling::fault);  // not what was counted
  EXPECT_EQ(up(close(0, 5)), Ruling::pass);
  EXPECT_EQ(up(data(0, 1)), Ruling::fault);
  EXPECT_EQ(down(data(0, 1)), Ruling::pass);  // the target has not closed yet
}

TEST_F(GateTest, UnansweredRequestsAreBounded) {
  ASSERT_EQ(up(open(0)), Ruling::pass);
  Event request;
  request.mutable_request()->set_channel(0);
  request.mutable_request()->set_want_answer(true);
  request.mutable_request()->mutable_env();
  EXPECT_EQ(up(request), Ruling::pass);
  for (std::size_t i = 0; i < ChannelBook::kMaxAnswersDue; ++i) book.find(0)->answers_due.push_back(false);
  EXPECT_EQ(up(request), Ruling::fault);
}

TEST_F(GateTest, BulkNeedsAnOrderAndLeavesNoGap) {
  ASSERT_EQ(up(open(0)), Ruling::pass);
  ASSERT_EQ(up(data(0, 10)), Ruling::pass);
  Event begin;
  begin.mutable_bulk_begin()->set_channel(0);
  begin.mutable_bulk_begin()->set_offset(10);
  EXPECT_EQ(up(begin), Ruling::fault);
  book.find(0)->up.bulk_ordered = true;
  EXPECT_EQ(down(block(10, 5)), Ruling::fault);  // not begun
  EXPECT_EQ(up(begin), Ruling::pass);
  EXPECT_EQ(up(data(0, 1)), Ruling::fault);      // beside the ring
  EXPECT_EQ(down(block(11, 5)), Ruling::fault);  // a gap
  EXPECT_EQ(down(block(10, ~std::uint64_t{0} - 8)), Ruling::fault) << "its total would wrap";
  EXPECT_EQ(down(block(10, ChannelBook::kMaxBlockBytes + 1)), Ruling::fault);
  EXPECT_EQ(down(block(10, 5)), Ruling::keep);
  EXPECT_EQ(up(close(0, 20)), Ruling::pass);
  EXPECT_EQ(down(block(15, 5)), Ruling::keep);
  EXPECT_EQ(down(block(20, 1)), Ruling::fault);  // more than was sent
}

TEST_F(GateTest, WhatOnlyAnInspectorSaysEndsABack) {
  ASSERT_EQ(up(open(0)), Ruling::pass);
  Event pty;
  pty.mutable_request()->mutable_pty();
  ASSERT_EQ(up(pty), Ruling::pass);
  EXPECT_TRUE(book.has_open_terminal());
  Event state, keyframe;
  state.mutable_terminal_state();
  keyframe.mutable_keyframe();
  for (const Event& derived : {state, keyframe}) {
    EXPECT_EQ(up(derived), Ruling::fault);
    EXPECT_EQ(down(derived), Ruling::fault);
  }
  ASSERT_EQ(down(close(0, 0)), Ruling::pass);
  ASSERT_EQ(up(close(0, 0)), Ruling::pass);
  EXPECT_FALSE(book.has_open_terminal());
}

}  // namespace
}  // namespace sallyport::broker
