// SPDX-License-Identifier: Apache-2.0
// sallyport-back-ssh: the zygote of SSH backs. Untrusted side: parses one target's bytes a worker, holds no key.
#include "back/ssh/back_worker.h"
#include "base/clock.h"
#include "base/random.h"
#include "leg/zygote.h"

namespace {

void warm_up() {
  sallyport::base::SystemRandom random;
  // A library that fails now fails in every worker, where it is reported.
  (void)sallyport::codec::ssh::warm_up(random);
  sallyport::back::ssh::StreamHash hash;
  (void)hash.so_far();
}

int work(sallyport::leg::WorkerSockets sockets) {
  sallyport::base::SystemClock clock;
  sallyport::base::SystemRandom random;
  return sallyport::back::ssh::BackWorker(sockets, clock, random).run();
}

}  // namespace

int main(int argc, char** argv) {
  return sallyport::leg::run_zygote(argc, argv, warm_up, work);
}
