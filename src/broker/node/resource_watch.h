// SPDX-License-Identifier: Apache-2.0
// Changes of resources by other nodes: heard of, or seen by looking now and then, and then in force here as if they had
// been made here. Trusted side; a thread of its own that only waits.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "store/notices.h"

namespace sallyport::broker {

struct Services;

class ResourceWatch {
 public:
  /// look() is called on this object's thread, soon after each change and every few seconds.
  ResourceWatch(std::unique_ptr<store::Notices> notices, std::function<void()> look);
  ~ResourceWatch();
  ResourceWatch(const ResourceWatch&) = delete;
  ResourceWatch& operator=(const ResourceWatch&) = delete;

 private:
  void run();

  const std::unique_ptr<store::Notices> notices_;
  const std::function<void()> look_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

/// Takes over what other nodes changed, if they did: the policy is read anew, and sessions of users who may not log in
/// any more end. Blocks: on the store's thread.
void take_over_changes(Services& services);

}  // namespace sallyport::broker
