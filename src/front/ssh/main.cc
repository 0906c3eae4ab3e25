// SPDX-License-Identifier: Apache-2.0
// sallyport-front-ssh: the zygote of SSH fronts. Untrusted side: parses one user's bytes a worker, holds no key.
#include "base/clock.h"
#include "base/random.h"
#include "front/ssh/front_worker.h"
#include "ipc/message_kind.h"
#include "leg/zygote.h"

namespace {

void warm_up() {
  sallyport::base::SystemRandom random;
  // A library that fails now fails in every worker, where it is reported.
  (void)sallyport::codec::ssh::warm_up(random);
}

int work(sallyport::leg::WorkerSockets sockets) {
  sallyport::base::SystemClock clock;
  sallyport::base::SystemRandom random;
  return sallyport::front::ssh::FrontWorker(sockets, clock, random).run();
}

}  // namespace

int main(int argc, char** argv) {
  return sallyport::leg::run_zygote(argc, argv, warm_up, work, {.descriptors = sallyport::ipc::kMaxJumps});
}
