// SPDX-License-Identifier: Apache-2.0
// Hearing that another node changed resources, over a connection of its own. Trusted side; a thread of the caller's
// waits here. It may miss a change, when a connection breaks: whoever listens also looks by himself now and then.
#pragma once

#include <chrono>
#include <memory>

#include "store/store.h"

namespace sallyport::store {

class Notices {
 public:
  /// Null where no other node can be in the store, or the URL is wrong.
  static std::unique_ptr<Notices> create(const Options& options);
  virtual ~Notices() = default;

  /// Waits until another node may have changed resources (true), at most so long (false). Where the server does not
  /// answer it waits all the same.
  virtual bool wait(std::chrono::milliseconds at_most) = 0;
};

}  // namespace sallyport::store
