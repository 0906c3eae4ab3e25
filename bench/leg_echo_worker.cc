// SPDX-License-Identifier: Apache-2.0
// Both legs of leg_echo: a contained worker that passes bytes between its peer and the broker and looks at none of
// them.
#include <poll.h>

#include <array>

#include "base/clock.h"
#include "leg/link.h"
#include "leg/loop.h"
#include "leg/stream.h"
#include "leg/zygote.h"

namespace {

using namespace sallyport;

int pass_bytes(leg::WorkerSockets sockets) {
  const base::SystemClock clock;
  leg::Loop loop(clock);
  leg::Link link(loop, sockets.broker, [&](base::ByteView message, std::span<base::Fd>) {
    // One byte at a time never fills the peer's socket.
    if (leg::send_some(sockets.peer, message).bytes != message.size()) loop.stop(1);
  });
  loop.watch(sockets.peer, POLLIN, [&](short) {
    std::array<std::uint8_t, 4096> buffer;
    const auto got = leg::receive_some(sockets.peer, buffer);
    if (got.state == leg::StreamState::open) return link.send(std::span(buffer).first(got.bytes));
    if (got.state != leg::StreamState::would_block) loop.stop(0);
  });
  return loop.run();
}

}  // namespace

int main(int argc, char** argv) {
  return leg::run_zygote(argc, argv, nullptr, pass_bytes);
}
