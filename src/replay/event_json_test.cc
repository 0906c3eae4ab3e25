// SPDX-License-Identifier: Apache-2.0
// Golden JSON and lines of recorded events.
#include "replay/event_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "event/event.pb.h"

namespace sallyport::replay {
namespace {

TEST(EventJson, DataIsTextOrBase64) {
  event::Event event;
  event.mutable_data()->set_channel(2);
  event.mutable_data()->set_bytes("hi\x1b[1m");
  EXPECT_EQ(event_json(event, Direction::down).dump(),
            R"({"event":"data","channel":2,"stream":"main","text":"hi\u001b[1m","direction":"down"})");
  event.mutable_data()->set_bytes("\xff\xfe");
  event.mutable_data()->set_stream(event::STREAM_STDERR);
  EXPECT_EQ(event_json(event, Direction::up).dump(),
            R"({"event":"data","channel":2,"stream":"stderr","base64":"//4=","direction":"up"})");
}

TEST(EventJson, ARecordTellsTheDirectionOfDataAlone) {
  event::Event event;
  event.mutable_data()->set_bytes("x");
  EXPECT_EQ(recorded_direction(event, true), Direction::up);
  EXPECT_EQ(recorded_direction(event, false), Direction::down);
  event.mutable_eof()->set_channel(0);
  EXPECT_EQ(recorded_direction(event, false), Direction::unknown);
  EXPECT_FALSE(event_json(event, Direction::unknown).contains("direction"));
}

TEST(EventJson, LinesAreEscaped) {
  event::Event event;
  event.mutable_request()->set_channel(0);
  event.mutable_request()->mutable_exec()->set_command("echo \x1b]0;x\x07\n");
  EXPECT_EQ(event_line(event, Direction::up),
            "request channel=0 request=exec text=echo \\x1b]0;x\\x07\\x0a direction=up");
}

TEST(EventJson, SaysWhereAForwardedConnectionGoes) {
  event::Event event;
  event.mutable_channel_open()->set_channel(4);
  event.mutable_channel_open()->set_type("direct-tcpip");
  event.mutable_channel_open()->set_type_data(std::string("\0\0\0\2db\0\0\x15\x38\0\0\0\1h\0\0\0\1", 19));
  EXPECT_EQ(event_json(event, Direction::unknown).dump(),
            R"({"event":"channel-open","channel":4,"type":"direct-tcpip","to":"db:5432","from":"h:1"})");
  event.mutable_channel_open()->set_type_data("odd");
  EXPECT_EQ(event_json(event, Direction::unknown).dump(),
            R"({"event":"channel-open","channel":4,"type":"direct-tcpip","base64":"b2Rk"})");
  event.mutable_global_request()->set_type("tcpip-forward");
  event.mutable_global_request()->set_data(std::string("\0\0\0\1h\0\0\0\x50", 9));
  EXPECT_EQ(event_json(event, Direction::unknown).dump(),
            R"({"event":"global-request","type":"tcpip-forward","at":"h:80"})");
}

TEST(EventJson, NamesWhatWasRun) {
  event::Event event;
  std::string source;
  EXPECT_EQ(command_of(event, source), "");
  EXPECT_EQ(source, "");
  event.mutable_request()->mutable_exec()->set_command("uname -a");
  EXPECT_EQ(command_of(event, source), "uname -a");
  EXPECT_EQ(source, "exec");
  event.mutable_request()->mutable_subsystem()->set_name("sftp");
  EXPECT_EQ(command_of(event, source), "sftp");
  EXPECT_EQ(source, "subsystem");
}

TEST(EventJson, EveryKindHasAName) {
  const event::Event empty;
  EXPECT_EQ(event_json(empty, Direction::unknown)["event"], "unknown");
  event::Event event;
  event.mutable_session_end()->set_reason("closed");
  event.mutable_session_end()->add_coverage()->set_coverage("verbatim");
  const auto json = event_json(event, Direction::down);
  EXPECT_EQ(json["event"], "session-end");
  EXPECT_EQ(json["coverage"][0]["coverage"], "verbatim");
}

}  // namespace
}  // namespace sallyport::replay
