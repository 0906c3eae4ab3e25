// SPDX-License-Identifier: Apache-2.0
// Counting connections.
#include "broker/intake/admission.h"

#include <arpa/inet.h>

#include "base/bytes.h"

namespace sallyport::broker {

std::string Admission::source_of(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return host;
  return base::to_hex(base::ByteView(address.s6_addr, 8));
}

std::unique_ptr<Admission::Ticket> Admission::enter(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  std::size_t& mine = by_owner_[owner];
  if (inside_ >= total_ || mine >= per_owner_) {
    if (mine == 0) by_owner_.erase(owner);
    return nullptr;
  }
  ++mine;
  ++inside_;
  return std::make_unique<Ticket>(*this, owner);
}

std::size_t Admission::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

void Admission::leave(const std::string& owner) {
  const std::lock_guard lock(mutex_);
  --inside_;
  const auto found = by_owner_.find(owner);
  if (found != by_owner_.end() && --found->second == 0) by_owner_.erase(found);
}

}  // namespace sallyport::broker
