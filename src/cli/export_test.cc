// SPDX-License-Identifier: Apache-2.0
// Exports of a real record, byte for byte.
#include "cli/export.h"

#include <gtest/gtest.h>
#include <sodium.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "base/escape.h"
#include "base/id.h"
#include "base/random.h"
#include "cli/record_search.h"
#include "event/event.pb.h"
#include "recording/writer.h"

namespace sallyport::cli {
namespace {

constexpr base::Micros kStart = 1'700'000'000'000'000;

class Signer final : public recording::Signer {
 public:
  Signer() { crypto_sign_keypair(public_.data(), secret_.data()); }
  recording::PublicKey public_key() const override { return public_; }
  base::Result<recording::Signature> sign(base::ByteView message) const override {
    recording::Signature out;
    crypto_sign_detached(out.data(), nullptr, message.data(), message.size(), secret_.data());
    return out;
  }

 private:
  recording::PublicKey public_{};
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_{};
};

// Writes events as a broker does and opens the record as the command line does.
class ExportTest : public ::testing::Test {
 protected:
  ExportTest() {
    EXPECT_GE(sodium_init(), 0);
    std::string name = ::testing::TempDir() + "sallyport-export-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    id_ = base::make_id(kStart, random_);
    reader_.secret_key = base::SecretBytes(random_.bytes(32));
    reader_.public_key = *recording::x25519_public(reader_.secret_key);
    auto writer = recording::Writer::create(
        {directory_, id_, kStart, {{reader_.public_key, recording::Recipient::Scope::session_and_input}}},
        std::make_shared<Signer>(), random_);
    EXPECT_TRUE(writer) << writer.message();
    writer_ = std::move(*writer);
  }
  ~ExportTest() override { std::filesystem::remove_all(directory_); }

  void add(int ms, bool up, const event::Event& event) {
    const std::string bytes = event.SerializeAsString();
    ASSERT_TRUE(writer_->add(up ? recording::EntryKind::input : recording::EntryKind::plain, kStart + ms * 1000,
                             base::view(bytes)));
    ASSERT_TRUE(writer_->flush());
  }
  void open_channel(bool terminal, const std::string& command) {
    event::Event open;
    open.mutable_channel_open()->set_type("session");
    add(0, false, open);
    event::Event request;
    if (terminal) {
      request.mutable_request()->mutable_pty()->set_term("xterm");
      request.mutable_request()->mutable_pty()->set_columns(20);
      request.mutable_request()->mutable_pty()->set_rows(4);
      add(1, false, request);
    }
    if (command.empty()) {
      request.mutable_request()->mutable_shell();
    } else {
      request.mutable_request()->mutable_exec()->set_command(command);
    }
    add(2, false, request);
  }
  void data(int ms, bool up, const std::string& bytes) {
    event::Event event;
    event.mutable_data()->set_bytes(bytes);
    add(ms, up, event);
  }
  void resize(int ms, unsigned columns, unsigned rows) {
    event::Event event;
    event.mutable_request()->mutable_window_change()->set_columns(columns);
    event.mutable_request()->mutable_window_change()->set_rows(rows);
    add(ms, false, event);
  }

  void control(int ms, const std::string& action, const std::string& text) {
    event::Event event;
    event.mutable_control()->set_action(action);
    event.mutable_control()->set_actor("local:carol");
    event.mutable_control()->set_text(text);
    add(ms, false, event);
  }

  OpenRecording open(Input input) {
    OpenRecording out;
    out.id = "the-id";
    auto source = recording::open_directory(directory_, id_);
    EXPECT_TRUE(source) << source.message();
    out.source = std::move(*source);
    const auto info = recording::inspect(*out.source);
    EXPECT_TRUE(info) << info.message();
    const auto keys_file = base::read_file(recording::keys_path(directory_, id_), recording::kMaxKeyFileBytes);
    auto keys = recording::unwrap_keys(*keys_file, info->header_hash, reader_);
    EXPECT_TRUE(keys) << keys.message();
    out.keys = std::move(*keys);
    if (input == Input::without) out.keys.input.clear();
    return out;
  }
  using Exporter = base::Status (*)(const OpenRecording&, const ChannelFacts&, std::ostream&);
  std::string exported(Exporter exporter, Input input) {
    const OpenRecording recording = open(input);
    auto channel = pick_channel(recording, "");
    EXPECT_TRUE(channel) << channel.message();
    std::ostringstream out;
    const auto done = exporter(recording, *channel, out);
    EXPECT_TRUE(done) << done.message();
    return out.str();
  }

  base::SystemRandom random_;
  recording::RecipientKey reader_;
  std::string directory_;
  std::string id_;
  std::unique_ptr<recording::Writer> writer_;
};

TEST_F(ExportTest, AsciicastHasOutputResizesAndInputOnlyWithItsKey) {
  open_channel(true, "");
  data(500, false, "$ \xe4\xb8");
  data(600, false, "\xad");
  data(700, true, "secret\r");
  resize(800, 30, 5);
  data(1000, false, "done\r\n");
  const std::string header =
      R"({"version":2,"width":20,"height":4,"timestamp":1700000000,"title":"the-id shell","env":{"TERM":"xterm"}})"
      "\n";
  EXPECT_EQ(exported(export_asciicast, Input::without), header +
                                                            "[0.5,\"o\",\"$ \"]\n[0.6,\"o\",\"\\u4e2d\"]\n"
                                                            "[0.8,\"r\",\"30x5\"]\n[1.0,\"o\",\"done\\r\\n\"]\n");
  EXPECT_NE(exported(export_asciicast, Input::with).find("[0.7,\"i\",\"secret\\r\"]"), std::string::npos);
}

TEST_F(ExportTest, TextIsWhatTheTerminalShowed) {
  open_channel(true, "");
  data(10, false, "one\r\ntwo\r\n\x1b[31mthree\x1b[0m\r\nfour\r\nfive\x1b[1;1H\x1b]0;x\x07");
  EXPECT_EQ(exported(export_text, Input::without), "one\ntwo\nthree\nfour\nfive\n");
}

TEST_F(ExportTest, TextWithoutATerminalIsEscaped) {
  open_channel(false, "cat");
  data(10, false, "plain\n\x1b[2J\xe2\x80");
  data(20, false, "\xae!\n");
  EXPECT_EQ(exported(export_text, Input::without), "plain\n\\x1b[2J\\u{202e}!\n");
}

TEST_F(ExportTest, TextHoldsNothingThatReordersOrHides) {
  open_channel(true, "");
  data(10, false, "a\u202ekcab\u202c x\u200by\u2066z\u2069\u061c c:\\d\r\non\u202e the screen");
  const std::string text = exported(export_text, Input::without);
  EXPECT_EQ(base::mask_for_terminal(text.substr(0, text.find('\n'))), text.substr(0, text.find('\n')));
  EXPECT_NE(text.find("c:\\d\n"), std::string::npos) << text;
  for (const char* hidden : {"\u202e", "\u202c", "\u200b", "\u2066", "\u2069", "\u061c"}) {
    EXPECT_EQ(text.find(hidden), std::string::npos) << base::escape_for_terminal(text);
  }
}

TEST_F(ExportTest, TextEndsWithWhatWasCutThere) {
  open_channel(false, "cat");
  data(10, false, "cut \xe4\xb8");
  EXPECT_EQ(exported(export_text, Input::without), "cut \ufffd");
}

TEST_F(ExportTest, TextTellsWhatTheUserWasTold) {
  open_channel(true, "");
  data(10, false, "one\r\ntwo");
  control(20, "pause", "\x1b[2J");
  control(30, "watch", "");
  data(40, false, "\r\nthree\r\nfour\r\nfive\r\nsix");
  control(50, "terminate", "");
  EXPECT_EQ(exported(export_text, Input::without),
            "one\ntwo\n[sallyport: paused by local:carol: \\x1b[2J]\nthree\nfour\nfive\nsix\n"
            "[sallyport: terminated by local:carol]\n");
}

TEST_F(ExportTest, ANoticeIsALineOfItsOwnWithoutATerminalToo) {
  open_channel(false, "make");
  data(10, false, "half a line");
  control(20, "message", "lunch");
  data(30, false, "done\n");
  control(40, "message", "bye");
  EXPECT_EQ(exported(export_text, Input::without),
            "half a line\n[sallyport: message from local:carol: lunch]\ndone\n"
            "[sallyport: message from local:carol: bye]\n");
}

TEST_F(ExportTest, AResizeToNothingIsNone) {
  open_channel(true, "");
  resize(5, 0, 0);
  resize(6, 100, 0);
  data(10, false, "a line of 25 characters..");
  EXPECT_EQ(exported(export_text, Input::without), "a line of 25 charact\ners..\n");
}

TEST_F(ExportTest, JsonLinesHideInputWithoutItsKey) {
  open_channel(false, "cat");
  data(30, true, "typed");
  const OpenRecording without = open(Input::without);
  std::ostringstream out;
  ASSERT_TRUE(export_jsonl(without, out));
  EXPECT_EQ(out.str().find("typed"), std::string::npos);
  EXPECT_NE(out.str().find(R"({"time_ms":30,"event":"input","hidden":true})"), std::string::npos) << out.str();
  const OpenRecording with = open(Input::with);
  std::ostringstream all;
  ASSERT_TRUE(export_jsonl(with, all));
  EXPECT_NE(all.str().find(R"("text":"typed")"), std::string::npos);
}

TEST_F(ExportTest, SearchFindsCommandsAndOutput) {
  open_channel(false, "grep needle hay");
  data(40, false, "a hay\nthe \x1b[31mneedle\x1b[0m lies");
  data(50, false, " here\nNEEDLE");
  const OpenRecording recording = open(Input::without);
  auto hits = search_recording(recording, "needle", Case::exact);
  ASSERT_TRUE(hits) << hits.message();
  ASSERT_EQ(hits->size(), 2U);
  EXPECT_EQ((*hits)[0].where, "command");
  EXPECT_EQ((*hits)[1].text, "the needle lies here");
  EXPECT_EQ((*hits)[1].time_ms, 50);
  EXPECT_EQ(search_recording(recording, "needle", Case::ignore)->size(), 3U);
}

TEST_F(ExportTest, WithoutAKeyNothingIsRead) {
  open_channel(true, "");
  OpenRecording recording = open(Input::without);
  recording.keys.session.clear();
  auto channel = pick_channel(recording, "");
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code, base::Errc::denied);
}

TEST(Utf8Stream, JoinsCutCharactersAndReplacesWhatIsNone) {
  Utf8Stream stream;
  EXPECT_EQ(stream.feed("a\xe4"), "a");
  EXPECT_EQ(stream.feed("\xb8"), "");
  EXPECT_EQ(stream.feed("\xad"
                        "b"),
            "\xe4\xb8\xad"
            "b");
  EXPECT_EQ(stream.feed("\xff"
                        "c\xe4x"),
            "\xef\xbf\xbd"
            "c\xef\xbf\xbdx");
  EXPECT_EQ(stream.feed("\xf0\x9f"), "");
  EXPECT_EQ(stream.finish(), "\xef\xbf\xbd");
  EXPECT_EQ(stream.finish(), "");
}

}  // namespace
}  // namespace sallyport::cli
