// SPDX-License-Identifier: Apache-2.0
// Counting the unauthenticated.
#include "broker/admission.h"

#include <arpa/inet.h>

#include "base/bytes.h"

namespace sallyport::broker {

namespace {

// An IPv6 host has a whole /64 to itself.
std::string source_of(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return host;
  return base::to_hex(base::ByteView(address.s6_addr, 8));
}

}  // namespace

std::unique_ptr<Admission::Ticket> Admission::enter(const std::string& host) {
  const std::string source = source_of(host);
  const std::lock_guard lock(mutex_);
  std::size_t& mine = by_source_[source];
  if (inside_ >= total_ || mine >= per_source_) {
    if (mine == 0) by_source_.erase(source);
    return nullptr;
  }
  ++mine;
  ++inside_;
  return std::make_unique<Ticket>(*this, source);
}

void Admission::leave(const std::string& source) {
  const std::lock_guard lock(mutex_);
  --inside_;
  const auto found = by_source_.find(source);
  if (found != by_source_.end() && --found->second == 0) by_source_.erase(found);
}

}  // namespace sallyport::broker
