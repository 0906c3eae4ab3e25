// SPDX-License-Identifier: Apache-2.0
// Gathering, and committing together.
#include "broker/record/group_commit.h"

#include <utility>

namespace sallyport::broker {

// Only while the group's job is the last in the queue: whoever posted a job meanwhile may count on its place.
void GroupCommit::add(Work work, Done done) {
  const std::lock_guard lock(mutex_);
  if (!open_ || open_->size() >= kMostTogether || store_thread_.posted() != open_at_) {
    open_ = std::make_shared<Group>();
    open_->push_back({std::move(work), std::move(done)});
    open_at_ = store_thread_.post([this, group = open_] { run(group); });
  } else {
    open_->push_back({std::move(work), std::move(done)});
  }
}

void GroupCommit::run(const std::shared_ptr<Group>& group) {
  {
    const std::lock_guard lock(mutex_);
    if (open_ == group) open_.reset();
  }
  const base::Status together = store_.transaction([&]() -> base::Status {
    for (const Item& item : *group) {
      if (auto written = item.work(); !written) return written;
    }
    return {};
  });
  for (const Item& item : *group) {
    // One that cannot be written costs the others nothing.
    base::Status outcome = together || group->size() == 1 ? together : store_.transaction(item.work);
    if (item.done) item.done(std::move(outcome));
  }
}

}  // namespace sallyport::broker
