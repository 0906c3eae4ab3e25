// SPDX-License-Identifier: Apache-2.0
// sallyport-viewer: the zygote of viewers. Untrusted side: a worker decodes one recording for one person, and has no
// socket but the broker's.
#include "base/clock.h"
#include "leg/zygote.h"
#include "recording/crypto.h"
#include "viewer/viewer_worker.h"

namespace {

// ID.rec, its tails, and a copy of the one that is read.
constexpr std::uint64_t kDescriptors = 72;

// The library's own beginning.
void warm_up() {
  (void)sallyport::recording::hash(sallyport::recording::HashOf::header, {});
}

int work(sallyport::leg::WorkerSockets sockets) {
  const sallyport::base::SystemClock clock;
  return sallyport::viewer::ViewerWorker(sockets.broker, clock).run();
}

}  // namespace

int main(int argc, char** argv) {
  using sallyport::sandbox::WorkerNeeds;
  return sallyport::leg::run_zygote(
      argc, argv, warm_up, work,
      {.descriptors = kDescriptors, .peer = WorkerNeeds::Peer::none, .files = WorkerNeeds::Files::passed});
}
