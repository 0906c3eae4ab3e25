// SPDX-License-Identifier: Apache-2.0
// A record that an earlier version wrote, with an event of every kind and request, still verifies and reads the same:
// the numbers of messages and fields never change.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/fd.h"
#include "cli/output.h"
#include "event/event.pb.h"
#include "recording/header.h"
#include "recording/reader.h"
#include "recording/record_keys.h"
#include "recording/verify.h"
#include "replay/event_json.h"

namespace sallyport::cli {
namespace {

using replay::Direction;
using replay::event_json;

const std::string kFolder = SALLYPORT_TEST_DATA "/record";
const std::string kId = "01hf7yat0058z4e6jjeks2fzn5";

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class OldRecord : public ::testing::Test {
 protected:
  OldRecord() : source(recording::open_directory(kFolder, kId).value()) {}

  recording::ReadKeys keys() const {
    recording::RecipientKey recipient;
    recipient.secret_key = base::SecretBytes(base::from_hex(lines_of(kFolder + "/recipient.key").at(0)).value());
    recipient.public_key = recording::x25519_public(recipient.secret_key).value();
    const auto file = recording::read_key_file(kFolder, kId).value();
    return recording::unwrap_keys(file, recording::inspect(*source)->header_hash, recipient).value();
  }

  std::vector<event::Event> events() const {
    std::vector<event::Event> out;
    auto reader = recording::Reader::open(source, keys()).value();
    for (;;) {
      const auto step = reader.next().value();
      const auto* entry = std::get_if<recording::Entry>(&step);
      if (entry == nullptr) {
        EXPECT_TRUE(std::holds_alternative<recording::End>(step));
        return out;
      }
      event::Event& event = out.emplace_back();
      EXPECT_TRUE(event.ParseFromArray(entry->event.data(), static_cast<int>(entry->event.size())));
      EXPECT_EQ(event.SerializeAsString(), base::to_text(entry->event));
    }
  }

  std::shared_ptr<const recording::RecordSource> source;
};

TEST_F(OldRecord, Verifies) {
  const recording::ReadKeys read_keys = keys();
  recording::VerifyOptions options;
  options.keys = &read_keys;
  const auto report = recording::verify(*source, options).value();
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.entries, lines_of(kFolder + "/events.jsonl").size());
}

TEST_F(OldRecord, SaysWhatItSaid) {
  const auto expected = lines_of(kFolder + "/events.jsonl");
  const auto found = events();
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto wanted = nlohmann::ordered_json::parse(expected[i]);
    const auto direction = wanted.value("direction", "") == "up" ? Direction::up : Direction::down;
    EXPECT_EQ(dump(event_json(found[i], direction)), expected[i]);
  }
}

// What the export leaves out, and a replay needs.
TEST_F(OldRecord, HoldsWhatAReplayNeeds) {
  const auto found = events();
  ASSERT_GT(found.size(), 21U);
  EXPECT_EQ(found[2].channel_open().window(), 2097152U);
  EXPECT_EQ(found[3].channel_opened().window(), 65536U);
  EXPECT_TRUE(found[6].request().want_answer());
  EXPECT_EQ(found[6].request().pty().width_px(), 640U);
  EXPECT_EQ(found[6].request().pty().height_px(), 480U);
  EXPECT_EQ(found[6].request().pty().modes(), std::string("\x80\0\0\x96\0\0", 6));
  EXPECT_EQ(found[14].request().window_change().width_px(), 1U);
  EXPECT_EQ(found[14].request().window_change().height_px(), 2U);
  EXPECT_EQ(found[20].keyframe().ansi(), "\x1b[Hhello");
  EXPECT_TRUE(found[20].keyframe().more());
  EXPECT_EQ(found[21].keyframe().ansi(), "world");
}

// An event of each kind, so that a kind that changes its number is seen.
TEST_F(OldRecord, HasEveryKindOfItsTime) {
  std::set<int> kinds, requests;
  for (const auto& event : events()) {
    kinds.insert(event.kind_case());
    if (event.has_request()) requests.insert(event.request().what_case());
  }
  EXPECT_EQ(kinds, (std::set<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25}));
  EXPECT_EQ(requests, (std::set<int>{3, 4, 5, 6, 7, 8, 9, 10, 11}));
}

}  // namespace
}  // namespace sallyport::cli
