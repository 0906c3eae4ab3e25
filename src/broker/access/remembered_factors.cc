// SPDX-License-Identifier: Apache-2.0
// A bounded map.
#include "broker/access/remembered_factors.h"

#include <algorithm>

namespace sallyport::broker {

void RememberedFactors::note(const Login& login, const store::Incarnation& incarnation, base::Micros now_us) {
  const std::lock_guard lock(mutex_);
  if (proofs_.size() >= kMost && !proofs_.contains(login)) {
    std::erase_if(proofs_, [now_us](const auto& one) { return now_us - one.second.proved_us >= kLongestUs; });
  }
  if (proofs_.size() >= kMost && !proofs_.contains(login)) {
    proofs_.erase(std::min_element(proofs_.begin(), proofs_.end(), [](const auto& a, const auto& b) {
      return a.second.proved_us < b.second.proved_us;
    }));
  }
  proofs_.insert_or_assign(login, Proof{incarnation, now_us});
}

std::optional<base::Micros> RememberedFactors::proved(const Login& login, const store::Incarnation& incarnation,
                                                      base::Micros now_us) {
  const std::lock_guard lock(mutex_);
  const auto found = proofs_.find(login);
  if (found == proofs_.end()) return std::nullopt;
  if (found->second.incarnation != incarnation || now_us - found->second.proved_us >= kLongestUs) {
    proofs_.erase(found);
    return std::nullopt;
  }
  return found->second.proved_us;
}

std::size_t RememberedFactors::size() const {
  const std::lock_guard lock(mutex_);
  return proofs_.size();
}

}  // namespace sallyport::broker
