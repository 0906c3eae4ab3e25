// SPDX-License-Identifier: Apache-2.0
// The inspector's table. Its types are the list of what an inspector can say: it has no words for any other event.
#include "broker/session/inspector_link.h"

#include "broker/node/phase_table.h"
#include "ipc/inspector.pb.h"

namespace sallyport::broker {

struct InspectorLink::Table {
  using Message = ipc::InspectorToBroker;
  using Row = Rule<InspectorLink, Message>;
  static constexpr std::size_t kKeyframe = 52 * 1024;
  static constexpr Row kRows[] = {
      {Message::kRead, Reading, Often::many, 64, &InspectorLink::on_read, "read"},
      {Message::kKeyframe, Reading, Often::many, kKeyframe, &InspectorLink::on_keyframe, "keyframe"},
      {Message::kTerminalState, Reading, Often::many, 512, &InspectorLink::on_terminal_state, "terminal_state"},
  };
};

void InspectorLink::start(Owner& owner) {
  owner_ = &owner;
  worker_.start({[this](ipc::MessageKind kind, base::ByteView payload) { on_message(kind, payload); },
                 [this](const std::string& fault) { owner_->inspector_ended(fault); }, [] {}});
}

void InspectorLink::send(const ipc::BrokerToInspector& message) {
  if (!message.has_keyframes_wanted()) phase_ = Reading;
  worker_.send_control(message);
}

void InspectorLink::on_message(ipc::MessageKind kind, base::ByteView payload) {
  if (kind != ipc::MessageKind::control) return kill("an inspector sends no event of a leg");
  ipc::InspectorToBroker message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return kill("malformed message");
  std::string reason;
  const auto* rule = allowed(Table::kRows, message.kind_case(), phase_, payload.size(), seen_, reason);
  if (rule == nullptr) return kill(reason);
  (this->*rule->handle)(message);
}

void InspectorLink::on_read(ipc::InspectorToBroker& message) {
  owner_->inspector_read(*message.mutable_read());
}
void InspectorLink::on_keyframe(ipc::InspectorToBroker& message) {
  owner_->inspector_keyframe(*message.mutable_keyframe());
}
void InspectorLink::on_terminal_state(ipc::InspectorToBroker& message) {
  owner_->inspector_state(*message.mutable_terminal_state());
}

}  // namespace sallyport::broker
