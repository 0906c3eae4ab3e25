// SPDX-License-Identifier: Apache-2.0
// Fetches a target's host keys for an administrator who is to pin them. Trusted side, on one session thread. Backs
// parse what the target says; here a key counts once its signature holds. No back of a scan ever gets a HostAccepted,
// so none gets further than its key exchange, and no credential is near.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/node/services.h"
#include "broker/node/session_thread.h"
#include "broker/node/zygotes.h"
#include "keys/public_key.h"
#include "policy/resource.h"

namespace sallyport::broker {

/// A target's answer, one key exchange for each type of key.
struct HostScan {
  std::vector<keys::PublicKey> keys;  ///< that the target proved to hold, best type first
  std::vector<std::string> without;   ///< "TYPE: why there is none"
  std::string software;               ///< foreign text
};

class HostScanner {
 public:
  /// More than this at a time are refused.
  static constexpr std::size_t kMaxScans = 4;
  /// Of a whole scan: an exchange each for five types of key.
  static constexpr std::int64_t kMaxScanUs = 60'000'000;

  /// Called once, on the session thread, unless the scanner goes first. Errors: what dialling says; full; denied (the
  /// target proved no key: why); timeout.
  using Done = std::function<void(base::Result<HostScan>)>;

  HostScanner(Services& services, Zygotes& backs, SessionThread& thread);
  /// When its thread has stopped.
  ~HostScanner();
  HostScanner(const HostScanner&) = delete;
  HostScanner& operator=(const HostScanner&) = delete;

  /// Any thread may call.
  void scan(policy::Target target, Done done);

 private:
  class Scan;
  void begin(policy::Target target, Done done);

  Services& services_;
  Zygotes& backs_;
  SessionThread& thread_;
  std::map<std::uint64_t, std::shared_ptr<Scan>> scans_;  // on the thread
  std::uint64_t next_ = 1;
};

}  // namespace sallyport::broker
