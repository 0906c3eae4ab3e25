// SPDX-License-Identifier: Apache-2.0
// Bridges a direct-tcpip channel to the socket of an inner leg: `ssh -J gateway target`. The bytes are the inner SSH
// connection's ciphertext; nothing here looks at them. Untrusted side.
#pragma once

#include <optional>

#include "base/fd.h"
#include "base/result.h"
#include "leg/loop.h"
#include "leg/ssh/relay.h"

namespace sallyport::front::ssh {

class Jump {
 public:
  /// All must outlive it; socket must be non-blocking.
  Jump(leg::Loop& loop, leg::ssh::Relay& relay, leg::ssh::RelayChannel& channel, base::Fd socket);
  ~Jump();
  Jump(const Jump&) = delete;
  Jump& operator=(const Jump&) = delete;

  /// From the client.
  void data(base::ByteView data);
  /// The client said EOF or CLOSE.
  void client_finished();
  /// Moves what can be moved. To be called before every wait.
  base::Status pump();

 private:
  base::Status read_socket();
  base::Status write_socket();
  void arm();
  void hung_up();
  void end();

  leg::Loop& loop_;
  leg::ssh::Relay& relay_;
  leg::ssh::RelayChannel& channel_;
  base::Fd socket_;
  std::optional<leg::Loop::WatchId> watch_;  // none once the socket hung up: it would be reported for ever
  leg::ByteQueue to_socket_;
  bool client_done_ = false;
};

}  // namespace sallyport::front::ssh
