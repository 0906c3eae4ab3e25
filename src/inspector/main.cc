// SPDX-License-Identifier: Apache-2.0
// sallyport-inspector: the zygote of inspectors. Untrusted side: a worker reads one session's events, and has no socket
// but the broker's.
#include "base/clock.h"
#include "inspector/inspector_worker.h"
#include "leg/zygote.h"

namespace {

void warm_up() {
  sallyport::codec::terminal::Terminal terminal({24, 80}, 0);
  terminal.feed(sallyport::base::view("warm"));
}

int work(sallyport::leg::WorkerSockets sockets) {
  const sallyport::base::SystemClock clock;
  return sallyport::inspector::InspectorWorker(sockets.broker, clock).run();
}

}  // namespace

int main(int argc, char** argv) {
  return sallyport::leg::run_zygote(argc, argv, warm_up, work, {.peer = sallyport::sandbox::WorkerNeeds::Peer::none});
}
