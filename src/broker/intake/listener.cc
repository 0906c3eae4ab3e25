// SPDX-License-Identifier: Apache-2.0
// Accepting.
#include "broker/intake/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/log.h"

namespace sallyport::broker {

namespace {
constexpr int kBacklog = 512;
constexpr int kBurst = 64;
/// Before the next try to accept, when there was no descriptor or no memory for it.
constexpr std::int64_t kPauseUs = 100'000;
}  // namespace

Listener::Listener(net::Loop& main_loop, Admission& admission, std::vector<std::unique_ptr<SessionThread>>& threads,
                   Take take)
    : main_loop_(main_loop), admission_(admission), threads_(threads), take_(std::move(take)), again_(main_loop) {}

base::Status Listener::listen(const net::Address& address) {
  auto socket = net::listen_tcp(address, kBacklog);
  if (!socket) return base::pass(socket);
  socket_ = std::move(*socket);
  watch_ = std::make_unique<net::Watch>(main_loop_, socket_.get());
  watch_->on_readable([this] { on_readable(); });
  watch_->enable_read(true);
  return {};
}

base::Result<net::Address> Listener::address() const {
  return net::local_address(socket_.get());
}

void Listener::stop() {
  again_.cancel();
  watch_.reset();
  socket_.reset();
}

void Listener::on_readable() {
  for (int i = 0; i < kBurst; ++i) {
    base::Fd fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == ECONNABORTED || errno == EINTR) continue;
      return accept_failed(errno);
    }
    short_of_resources_ = false;
    auto peer = net::peer_address(fd.get());
    if (!peer || !net::tune_leg(fd.get())) continue;
    Arrival arrival{peer->text(), peer->host(), nullptr};
    arrival.ticket = admission_.enter(Admission::source_of(arrival.source_host));
    if (!arrival.ticket) continue;  // closed unread: no process, no log line that a flood could write
    take_(*threads_[next_thread_++ % threads_.size()], std::move(fd), std::move(arrival));
  }
}

// What waits to be accepted keeps the socket readable: without a pause the main thread would do nothing else until
// some session ended.
void Listener::accept_failed(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return;
  if (!short_of_resources_) {
    base::log_warning(std::string("cannot take connections: ") + std::strerror(error) +
                      "; trying again until it can (raise LimitNOFILE or memory if this stays)");
  }
  short_of_resources_ = true;
  watch_->enable_read(false);
  again_.after_us(kPauseUs, [this] { watch_->enable_read(true); });
}

}  // namespace sallyport::broker
