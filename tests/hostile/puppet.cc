// SPDX-License-Identifier: Apache-2.0
// A worker in the real sandbox that was taken over: it stands in for a front or a back, and whoever is at its peer
// socket says what it does. Test build only, never installed. Lines at the peer socket:
//   m HEX      send these bytes to the broker as one message     → (whatever the broker sends comes as "m HEX")
//   try NAME   make this system call                             → "r NAME: returned …", if the worker lives to say it
//   list       name the system calls that can be tried           → "r NAME" each, then "r ."
//   ring front|back    attach the ring that came with a message  → "r ring: attached", or why not
//   fill CHANNEL N     put N bytes of a pattern into the ring    → "r fill: N", less when it is full
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "leg/hostile_attempts.h"
#include "leg/link.h"
#include "leg/loop.h"
#include "leg/ring.h"
#include "leg/stream.h"
#include "leg/zygote.h"

namespace sallyport {
namespace {

class Puppet {
 public:
  explicit Puppet(leg::WorkerSockets sockets)
      : peer_(sockets.peer),
        loop_(clock_),
        broker_(loop_, sockets.broker, [this](base::ByteView message, std::span<base::Fd> fds) {
          for (base::Fd& fd : fds) fds_.push_back(std::move(fd));
          say("m " + base::to_hex(message));
        }) {
    watch_ = loop_.watch(peer_, POLLIN, [this](short revents) { ready(revents); });
  }

  int run() { return loop_.run(); }

 private:
  void ready(short revents) {
    if ((revents & POLLOUT) != 0) drain();
    if ((revents & (POLLIN | POLLHUP | POLLERR)) == 0) return;
    std::array<std::uint8_t, 65536> buffer;
    const auto got = leg::receive_some(peer_, buffer);
    if (got.state == leg::StreamState::ended || got.state == leg::StreamState::failed) return loop_.stop(0);
    in_.append(reinterpret_cast<const char*>(buffer.data()), got.bytes);
    for (std::size_t end = in_.find('\n'); end != std::string::npos; end = in_.find('\n')) {
      obey(in_.substr(0, end));
      in_.erase(0, end + 1);
    }
  }

  void obey(const std::string& line) {
    if (line.starts_with("m ")) {
      if (const auto bytes = base::from_hex(std::string_view(line).substr(2))) broker_.send(*bytes);
      return;
    }
    if (line.starts_with("ring ")) return attach(line == "ring front" ? leg::RingSide::front : leg::RingSide::back);
    if (unsigned channel = 0, bytes = 0; std::sscanf(line.c_str(), "fill %u %u", &channel, &bytes) == 2) {
      return fill(channel, bytes);
    }
    for (const auto& attempt : leg::hostile_attempts()) {
      if (line == "list") say("r " + std::string(attempt.name));
      if (line != "try " + std::string(attempt.name)) continue;
      errno = 0;
      const long result = attempt.make();
      say("r " + std::string(attempt.name) + ": returned " + std::to_string(result) + " errno " +
          std::to_string(errno));
    }
    if (line == "list") say("r .");
  }

  void attach(leg::RingSide side) {
    auto ring = leg::Ring::attach(side, fds_);
    fds_.clear();
    if (ring) ring_ = std::move(*ring);
    say("r ring: " + (ring ? std::string("attached") : ring.message()));
  }

  // The pattern goes on where the last one ended; test_hostile_bulk.py knows it.
  void fill(std::uint32_t channel, std::size_t bytes) {
    std::size_t done = 0;
    while (ring_ && done < bytes) {
      std::vector<std::uint8_t> data(std::min<std::size_t>(bytes - done, 16 * 1024));
      for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = static_cast<std::uint8_t>((filled_ + i) * 7 + ((filled_ + i) >> 8));
      }
      const auto written = ring_->writer().write(channel, 0, data);
      if (!written || *written == 0) break;
      done += *written;
      filled_ += *written;
    }
    say("r fill: " + std::to_string(done));
  }

  void say(const std::string& line) {
    out_ += line + "\n";
    drain();
  }

  void drain() {
    while (!out_.empty()) {
      const auto sent = leg::send_some(peer_, base::view(out_));
      if (sent.state != leg::StreamState::open) break;
      out_.erase(0, sent.bytes);
    }
    loop_.set_events(watch_, static_cast<short>(out_.empty() ? POLLIN : POLLIN | POLLOUT));
  }

  const base::SystemClock clock_;
  const int peer_;
  leg::Loop loop_;
  leg::Link broker_;
  leg::Loop::WatchId watch_ = 0;
  std::string in_, out_;
  std::vector<base::Fd> fds_;
  std::unique_ptr<leg::Ring> ring_;
  std::size_t filled_ = 0;
};

int obey(leg::WorkerSockets sockets) {
  return Puppet(sockets).run();
}

}  // namespace
}  // namespace sallyport

int main(int argc, char** argv) {
  return sallyport::leg::run_zygote(argc, argv, nullptr, sallyport::obey);
}
