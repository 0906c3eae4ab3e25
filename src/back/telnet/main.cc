// SPDX-License-Identifier: Apache-2.0
// sallyport-back-telnet: the zygote of Telnet backs. Untrusted side: parses one target's bytes a worker, holds no key.
#include "back/telnet/telnet_worker.h"
#include "base/clock.h"
#include "leg/zygote.h"

namespace {

int work(sallyport::leg::WorkerSockets sockets) {
  sallyport::base::SystemClock clock;
  return sallyport::back::telnet::TelnetWorker(sockets, clock).run();
}

}  // namespace

int main(int argc, char** argv) {
  return sallyport::leg::run_zygote(argc, argv, nullptr, work);
}
