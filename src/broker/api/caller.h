// SPDX-License-Identifier: Apache-2.0
// Who asks for an operation, as the way by which the request came vouches for it. Trusted side. What is in a request
// says nothing about its caller.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>

#include "base/clock.h"
#include "policy/permission.h"
#include "policy/snapshot.h"

namespace sallyport::broker::api {

/// A set of roles.
class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<policy::Role> roles) {
    for (const policy::Role role : roles) bits_ |= bit(role);
  }
  constexpr void add(policy::Role role) { bits_ |= bit(role); }
  constexpr bool has(policy::Role role) const { return (bits_ & bit(role)) != 0; }
  constexpr bool any_of(Roles others) const { return (bits_ & others.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  static constexpr unsigned bit(policy::Role role) { return 1U << static_cast<unsigned>(role); }
  unsigned bits_ = 0;
};

/// By which way a request came.
enum class Way { admin_socket, portal };

struct Origin {
  Way way = Way::admin_socket;
  std::string from = {};  ///< a process or an address, for people
};

struct Caller {
  std::string actor = {};  ///< "local:alice": what the audit log says
  Roles roles = {};
  base::Micros proof_age_us = 0;  ///< since the caller proved who they are; 0 where the kernel vouches for each message
  Origin origin = {};
  std::string user = {};      ///< of Sallyport, who the caller is; empty: root, or another account that is no user's
  bool owns_gateway = false;  ///< root, or the account that runs the gateway
  /// The same caller under other resources, for what goes on long after it was asked; none: they change nothing.
  std::function<Caller(const policy::Snapshot&)> renewed = {};
};

}  // namespace sallyport::broker::api
