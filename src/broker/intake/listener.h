// SPDX-License-Identifier: Apache-2.0
// Accepts users' connections and hands each to a session thread. Trusted side, main thread; reads nothing from them.
#pragma once

#include <memory>
#include <vector>

#include "base/fd.h"
#include "broker/intake/admission.h"
#include "broker/node/gateway.h"
#include "broker/node/session_thread.h"
#include "net/loop.h"
#include "net/socket.h"

namespace sallyport::broker {

class Listener {
 public:
  Listener(Gateway& gateway, Admission& admission, std::vector<std::unique_ptr<SessionThread>>& threads);

  base::Status listen(const net::Address& address);
  base::Result<net::Address> address() const;
  void stop();

 private:
  void on_readable();
  void accept_failed(int error);

  Gateway& gateway_;
  Admission& admission_;
  std::vector<std::unique_ptr<SessionThread>>& threads_;
  std::size_t next_thread_ = 0;
  base::Fd socket_;
  std::unique_ptr<net::Watch> watch_;
  net::Timer again_;
  bool short_of_resources_ = false;  ///< said already, since the last connection that could be taken
};

}  // namespace sallyport::broker
