// SPDX-License-Identifier: Apache-2.0
// Reads what has come, then tells what it came to, then says how far it has read.
#include "inspector/inspector_worker.h"

#include <malloc.h>

#include "ipc/message_kind.h"
#include "ipc/worker_exit.h"

namespace sallyport::inspector {

namespace {
constexpr base::Micros kIdleUs = 1'000'000;
}

InspectorWorker::InspectorWorker(int broker_fd, const base::Clock& clock)
    : loop_(clock),
      link_(loop_, broker_fd, [this](base::ByteView message, std::span<base::Fd>) { on_message(message); }),
      port_(link_) {
  loop_.before_wait([this] { return before_wait(); });
}

void InspectorWorker::on_message(base::ByteView message) {
  const bool control = message[0] == static_cast<std::uint8_t>(ipc::MessageKind::control);
  if (!control || !take(message.subspan(1))) return loop_.stop(ipc::kExitProtocol);
  active_ = true;
  if (!idle_timer_) look_for_idleness();
}

bool InspectorWorker::take(base::ByteView bytes) {
  if (!message_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  using Kind = ipc::BrokerToInspector;
  switch (message_.kind_case()) {
    case Kind::kEvents:
      return read(message_.events());
    case Kind::kGap:
      if (message_.gap().up_to() < read_up_to_) return false;
      read_up_to_ = message_.gap().up_to();
      for (Decoder* decoder : decoders_) decoder->gap(message_.gap());
      return true;
    case Kind::kKeyframesWanted:
      for (Decoder* decoder : decoders_) decoder->keyframes_wanted();
      return true;
    default:
      return false;
  }
}

bool InspectorWorker::read(const ipc::RecordedEvents& events) {
  for (const ipc::RecordedEvent& recorded : events.events()) {
    if (recorded.sequence() < read_up_to_ || !event_.ParseFromString(recorded.event())) return false;
    read_up_to_ = recorded.sequence();
    for (Decoder* decoder : decoders_) decoder->see(event_);
  }
  return true;
}

void InspectorWorker::tell(const event::Keyframe& keyframe) {
  ipc::InspectorToBroker message;
  *message.mutable_keyframe() = keyframe;
  port_.send_control(message);
}

void InspectorWorker::tell(const event::TerminalState& state) {
  ipc::InspectorToBroker message;
  *message.mutable_terminal_state() = state;
  port_.send_control(message);
}

bool InspectorWorker::tell_all() {
  for (Decoder* decoder : decoders_) {
    if (!decoder->tell_changes(*this, read_up_to_)) return false;
  }
  if (told_up_to_ != read_up_to_) {
    if (congested()) return false;
    told_up_to_ = read_up_to_;
    ipc::InspectorToBroker message;
    message.mutable_read()->set_up_to(read_up_to_);
    port_.send_control(message);
  }
  bool all = true;
  for (Decoder* decoder : decoders_) all = decoder->tell_rest(*this, read_up_to_) && all;
  return all;
}

// A broker that does not keep up wakes the loop when its socket takes more.
leg::Loop::Before InspectorWorker::before_wait() {
  (void)tell_all();
  return leg::Loop::Before::sleep;
}

void InspectorWorker::look_for_idleness() {
  idle_timer_ = true;
  active_ = false;
  loop_.after(kIdleUs, [this] {
    idle_timer_ = false;
    if (active_) return look_for_idleness();
    port_.give_back_buffers();
    message_ = {};
    event_ = {};
    ::malloc_trim(0);
  });
}

}  // namespace sallyport::inspector
