// SPDX-License-Identifier: Apache-2.0
// Fuzzes what the broker takes from an inspector: messages of any content, among events that pass. Whatever an
// inspector says, only its two kinds of events are recorded, as of what it was sent, within their bounds, and only a
// terminal's state reaches the front.
#include <algorithm>
#include <cstdlib>

#include "broker/session/session_fakes_test.h"
#include "broker/session/session_inspector.h"
#include "event/event.pb.h"
#include "ipc/inspector.pb.h"

namespace sallyport::broker {
namespace {

using event::Event;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  InspectorSide::Owner* owner = nullptr;
  std::uint64_t sent_up_to = 0;
  std::size_t sent_bytes = 0, messages = 0;
  bool killed = false;
};

class Side final : public InspectorSide {
 public:
  explicit Side(Seen& seen) : seen_(seen) {}
  void start(Owner& owner) override { seen_.owner = &owner; }
  void send(const ipc::BrokerToInspector& message) override {
    ++seen_.messages;
    seen_.sent_bytes += message.ByteSizeLong();
    for (const auto& one : message.events().events()) seen_.sent_up_to = one.sequence();
    if (message.has_gap()) seen_.sent_up_to = message.gap().up_to();
  }
  void hold_reading(bool) override {}
  void kill(const std::string&) override { seen_.killed = true; }

 private:
  Seen& seen_;
};

class Run {
 public:
  Run() {
    inspector_.begin(journal_, front_);
    Event pty;
    pty.mutable_request()->mutable_pty()->set_columns(80);
    pass(pty);
    pass(pty);
    inspector_.gathered();
  }

  // False: the inspector is ended.
  bool step(std::uint8_t flags, base::ByteView bytes) {
    if ((flags & 1) != 0) {
      Event output;
      output.mutable_data()->set_channel((flags & 2) != 0 ? 2 : 0);
      output.mutable_data()->set_bytes(bytes.data(), std::min<std::size_t>(bytes.size(), 32 * 1024));
      pass(output);
    }
    if ((flags & 4) != 0) inspector_.gathered();
    if ((flags & 8) != 0) record_.has_room = !record_.has_room;
    if (record_.has_room) inspector_.go_on();
    ipc::InspectorToBroker message;
    if ((flags & 1) != 0 || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return true;
    const std::size_t before = record_.written.size();
    if (message.has_read()) seen_.owner->inspector_read(*message.mutable_read());
    if (message.has_keyframe()) seen_.owner->inspector_keyframe(*message.mutable_keyframe());
    if (message.has_terminal_state()) seen_.owner->inspector_state(*message.mutable_terminal_state());
    for (std::size_t i = before; i < record_.written.size(); ++i) check(record_.written[i]);
    return !seen_.killed;
  }

 private:
  void pass(const Event& event) {
    const bool room = std::exchange(record_.has_room, true);
    const std::string bytes = event.SerializeAsString();
    record_.written.push_back(bytes);
    inspector_.see(record_.entries() - 1, event.has_data() ? Direction::down : Direction::up, event, base::view(bytes));
    record_.has_room = room;
  }
  void check(const std::string& bytes) {
    Event event;
    require(event.ParseFromString(bytes));
    require(event.has_keyframe() || event.has_terminal_state());
    require(event.keyframe().as_of() <= seen_.sent_up_to && event.terminal_state().as_of() <= seen_.sent_up_to);
    require(event.keyframe().channel() == 0 && event.terminal_state().channel() == 0);
    recorded_ += bytes.size();
    require(recorded_ <= DerivedEvents::kMaxScreenBytes + DerivedEvents::kTimesRead * 4 * seen_.sent_bytes +
                             2 * DerivedEvents::kPerMessageBytes * seen_.messages + 1024);
    for (const std::string& sent : front_.events) {
      Event to_front;
      require(to_front.ParseFromString(sent) && to_front.has_terminal_state());
    }
    front_.events.clear();
  }

  Seen seen_;
  HandClock clock_;
  FakeRecord record_;
  FakeFront front_;
  LiveFeed feed_;
  HeldBudget screens_;
  Journal journal_{record_, clock_, feed_, screens_, "alice", [] {}};
  net::Loop loop_;
  std::size_t recorded_ = 0;
  SessionInspector inspector_{loop_, [this](SessionInspector::Opened opened) { opened(std::make_unique<Side>(seen_)); },
                              [](const std::string&, const std::string&) {}};
};

}  // namespace
}  // namespace sallyport::broker

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sallyport;
  broker::Run run;
  base::ByteView rest(data, size);
  while (rest.size() >= 3) {
    const std::uint8_t flags = rest[0];
    const std::size_t length = std::min<std::size_t>(rest[1] * 256U + rest[2], rest.size() - 3);
    if (!run.step(flags, rest.subspan(3, length))) break;
    rest = rest.subspan(3 + length);
  }
  return 0;
}
