// SPDX-License-Identifier: Apache-2.0
// One inspector's worker: what it may say and when. Trusted side, on a session loop.
#pragma once

#include <cstdint>
#include <string>

#include "broker/node/worker.h"
#include "broker/session/inspector_side.h"

namespace sallyport::ipc {
class InspectorToBroker;
}

namespace sallyport::broker {

class InspectorLink final : public InspectorSide {
 public:
  InspectorLink(SessionThread& thread, SpawnedWorker spawned) : worker_(thread, std::move(spawned)) {}

  void start(Owner& owner) override;
  void send(const ipc::BrokerToInspector& message) override;
  void hold_reading(bool hold) override { worker_.hold_reading(hold); }
  void kill(const std::string& fault) override { worker_.kill(fault); }

  // Handlers of the table.
  void on_read(ipc::InspectorToBroker& message);
  void on_keyframe(ipc::InspectorToBroker& message);
  void on_terminal_state(ipc::InspectorToBroker& message);

 private:
  enum Phase : std::uint8_t { Waiting = 1, Reading = 2 };
  struct Table;

  void on_message(ipc::MessageKind kind, base::ByteView payload);

  Worker worker_;
  Owner* owner_ = nullptr;
  Phase phase_ = Waiting;
  std::uint32_t seen_ = 0;
};

}  // namespace sallyport::broker
