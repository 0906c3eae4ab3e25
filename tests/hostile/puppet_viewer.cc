// SPDX-License-Identifier: Apache-2.0
// A viewer in the real sandbox that was taken over by the recording that it decodes: it obeys orders in the session's
// output. Test build only, never installed. Orders stand between "<<" and ">>":
//   m HEX      send these bytes to the broker as one message
//   say TEXT   send this as a line
//   flood      send lines without end, whatever is allowed
//   try NAME   make this system call; if the worker lives to say it, the line "alive ERRNO" tells
#include <sched.h>

#include <cerrno>
#include <iterator>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "event/event.pb.h"
#include "ipc/message_kind.h"
#include "ipc/seqpacket.h"
#include "ipc/viewer.pb.h"
#include "leg/broker_port.h"
#include "leg/hostile_attempts.h"
#include "leg/link.h"
#include "leg/loop.h"
#include "leg/zygote.h"
#include "recording/crypto.h"
#include "replay/walk.h"

namespace sallyport {
namespace {

class Puppet {
 public:
  explicit Puppet(leg::WorkerSockets sockets)
      : broker_(sockets.broker),
        loop_(clock_),
        link_(loop_, sockets.broker, [this](base::ByteView message, std::span<base::Fd> fds) { hear(message, fds); }),
        port_(link_) {}
  int run() { return loop_.run(); }

 private:
  void hear(base::ByteView message, std::span<base::Fd> fds) {
    ipc::BrokerToViewer said;
    if (!said.ParseFromArray(message.data() + 1, static_cast<int>(message.size()) - 1)) return;
    if (said.has_record()) {
      (void)handed_.take(*said.mutable_record(), {std::move_iterator(fds.begin()), std::move_iterator(fds.end())});
    } else if (said.has_task()) {
      recording_ = handed_.finish(said.task().id());
      proof_ = said.task().what() == ipc::ViewerTask::PROOF;
      if (proof_) obey_all();
    } else if (said.has_more() && !std::exchange(obeyed_, true)) {
      obey_all();
    }
  }

  void obey_all() {
    std::string output;
    replay::Visitor visitor;
    visitor.event = [&](const replay::EventPlace&, const event::Event& event) {
      if (event.has_data()) output += event.data().bytes();
      return true;
    };
    (void)replay::walk(*recording_, visitor);
    for (auto end = output.find(">>"); end != std::string::npos; end = output.find(">>")) {
      const auto begin = output.rfind("<<", end);
      const std::string order = begin == std::string::npos ? "" : output.substr(begin + 2, end - begin - 2);
      output.erase(0, end + 2);
      obey(order);
    }
  }

  void obey(const std::string& order) {
    if (order.starts_with("m ")) {
      if (const auto bytes = base::from_hex(std::string_view(order).substr(2))) link_.send(*bytes);
    } else if (order.starts_with("say ")) {
      say(order.substr(4));
    } else if (order == "flood") {
      flood();
    }
    for (const auto& attempt : leg::hostile_attempts()) {
      if (order != "try " + std::string(attempt.name)) continue;
      errno = 0;
      const long result = attempt.make();
      say("alive " + std::to_string(result == -1 ? errno : 0));
    }
  }

  void say(const std::string& text) {
    ipc::ViewerToBroker message;
    message.mutable_lines()->set_bytes(text + "\n");
    port_.send_control(message);
  }

  void flood() {
    ipc::ViewerToBroker message;
    message.mutable_lines()->set_bytes(std::string(48 * 1024, 'x'));
    const std::string bytes = static_cast<char>(ipc::MessageKind::control) + message.SerializeAsString();
    for (;;) {
      const auto sent = ipc::send(broker_, base::view(bytes));
      if (!sent || *sent == ipc::Transfer::closed) return;
      if (*sent == ipc::Transfer::would_block) ::sched_yield();
    }
  }

  const int broker_;
  const base::SystemClock clock_;
  leg::Loop loop_;
  leg::Link link_;
  leg::BrokerPort port_;
  replay::HandedOver handed_;
  std::optional<replay::OpenRecording> recording_;
  bool proof_ = false;
  bool obeyed_ = false;
};

int obey(leg::WorkerSockets sockets) {
  return Puppet(sockets).run();
}

void warm_up() {
  (void)recording::hash(recording::HashOf::header, {});
}

}  // namespace
}  // namespace sallyport

int main(int argc, char** argv) {
  using sallyport::sandbox::WorkerNeeds;
  return sallyport::leg::run_zygote(
      argc, argv, sallyport::warm_up, sallyport::obey,
      {.descriptors = 72, .peer = WorkerNeeds::Peer::none, .files = WorkerNeeds::Files::passed});
}
