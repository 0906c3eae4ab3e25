// SPDX-License-Identifier: Apache-2.0
// Opening records, and following their channels.
#include "cli/record_access.h"

#include <charconv>
#include <utility>

#include "base/escape.h"
#include "cli/admin_client.h"
#include "event/event.pb.h"
#include "ipc/admin.pb.h"
#include "replay/event_json.h"
#include "replay/forwarding_place.h"

namespace sallyport::cli {
namespace {

using replay::command_of;
using replay::place_of_channel;

constexpr int kAnswerMs = 60'000;
constexpr std::size_t kMaxChannels = 100'000;
constexpr std::size_t kMaxWhat = 1024;

}  // namespace

base::Result<OpenRecording> open_recording(AdminClient& client, const std::string& id, const std::string& purpose,
                                           Input input) {
  if (auto asked = ask_for_recording(client, id, purpose, input); !asked) return base::pass(asked);
  return take_recording(client, id);
}

base::Status ask_for_recording(AdminClient& client, const std::string& id, const std::string& purpose, Input input) {
  ipc::AdminRequest request;
  request.mutable_recording_open()->set_id(id);
  request.mutable_recording_open()->set_with_input(input == Input::with);
  request.mutable_recording_open()->set_purpose(purpose);
  return client.send(request);
}

base::Result<OpenRecording> take_recording(AdminClient& client, const std::string& id) {
  const base::Error unfit{base::Errc::invalid,
                          "the gateway's answer does not fit the request: is the gateway of another version?"};
  replay::HandedOver handed;
  for (;;) {
    std::vector<base::Fd> fds;
    auto reply = client.receive(kAnswerMs, &fds);
    if (!reply) return base::pass(reply);
    if (reply->kind_case() == ipc::AdminReply::kDone) break;
    if (reply->kind_case() != ipc::AdminReply::kRecording ||
        !handed.take(*reply->mutable_recording(), std::move(fds))) {
      return base::fail(unfit.code, unfit.message);
    }
  }
  auto out = handed.finish(id);
  if (!out) return base::fail(unfit.code, unfit.message);
  return std::move(*out);
}

std::optional<codec::terminal::Size> resize_of(const event::Event& event, std::uint32_t channel) {
  if (event.kind_case() != event::Event::kRequest || event.request().channel() != channel) return std::nullopt;
  const event::Request& request = event.request();
  if (request.what_case() != event::Request::kWindowChange) return std::nullopt;
  return codec::terminal::changed_size(request.window_change().columns(), request.window_change().rows());
}

void ChannelTracker::see(base::Micros time_us, const event::Event& event) {
  if (event.kind_case() == event::Event::kChannelOpen) {
    if (channels_.size() >= kMaxChannels) return;
    ChannelFacts facts;
    facts.channel = event.channel_open().channel();
    facts.what = base::cut_utf8(event.channel_open().type(), kMaxWhat);
    const auto place = place_of_channel(facts.what, event.channel_open().type_data());
    if (place && !place->to.empty()) facts.what = base::cut_utf8(facts.what + " " + place->to, kMaxWhat);
    facts.started_us = time_us;
    channels_[facts.channel] = std::move(facts);
    return;
  }
  if (event.kind_case() == event::Event::kClose) {
    const auto closed = channels_.find(event.close().channel());
    if (closed != channels_.end()) closed->second.closed = true;
    return;
  }
  if (event.kind_case() != event::Event::kRequest) return;
  const auto found = channels_.find(event.request().channel());
  if (found == channels_.end()) return;
  ChannelFacts& facts = found->second;
  if (event.request().what_case() == event::Request::kPty) {
    if (std::exchange(facts.terminal, true)) return;  // a model keeps its first size until a window change
    const event::Request::Pty& pty = event.request().pty();
    facts.term = pty.term();
    facts.size = codec::terminal::announced_size(pty.columns(), pty.rows());
    return;
  }
  std::string source;
  const std::string command = command_of(event, source);
  if (source.empty()) return;
  facts.started = true;
  facts.what = base::cut_utf8(source == "shell" ? source : source + " " + command, kMaxWhat);
}

const ChannelFacts* ChannelTracker::find(std::uint32_t channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : &found->second;
}

base::Result<ChannelFacts> pick_channel(const OpenRecording& recording, const std::string& asked) {
  std::uint32_t wanted = 0;
  if (!asked.empty()) {
    const auto [rest, error] = std::from_chars(asked.data(), asked.data() + asked.size(), wanted);
    if (error != std::errc{} || rest != asked.data() + asked.size()) {
      return base::fail(base::Errc::invalid, "a channel is a number: see recording show ID --events");
    }
  }
  ChannelTracker tracker;
  const auto first_terminal = [&](bool started) -> const ChannelFacts* {
    for (const auto& [number, facts] : tracker.channels()) {
      if (facts.terminal && (facts.started || !started)) return &facts;
    }
    return nullptr;
  };
  Visitor visitor;
  visitor.event = [&](const EventPlace& at, const event::Event& event) {
    tracker.see(at.time_us, event);
    return !asked.empty() || event.kind_case() != event::Event::kRequest || first_terminal(true) == nullptr;
  };
  auto end = walk(recording, visitor);
  if (!end) return base::pass(end);
  if (asked.empty()) {
    if (const ChannelFacts* terminal = first_terminal(false)) return *terminal;
  }
  const auto& channels = tracker.channels();
  const auto found = asked.empty() ? channels.begin() : channels.find(wanted);
  if (found == channels.end()) {
    return base::fail(base::Errc::not_found,
                      asked.empty() ? "the recording holds no channel" : "there is no channel " + asked);
  }
  return found->second;
}

}  // namespace sallyport::cli
