// SPDX-License-Identifier: Apache-2.0
// The sessions that are alive on this node. Trusted side; any thread may call.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/session/seats.h"
#include "broker/session/session_handle.h"

namespace sallyport::broker {

class Registry {
 public:
  explicit Registry(std::size_t limit) : limit_(limit) {}

  /// Errors: full, when the node has as many sessions as it may; busy, when it is stopping.
  base::Status add(const std::shared_ptr<SessionHandle>& session);
  /// From here on none is added: whoever stops the node ends those that all() gives, and no other comes after them.
  void close();
  void remove(const std::string& id);
  /// Null when there is no such live session.
  std::shared_ptr<SessionHandle> find(const std::string& id) const;
  /// In order of id, which is by time.
  std::vector<std::shared_ptr<SessionHandle>> all() const;
  std::size_t size() const;
  std::size_t limit() const { return limit_; }
  /// What policies limit the number of.
  Seats& seats() { return seats_; }

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  Seats seats_;
  std::map<std::string, std::shared_ptr<SessionHandle>> sessions_;
};

}  // namespace sallyport::broker
