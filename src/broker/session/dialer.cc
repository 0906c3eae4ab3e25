// SPDX-License-Identifier: Apache-2.0
// Resolving and connecting.
#include "broker/session/dialer.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

Dialer::Dialer(net::Loop& loop, net::Resolver& resolver) : loop_(loop), resolver_(resolver), deadline_(loop) {}
Dialer::~Dialer() {
  *alive_ = false;
}

void Dialer::dial(const std::string& address, const std::string& user, std::int64_t deadline_us,
                  std::function<void(base::Result<base::Fd>)> done) {
  done_ = std::move(done);
  deadline_.after_us(deadline_us, [this, address] {
    finish(fail(Errc::timeout, address + (query_ ? ": no name server answered in time" : " did not answer in time")));
  });
  if (auto numeric = net::parse_numeric(address); numeric) {
    addresses_ = {*numeric};
    loop_.post([this, alive = alive_] {
      if (*alive && done_) try_next("no address");
    });
  } else {
    look_up(address, user);
  }
}

void Dialer::look_up(const std::string& address, const std::string& user) {
  auto where = net::split_host_port(address);
  if (!where) {
    loop_.post([this, alive = alive_, why = where.error()] {
      if (*alive && done_) finish(fail(why.code, why.message));
    });
    return;
  }
  query_ = resolver_.look_up(*where, user, loop_, [this, address](net::Resolver::Found found) {
    const auto answered = std::move(query_);
    if (!done_) return;
    if (!found) return finish(fail(found.error().code, address + ": " + found.message()));
    addresses_ = std::move(*found);
    try_next("no address");
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
  query_.reset();
  watch_.reset();
  if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

}  // namespace sallyport::broker
