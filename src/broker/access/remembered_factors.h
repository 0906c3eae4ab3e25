// SPDX-License-Identifier: Apache-2.0
// Second factors that users proved a while ago: by which user, from where and with which key, so that the next login of
// the same kind may do without a code. In memory alone: a restart, or another node, asks again. Trusted side; any
// thread may call.
#pragma once

#include <compare>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "store/rows.h"

namespace sallyport::broker {

class RememberedFactors {
 public:
  static constexpr std::size_t kMost = 10'000;
  static constexpr base::Micros kLongestUs = 86'400'000'000;

  struct Login {
    std::string user;
    std::string source_host;  ///< "address"
    std::string credential;   ///< what was proved first: "publickey SHA256:…", or "password"
    auto operator<=>(const Login&) const = default;
  };

  /// A code was right for this login. now_us and what proved() says are on the monotonic clock.
  void note(const Login& login, const store::Incarnation& incarnation, base::Micros now_us);
  /// When, if that was under the same incarnation of the user and not too long ago for anybody.
  std::optional<base::Micros> proved(const Login& login, const store::Incarnation& incarnation, base::Micros now_us);
  std::size_t size() const;

 private:
  struct Proof {
    store::Incarnation incarnation;
    base::Micros proved_us = 0;
  };

  mutable std::mutex mutex_;
  std::map<Login, Proof> proofs_;
};

}  // namespace sallyport::broker
