// SPDX-License-Identifier: Apache-2.0
// The list of live sessions.
#include "broker/session/registry.h"

namespace sallyport::broker {

base::Status Registry::add(const std::shared_ptr<SessionHandle>& session) {
  const std::lock_guard lock(mutex_);
  if (closed_) return base::fail(base::Errc::busy, "this gateway is stopping: try again in a moment");
  if (sessions_.size() >= limit_) {
    return base::fail(base::Errc::full,
                      "this gateway has reached its limit of " + std::to_string(limit_) + " sessions");
  }
  sessions_.emplace(session->info().id, session);
  return {};
}

void Registry::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Registry::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(id);
}

std::shared_ptr<SessionHandle> Registry::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<SessionHandle>> Registry::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<SessionHandle>> out;
  for (const auto& [unused, session] : sessions_) out.push_back(session);
  return out;
}

std::size_t Registry::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

}  // namespace sallyport::broker
