// SPDX-License-Identifier: Apache-2.0
// An inspector in the real sandbox that was taken over by what the target showed it: it obeys orders in the session's
// output. Test build only, never installed. Orders stand between "<<" and ">>":
//   m HEX      send these bytes to the broker as one message
//   flood      send screens without end
//   try NAME   make this system call; if the worker lives to say it, a screen of 700 columns tells: its rows are errno
//   + 1 seen TEXT  whether anything that the broker ever sent holds TEXT: a screen of 600 columns, of 2 rows if so,
//   else 1
#include <sched.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "event/event.pb.h"
#include "ipc/inspector.pb.h"
#include "ipc/message_kind.h"
#include "ipc/seqpacket.h"
#include "leg/broker_port.h"
#include "leg/hostile_attempts.h"
#include "leg/link.h"
#include "leg/loop.h"
#include "leg/zygote.h"

namespace sallyport {
namespace {

class Puppet {
 public:
  explicit Puppet(leg::WorkerSockets sockets)
      : broker_(sockets.broker),
        loop_(clock_),
        link_(loop_, sockets.broker, [this](base::ByteView message, std::span<base::Fd>) { hear(message); }),
        port_(link_) {}
  int run() { return loop_.run(); }

 private:
  void hear(base::ByteView message) {
    all_ += base::text(message.subspan(1));
    ipc::BrokerToInspector said;
    if (!said.ParseFromArray(message.data() + 1, static_cast<int>(message.size()) - 1)) return;
    for (const auto& recorded : said.events().events()) {
      event::Event event;
      if (!event.ParseFromString(recorded.event())) continue;
      as_of_ = recorded.sequence();
      if (event.has_data()) output_ += event.data().bytes();
    }
    for (auto end = output_.find(">>"); end != std::string::npos; end = output_.find(">>")) {
      const auto begin = output_.rfind("<<", end);
      const std::string order = begin == std::string::npos ? "" : output_.substr(begin + 2, end - begin - 2);
      output_.erase(0, end + 2);
      obey(order);
    }
    read();
  }

  void obey(const std::string& order) {
    if (order.starts_with("m ")) {
      if (const auto bytes = base::from_hex(std::string_view(order).substr(2))) link_.send(*bytes);
    } else if (order.starts_with("seen ")) {
      // Not counting the order itself.
      const std::string wanted = order.substr(5);
      const auto at = all_.find(wanted);
      screen(600, at != std::string::npos && all_.find(wanted, at + 1) != std::string::npos ? 2 : 1, "");
    } else if (order == "flood") {
      flood();
    }
    for (const auto& attempt : leg::hostile_attempts()) {
      if (order != "try " + std::string(attempt.name)) continue;
      errno = 0;
      const long result = attempt.make();
      screen(700, result == -1 ? static_cast<unsigned>(errno) + 1 : 1, "");
    }
  }

  // Past its own queue, which has a bound.
  void flood() {
    ipc::InspectorToBroker message;
    message.mutable_keyframe()->set_columns(80);
    message.mutable_keyframe()->set_rows(24);
    message.mutable_keyframe()->set_as_of(as_of_);
    message.mutable_keyframe()->set_ansi(std::string(48 * 1024, 'x'));
    const std::string bytes = static_cast<char>(ipc::MessageKind::control) + message.SerializeAsString();
    for (;;) {
      const auto sent = ipc::send(broker_, base::view(bytes));
      if (!sent || *sent == ipc::Transfer::closed) return;
      if (*sent == ipc::Transfer::would_block) ::sched_yield();
    }
  }

  void screen(unsigned columns, unsigned rows, const std::string& ansi) {
    ipc::InspectorToBroker message;
    event::Keyframe& keyframe = *message.mutable_keyframe();
    keyframe.set_columns(columns);
    keyframe.set_rows(rows);
    keyframe.set_ansi(ansi);
    keyframe.set_as_of(as_of_);
    port_.send_control(message);
  }

  void read() {
    ipc::InspectorToBroker message;
    message.mutable_read()->set_up_to(as_of_);
    if (as_of_ != told_) port_.send_control(message);
    told_ = as_of_;
  }

  const int broker_;
  const base::SystemClock clock_;
  leg::Loop loop_;
  leg::Link link_;
  leg::BrokerPort port_;
  std::string all_, output_;
  std::uint64_t as_of_ = 0, told_ = 0;
};

int obey(leg::WorkerSockets sockets) {
  return Puppet(sockets).run();
}

}  // namespace
}  // namespace sallyport

int main(int argc, char** argv) {
  return sallyport::leg::run_zygote(argc, argv, nullptr, sallyport::obey,
                                    {.peer = sallyport::sandbox::WorkerNeeds::Peer::none});
}
