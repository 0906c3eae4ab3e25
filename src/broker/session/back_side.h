// SPDX-License-Identifier: Apache-2.0
// A session's target side, whatever protocol the target speaks: the check of the target's identity, the login, and the
// worker behind both. Trusted side, on a session loop. It uses no credential that the opening does not allow.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"

namespace sallyport::ipc {
class BulkStart;
class Credit;
}  // namespace sallyport::ipc

namespace sallyport::broker {

/// How a login went, as the record and the audit log say it.
struct LoginFacts {
  bool accepted = false;
  std::string method;
  std::string login_name;
  std::string identity;  ///< what the target proved itself with; empty when the protocol has no such proof
  bool secret_crossed = false;
  std::string software;  ///< foreign text
  std::string banner;    ///< foreign text
  std::vector<std::string> legacy;
};

class BackSide {
 public:
  /// Whose login it is.
  class Opening {
   public:
    virtual ~Opening() = default;
    /// Asked before each use of the account's secret. False: the login does not go on; the opening ends it.
    virtual bool back_may_log_in() = 0;
    virtual void back_used_secret() = 0;
    /// It cannot be logged in to. text is for the user.
    virtual void back_refused(const std::string& text, const std::string& reason) = 0;
    virtual void back_logged_in(const LoginFacts& facts) = 0;
  };

  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void back_event(base::ByteView event) = 0;  ///< after set_live() only
    virtual void back_credit(const ipc::Credit& credit) = 0;
    virtual void back_drained() = 0;
    /// The worker is gone. clean: the target ended the connection as the protocol has it. fault: what the worker did
    /// that a back never does.
    virtual void back_ended(const std::string& reason, bool clean, const std::string& fault) = 0;
  };

  virtual ~BackSide() = default;

  /// Begins the login.
  virtual void start() = 0;
  /// The login is done, and events may flow.
  virtual void set_live() = 0;
  /// For the user: why a login that the target or the network ended did not come about.
  virtual std::string failure_text() const = 0;
  /// For the user: how far a login had come whose time is over.
  virtual std::string timeout_text() const = 0;

  virtual void send_event(base::ByteView event) = 0;
  virtual void send_credit(const ipc::Credit& credit) = 0;
  virtual void send_bulk_start(const ipc::BulkStart& start, std::span<const int> fds) = 0;
  /// The blocks up to this one are in the record: they may be forwarded.
  virtual void recorded(std::uint64_t up_to) = 0;
  virtual void terminate() = 0;
  virtual void hold_reading(bool hold) = 0;
  virtual bool congested() const = 0;
  virtual void kill(const std::string& fault) = 0;
  virtual std::shared_ptr<const base::Fd> pidfd() const = 0;
  virtual pid_t pid() const = 0;
};

}  // namespace sallyport::broker
