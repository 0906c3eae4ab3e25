// SPDX-License-Identifier: Apache-2.0
// What a back adds to the relay of channels: the terminal models and their keyframes.
#include "back/ssh/back_worker.h"
#include "event/event.pb.h"

namespace sallyport::back::ssh {

using leg::StreamId;
using leg::ssh::Opening;
using leg::ssh::RelayChannel;

namespace {

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
    if (!back.terminal) back.terminal = std::make_unique<leg::terminal::TerminalModel>(channel.number, size);
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
  models_due_ = models_due_ || back.terminal->due();
}

void BackWorker::want_keyframes() {
  relay().for_each([this](RelayChannel& channel) {
    if (!channel.role || !back_of(channel).terminal) return;
    back_of(channel).terminal->want_keyframe();
    models_due_ = true;
  });
}

// Between messages, when all that the models have seen was sent. The target is not read before all parts of a screen
// are told: no output may come between them.
base::Status BackWorker::role_pump() {
  if (!models_due_) return {};
  models_due_ = false;
  const bool was_telling = std::exchange(telling_, false);
  relay().for_each([this](RelayChannel& channel) {
    if (!channel.role || !back_of(channel).terminal) return;
    leg::terminal::TerminalModel& model = *back_of(channel).terminal;
    if (model.tell(port())) return;
    models_due_ = true;
    telling_ = telling_ || model.telling();
  });
  if (was_telling && !telling_) peer().wake();
  return {};
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
