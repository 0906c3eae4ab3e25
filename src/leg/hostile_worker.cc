// SPDX-License-Identifier: Apache-2.0
// A test build: a zygote whose workers obey an attacker. The broker's socket carries what to try; the answer tells
// whether the worker lived to see it. Never installed.
#include <errno.h>
#include <malloc.h>
#include <openssl/rand.h>
#include <poll.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "leg/hostile_attempts.h"
#include "leg/link.h"
#include "leg/loop.h"
#include "leg/ring.h"
#include "leg/stream.h"
#include "leg/zygote.h"

namespace sallyport::leg {
namespace {

/// "returned N errno NAME" if it comes back at all.
std::string try_one(std::string_view name) {
  for (const auto& attempt : hostile_attempts()) {
    if (attempt.name != name) continue;
    errno = 0;
    const long result = attempt.make();
    return "returned " + std::to_string(result) + " errno " + std::to_string(errno);
  }
  return "unknown";
}

/// Everything an allocator asks of the kernel: growth, mapping, moving, trimming, giving back.
std::string allocate() {
  for (int round = 0; round < 3; ++round) {
    std::array<std::unique_ptr<char[]>, 200> blocks;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::size_t size = 100 + i * 997;
      blocks[i] = std::make_unique<char[]>(size);
      std::memset(blocks[i].get(), 1, size);
    }
    char* p = static_cast<char*>(std::malloc(1 << 20));
    p = static_cast<char*>(std::realloc(p, 40 << 20));
    std::memset(p, 2, 40 << 20);
    p = static_cast<char*>(std::realloc(p, 1 << 19));
    std::free(p);
  }
  ::malloc_trim(0);
  return "allocated";
}

std::string random_bytes() {
  std::array<std::uint8_t, 48> out{};
  RAND_bytes(out.data(), 16);
  RAND_priv_bytes(out.data() + 16, 16);
  base::SystemRandom().fill(std::span(out).subspan(32));
  return base::to_hex(out);
}

/// The most memory that the limit allows, and not more.
std::string exhaust() {
  std::size_t total = 0;
  while (total < (std::size_t{4} << 30) && std::malloc(16 << 20) != nullptr) total += 16 << 20;
  return "got " + std::to_string(total >> 20) + " MiB";
}

/// Attaches the ring and sends its memory back through it: "record" on channel 9.
std::string use_ring(std::span<base::Fd> fds) {
  auto ring = Ring::attach(RingSide::front, fds);
  if (!ring) return ring.message();
  auto written = (*ring)->writer().write(9, 1, base::view("record"));
  return written && *written == 6 ? "attached" : "not written";
}

constexpr std::uint64_t kKept = 64;

int obey(WorkerSockets sockets) {
  std::vector<base::Fd> kept;
  const base::SystemClock clock;
  Loop loop(clock);
  Link* broker = nullptr;
  const auto on_message = [&](base::ByteView message, std::span<base::Fd> fds) {
    const std::string_view order = base::text(message);
    std::string answer;
    if (order.starts_with("try ")) answer = try_one(order.substr(4));
    if (order == "allocate") answer = allocate();
    if (order == "random") answer = random_bytes();
    if (order == "exhaust") answer = exhaust();
    if (order == "ring") answer = use_ring(fds);
    if (order == "keep") {
      for (auto& fd : fds) kept.push_back(std::move(fd));
      answer = "kept " + std::to_string(kept.size());
    }
    if (order == "ping") answer = "pong";
    if (order == "abort") std::abort();
    if (order == "throw") throw std::runtime_error("nobody catches this");
    if (order.starts_with("exit ")) return loop.stop(std::atoi(std::string(order.substr(5)).c_str()));
    broker->send(base::view(answer));
  };
  Link link(loop, sockets.broker, on_message);
  broker = &link;
  loop.watch(sockets.peer, POLLIN, [&](short) {  // the peer's bytes come back reversed
    std::array<std::uint8_t, 256> buffer;
    const auto got = receive_some(sockets.peer, buffer);
    if (got.state == StreamState::ended) return loop.stop(0);
    const std::string reversed(std::make_reverse_iterator(buffer.begin() + got.bytes),
                               std::make_reverse_iterator(buffer.begin()));
    if (got.bytes > 0) send_some(sockets.peer, base::view(reversed));
  });
  return loop.run();
}

}  // namespace
}  // namespace sallyport::leg

int main(int argc, char** argv) {
  return sallyport::leg::run_zygote(argc, argv, nullptr, sallyport::leg::obey, {.descriptors = sallyport::leg::kKept});
}
