// SPDX-License-Identifier: Apache-2.0
// Dividing descriptors, and counting them.
#include "broker/node/descriptor_budget.h"

#include <sys/resource.h>

#include <algorithm>
#include <string>

namespace sallyport::broker {

namespace {
// The store, the log, zygotes, listeners, the record thread's moment: what there is whoever logs in. And the admin
// socket's clients.
constexpr std::size_t kOwn = 64;
constexpr std::size_t kAdmin = 32;
constexpr std::size_t kPerThread = 4;  // an event loop
constexpr std::size_t kPerLookup = 2;  // one name server that does not answer, and the next
constexpr std::size_t kLeastRest = 64;
constexpr std::size_t kMostLimit = 1U << 20;  // no limit is no number to divide
}  // namespace

std::size_t descriptor_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  return static_cast<std::size_t>(std::min<rlim_t>(files.rlim_cur, kMostLimit));
}

base::Result<DescriptorPlan> plan_descriptors(std::size_t limit, const config::Limits& limits,
                                              std::size_t session_threads) {
  DescriptorPlan plan;
  plan.limit = limit;
  plan.lookups = std::clamp<std::size_t>(limit / 64, 4, 64);
  plan.lookups_per_user = std::clamp<std::size_t>(plan.lookups / 8, 2, 8);
  const std::size_t own = kOwn + kAdmin + kPerThread * session_threads + kPerLookup * plan.lookups;
  if (limit < own + kLeastRest) {
    return base::fail(base::Errc::full, "this process may open " + std::to_string(limit) +
                                            " files, and the gateway needs at least " +
                                            std::to_string(own + kLeastRest) +
                                            ": raise its limit (LimitNOFILE in the unit, or ulimit -n)");
  }
  const std::size_t rest = limit - own;
  // Strangers get a quarter; and up to a half where the sessions that are configured leave it.
  const std::size_t wanted = limits.max_sessions * (kConnectionDescriptors + kSessionDescriptors);
  const std::size_t left = rest - std::min(rest, wanted + wanted / 8);
  const std::size_t for_strangers = std::max(rest / 4, std::min(rest / 2, left));
  plan.preauth = std::min<std::size_t>(limits.preauth_total, for_strangers / kArrivingDescriptors);
  plan.places = rest - plan.preauth * kArrivingDescriptors;
  plan.kept = std::max<std::size_t>(plan.places / 16, 4 * kConnectionDescriptors);
  plan.sessions = std::min<std::size_t>(limits.max_sessions,
                                        (plan.places - plan.kept) / (kConnectionDescriptors + kSessionDescriptors));
  return plan;
}

std::unique_ptr<DescriptorBudget::Share> DescriptorBudget::take(std::size_t count, std::size_t keep) {
  const std::lock_guard lock(mutex_);
  if (free_ < count + keep) return nullptr;
  free_ -= count;
  return std::make_unique<Share>(*this, count);
}

void DescriptorBudget::give_back(std::size_t count) {
  const std::lock_guard lock(mutex_);
  free_ += count;
}

}  // namespace sallyport::broker
