// SPDX-License-Identifier: Apache-2.0
// One lock: what is held is the slow path already.
#include "broker/session/held_budget.h"

namespace sallyport::broker {

namespace {
constexpr std::size_t kGrain = 16 * 1024;
}  // namespace

HeldBudget::Share::Share(HeldBudget& budget, const std::string& user) : budget_(budget) {
  const std::lock_guard lock(budget_.mutex_);
  user_ = budget_.users_.try_emplace(user).first;
  ++user_->second.shares;
}

HeldBudget::Share::~Share() {
  set(0);
  const std::lock_guard lock(budget_.mutex_);
  if (--user_->second.shares == 0) budget_.users_.erase(user_);
}

void HeldBudget::Share::set(std::size_t bytes) {
  const std::size_t change = bytes > bytes_ ? bytes - bytes_ : bytes_ - bytes;
  if (change == 0 || (bytes != 0 && change < kGrain)) return;
  const std::lock_guard lock(budget_.mutex_);
  user_->second.bytes += bytes - bytes_;  // unsigned: wraps back
  budget_.total_ += bytes - bytes_;
  bytes_ = bytes;
}

bool HeldBudget::Share::fits() const {
  if (bytes_ <= budget_.limits_.session_bytes) return true;
  const std::lock_guard lock(budget_.mutex_);
  return budget_.total_ <= budget_.limits_.node_bytes && user_->second.bytes <= budget_.limits_.user_bytes;
}

bool HeldBudget::Share::tight() const {
  const std::lock_guard lock(budget_.mutex_);
  return budget_.total_ > budget_.limits_.node_bytes / 2 || user_->second.bytes > budget_.limits_.user_bytes / 2;
}

std::size_t HeldBudget::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

}  // namespace sallyport::broker
