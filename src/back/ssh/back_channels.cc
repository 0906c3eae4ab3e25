// SPDX-License-Identifier: Apache-2.0
// What a back adds to the relay of channels: the terminal models and their keyframes.
#include <algorithm>

#include "back/ssh/back_worker.h"
#include "event/event.pb.h"

namespace sallyport::back::ssh {

using leg::StreamId;
using leg::ssh::Opening;
using leg::ssh::RelayChannel;

namespace {

// Terminal output between two keyframes that nobody asked for: replay starts from one. A screen that takes more than
// that to tell comes less often, so that the record does not grow by screens alone.
constexpr std::size_t kKeyframeEveryBytes = 256 * 1024;
constexpr std::size_t kMaxKeyframePart = 48 * 1024;

using codec::terminal::Trait;
static_assert(event::TerminalTrait_MAX == codec::terminal::kTraits - 1);
static_assert(event::TERMINAL_TRAIT_ALTERNATE_SCREEN == static_cast<int>(Trait::alternate_screen));
static_assert(event::TERMINAL_TRAIT_CURSOR_SHAPE == static_cast<int>(Trait::cursor_shape));
static_assert(event::TERMINAL_TRAIT_KEYBOARD_PROTOCOL == static_cast<int>(Trait::keyboard_protocol));
static_assert(event::TERMINAL_TRAIT_CHARSET == static_cast<int>(Trait::charset));

BackChannel& back_of(RelayChannel& channel) {
  if (!channel.role) channel.role = std::make_unique<BackChannel>();
  return static_cast<BackChannel&>(*channel.role);
}

}  // namespace

Opening BackWorker::peer_opens(RelayChannel&, const codec::ssh::ChannelOpen&) {
  return Opening::peer_asked;  // the broker knows whether anybody asked the target for that
}

void BackWorker::observe_far_request(RelayChannel& channel, const event::Request& request) {
  if (request.has_pty()) {
    BackChannel& back = back_of(channel);
    const auto size = codec::terminal::announced_size(request.pty().columns(), request.pty().rows());
    if (!back.terminal) back.terminal = std::make_unique<codec::terminal::Terminal>(size);
  } else if (request.has_window_change() && channel.role && back_of(channel).terminal) {
    const auto size = codec::terminal::changed_size(request.window_change().columns(), request.window_change().rows());
    if (size) back_of(channel).terminal->resize(*size);
  }
}

void BackWorker::observe_data(RelayChannel& channel, StreamId stream, base::ByteView data) {
  if (stream != StreamId::main || !channel.role) return;
  BackChannel& back = back_of(channel);
  if (!back.terminal) return;
  back.terminal->feed(data);
  traits_due_ = traits_due_ || !(back.terminal->traits() == back.told);
  back.since_keyframe += data.size();
  if (back.since_keyframe >= std::max(kKeyframeEveryBytes, back.last_keyframe_bytes)) {
    back.keyframe_due = keyframes_due_ = true;
  }
}

void BackWorker::want_keyframes() {
  relay().for_each([this](RelayChannel& channel) {
    if (!channel.role || !back_of(channel).terminal) return;
    back_of(channel).keyframe_due = keyframes_due_ = true;
  });
}

// Between messages, when all that the model has seen was sent. The target is not read before all parts of a screen are
// told: no output may come between them.
base::Status BackWorker::role_pump() {
  if (traits_due_ && !keyframe_ && !port().congested()) tell_traits();
  if (!keyframe_ && !keyframes_due_) return {};
  while (keyframe_ || render_due_keyframe()) {
    if (port().congested()) return {};
    send_keyframe_part();
  }
  peer().wake();
  return {};
}

// What a redraw sets and takes back in one go is not told.
void BackWorker::tell_traits() {
  traits_due_ = false;
  relay().for_each([this](RelayChannel& channel) {
    if (!channel.role || !back_of(channel).terminal) return;
    BackChannel& back = back_of(channel);
    const codec::terminal::Traits now = back.terminal->traits();
    if (now == back.told) return;
    back.told = now;
    event::Event event;
    event.mutable_terminal_state()->set_channel(channel.number);
    for (int trait = 0; trait < codec::terminal::kTraits; ++trait) {
      if (!now.has(static_cast<codec::terminal::Trait>(trait))) continue;
      event.mutable_terminal_state()->add_traits(static_cast<event::TerminalTrait>(trait));
    }
    port().send_event(event);
  });
}

bool BackWorker::render_due_keyframe() {
  keyframes_due_ = false;
  relay().for_each([this](RelayChannel& channel) {
    if (!channel.role || !back_of(channel).keyframe_due) return;
    keyframes_due_ = true;
    if (keyframe_) return;
    BackChannel& back = back_of(channel);
    keyframe_ = {channel.number, back.terminal->size(), back.terminal->keyframe(), 0};
    back.keyframe_due = false;
    back.since_keyframe = 0;
    back.last_keyframe_bytes = keyframe_->ansi.size();
  });
  return keyframe_.has_value();
}

void BackWorker::send_keyframe_part() {
  const auto part = std::string_view(keyframe_->ansi).substr(keyframe_->sent, kMaxKeyframePart);
  keyframe_->sent += part.size();
  event::Event event;
  auto* keyframe = event.mutable_keyframe();
  keyframe->set_channel(keyframe_->channel);
  keyframe->set_columns(static_cast<std::uint32_t>(keyframe_->size.columns));
  keyframe->set_rows(static_cast<std::uint32_t>(keyframe_->size.rows));
  keyframe->set_ansi(std::string(part));
  keyframe->set_more(keyframe_->sent < keyframe_->ansi.size());
  port().send_event(event);
  if (!keyframe->more()) keyframe_.reset();
}

void BackWorker::grant_far(std::uint32_t channel, std::uint32_t bytes) {
  ipc::BackToBroker message;
  message.mutable_credit()->set_channel(channel);
  message.mutable_credit()->set_bytes(bytes);
  port().send_control(message);
}

void BackWorker::channel_gone(RelayChannel& channel) {
  if (bulk() != nullptr) bulk()->channel_gone(channel);
}

}  // namespace sallyport::back::ssh
