// SPDX-License-Identifier: Apache-2.0
// What a node does now and then, whatever its users do: heads of the audit log, seals and audit events that wait,
// grants that hang on the time of day, and changes that other nodes made. Trusted side, on the main loop. Nothing of it
// blocks that loop.
#pragma once

#include <atomic>
#include <memory>

#include "broker/node/resource_watch.h"
#include "broker/node/services.h"
#include "net/executor.h"
#include "net/loop.h"
#include "recording/types.h"

namespace sallyport::broker {

class Housekeeping {
 public:
  /// seal_thread: reads whole records, which may be long, and nobody's session waits for it. Both threads end after the
  /// housekeeping.
  Housekeeping(Services& services, net::Executor& seal_thread, std::shared_ptr<const recording::Signer> signer);

  void start();
  /// Signs the end of the audit log now. On the store's thread. A head is what an outsider keeps to prove later that
  /// nothing was taken away.
  static void keep_head(audit::Log& log);

 private:
  void keep_heads();
  void retry_seals();
  void retry_waiting();
  void review_leases();
  void end_invitations();
  void watch_resources();
  void end_what_waited();

  Services& services_;
  net::Executor& seal_thread_;
  const std::shared_ptr<const recording::Signer> signer_;
  net::Timer head_timer_, seal_timer_, waiting_timer_, lease_timer_, expiry_timer_;
  std::shared_ptr<std::atomic<bool>> ending_invitations_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<ResourceWatch> resource_watch_;
};

}  // namespace sallyport::broker
