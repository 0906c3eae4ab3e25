// SPDX-License-Identifier: Apache-2.0
// What a back adds to the relay of channels.
#include "back/ssh/back_worker.h"
#include "event/event.pb.h"

namespace sallyport::back::ssh {

using leg::ssh::Opening;
using leg::ssh::RelayChannel;

Opening BackWorker::peer_opens(RelayChannel&, const codec::ssh::ChannelOpen&) {
  return Opening::peer_asked;  // the broker knows whether anybody asked the target for that
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
