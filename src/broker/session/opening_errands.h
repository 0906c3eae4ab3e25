// SPDX-License-Identifier: Apache-2.0
// What the opening of a session has others do beside the store: make the record, connect to the target, fork a back.
// Trusted side. Each calls back once, on the session's loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "broker/node/zygotes.h"
#include "broker/record/session_record.h"
#include "broker/session/protocol.h"
#include "policy/resource.h"
#include "recording/writer.h"

namespace sallyport::broker {

class RecordMaker {
 public:
  struct Order {
    std::string id;
    base::Micros started_at_us = 0;
    std::vector<recording::Recipient> recipients;
  };
  virtual ~RecordMaker() = default;
  /// Errors: those of recording::Writer::create().
  virtual void make(Order order, std::function<void(base::Result<std::unique_ptr<SessionRecord>>)> done) = 0;
};

class TargetDialer {
 public:
  virtual ~TargetDialer() = default;
  /// user: whose share of the lookups of names it is. Errors: those of Dialer::dial().
  virtual void dial(const policy::Target& target, UrgentData urgent_data, const std::string& user,
                    std::function<void(base::Result<base::Fd>)> done) = 0;
  /// done() is not called any more.
  virtual void cancel() = 0;
};

class BackSpawner {
 public:
  virtual ~BackSpawner() = default;
  /// The worker owns the connection. Errors: there is no worker now.
  virtual void spawn(WorkerSource& backs, base::Fd target, std::function<void(base::Result<SpawnedWorker>)> done) = 0;
};

}  // namespace sallyport::broker
