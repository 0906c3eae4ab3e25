// SPDX-License-Identifier: Apache-2.0
// A session's inspector, as the session has it: what it is sent, and what it answers. Trusted side, on a session loop.
#pragma once

#include <string>

namespace sallyport::event {
class Keyframe;
class TerminalState;
}  // namespace sallyport::event
namespace sallyport::ipc {
class BrokerToInspector;
class InspectorRead;
}  // namespace sallyport::ipc

namespace sallyport::broker {

class InspectorSide {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void inspector_read(ipc::InspectorRead& read) = 0;
    virtual void inspector_keyframe(event::Keyframe& keyframe) = 0;
    virtual void inspector_state(event::TerminalState& state) = 0;
    /// The worker is gone. fault: what it did that an inspector never does.
    virtual void inspector_ended(const std::string& fault) = 0;
  };

  virtual ~InspectorSide() = default;
  virtual void start(Owner& owner) = 0;
  virtual void send(const ipc::BrokerToInspector& message) = 0;
  virtual void hold_reading(bool hold) = 0;
  /// inspector_ended() follows.
  virtual void kill(const std::string& fault) = 0;
};

}  // namespace sallyport::broker
