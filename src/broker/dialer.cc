// SPDX-License-Identifier: Apache-2.0
// Resolving and connecting.
#include "broker/dialer.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

Dialer::Dialer(net::Loop& loop, net::Executor& resolver) : loop_(loop), resolver_(resolver), deadline_(loop) {}
Dialer::~Dialer() {
  *alive_ = false;
}

void Dialer::dial(const std::string& address, std::int64_t deadline_us,
                  std::function<void(base::Result<base::Fd>)> done) {
  done_ = std::move(done);
  deadline_.after_us(deadline_us,
                     [this, address] { finish(fail(Errc::timeout, address + " did not answer in time")); });
  // On the resolver's thread this may be gone: only the loop knows.
  resolver_.post([this, &loop = loop_, alive = alive_, address] {
    auto found = std::make_shared<base::Result<std::vector<net::Address>>>(net::resolve(address));
    loop.post([this, alive, found] {
      if (!*alive || !done_) return;
      if (!*found) return finish(base::pass(*found));
      addresses_ = std::move(**found);
      try_next("no address");
    });
  });
}

void Dialer::try_next(const std::string& last_error) {
  watch_.reset();
  socket_.reset();
  if (next_ == addresses_.size()) return finish(fail(Errc::io, last_error));
  const net::Address& address = addresses_[next_++];
  auto started = net::start_connect(address);
  if (!started) return try_next(started.message());
  socket_ = std::move(*started);
  watch_ = std::make_unique<net::Watch>(loop_, socket_.get());
  watch_->on_writable([this, address] {
    watch_->enable_write(false);
    // Not from inside the watch's own callback: it is about to go.
    loop_.post([this, alive = alive_, address] {
      if (!*alive || !done_) return;
      watch_.reset();
      if (auto made = net::connect_result(socket_.get()); !made)
        return try_next(address.text() + ": " + made.message());
      if (auto tuned = net::tune_leg(socket_.get()); !tuned) return try_next(tuned.message());
      finish(std::move(socket_));
    });
  });
  watch_->enable_write(true);
}

void Dialer::finish(base::Result<base::Fd> result) {
  deadline_.cancel();
  watch_.reset();
  if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

}  // namespace sallyport::broker
