// SPDX-License-Identifier: Apache-2.0
// Accepts users' connections and hands each to a session thread. Trusted side, main thread; reads nothing from them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "broker/intake/admission.h"
#include "broker/node/session_thread.h"
#include "net/loop.h"
#include "net/socket.h"

namespace sallyport::broker {

/// Who has connected: a stranger, who counts among those that are not logged in.
struct Arrival {
  std::string source;       ///< "address:port"
  std::string source_host;  ///< "address"
  std::unique_ptr<Admission::Ticket> ticket;
};

class Listener {
 public:
  /// Begins a connection of the listener's protocol on that thread.
  using Take = std::function<void(SessionThread&, base::Fd, Arrival)>;

  Listener(net::Loop& main_loop, Admission& admission, std::vector<std::unique_ptr<SessionThread>>& threads, Take take);

  base::Status listen(const net::Address& address);
  base::Result<net::Address> address() const;
  void stop();

 private:
  void on_readable();
  void accept_failed(int error);

  net::Loop& main_loop_;
  Admission& admission_;
  std::vector<std::unique_ptr<SessionThread>>& threads_;
  Take take_;
  std::size_t next_thread_ = 0;
  base::Fd socket_;
  std::unique_ptr<net::Watch> watch_;
  net::Timer again_;
  bool short_of_resources_ = false;  ///< said already, since the last connection that could be taken
};

}  // namespace sallyport::broker
