// SPDX-License-Identifier: Apache-2.0
// Gathering, committing together, and waiting for a server.
#include "broker/record/group_commit.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace sallyport::broker {

namespace {
bool server_is_away(const base::Status& status) {
  return !status && status.error().code == base::Errc::closed;
}
}  // namespace

GroupCommit::~GroupCommit() {
  if (!backlog_.empty()) {
    base::log_error(std::to_string(backlog_.size()) +
                    " audit events could not be written: the database did not answer");
  }
}

// Only while the group's job is the last in the queue: whoever posted a job meanwhile may count on its place.
void GroupCommit::add(Work work, Done done, Outage outage) {
  const std::lock_guard lock(mutex_);
  Item item{std::move(work), std::move(done), outage};
  if (!open_ || open_->size() >= kMostTogether || store_thread_.posted() != open_at_) {
    open_ = std::make_shared<Group>();
    open_->push_back(std::move(item));
    open_at_ = store_thread_.post([this, group = open_] {
      {
        const std::lock_guard closed(mutex_);
        if (open_ == group) open_.reset();
      }
      run(*group);
    });
  } else {
    open_->push_back(std::move(item));
  }
}

void GroupCommit::retry() {
  if (waiting_ == 0 || retry_posted_.exchange(true)) return;
  store_thread_.post([this] {
    retry_posted_ = false;
    drain();
  });
}

void GroupCommit::run(Group& group) {
  // What waits comes first: the audit log keeps its order.
  if (!drain()) {
    const auto why = base::fail(base::Errc::closed, "the database does not answer; try again later");
    return put_aside(group, 0, 0, {base::Status(why)});
  }
  const Attempt together = attempt(group.data(), group.size());
  if (server_is_away(together.status)) return put_aside(group, 0, group.size(), together);
  if (!together.status && group.size() > 1) return commit_one_by_one(group);
  for (const Item& item : group) {
    if (item.done) item.done(together.status);
  }
}

GroupCommit::Attempt GroupCommit::attempt(const Item* first, std::size_t count) {
  Attempt out;
  out.status = store_.transaction([&]() -> base::Status {
    out.doubt.reset();
    for (const Item* item = first; item != first + count; ++item) {
      if (auto written = item->work(); !written) return written;
    }
    // After those of the work: who wrote an event knows by then whether it is in doubt.
    store_.when_ended([&](store::Store::Outcome outcome) {
      if (outcome == store::Store::Outcome::unknown && witness_.doubt) out.doubt = witness_.doubt();
    });
    return {};
  });
  return out;
}

// One that cannot be written costs the others nothing.
void GroupCommit::commit_one_by_one(Group& group) {
  for (std::size_t i = 0; i < group.size(); ++i) {
    const Attempt alone = attempt(&group[i], 1);
    if (server_is_away(alone.status)) return put_aside(group, i, 1, alone);
    if (group[i].done) group[i].done(alone.status);
  }
}

// Those from this one on, the first of which were attempted.
void GroupCommit::put_aside(Group& group, std::size_t from, std::size_t attempted, const Attempt& failed) {
  for (std::size_t i = from; i < group.size(); ++i) {
    keep(std::move(group[i]), failed.status);
    const bool last_of_attempt = i + 1 == from + attempted;
    if (last_of_attempt && failed.doubt && !backlog_.empty()) doubt_ = Doubt{*failed.doubt, backlog_.size()};
  }
}

void GroupCommit::keep(Item item, const base::Status& why) {
  if (item.outage == Outage::fails) {
    if (item.done) item.done(why);
    return;
  }
  if (backlog_.size() >= most_waiting_) {
    if (item.done) item.done(base::fail(base::Errc::full, "too much waits for the database already"));
    if (overflow_) overflow_();
    return;
  }
  if (backlog_.empty()) base::log_error("the database does not answer: audit events wait for it");
  backlog_.push_back(std::move(item));
  ++waited_;
  waiting_ = backlog_.size();
}

/// False: the server is still away.
bool GroupCommit::drain() {
  while (!backlog_.empty()) {
    if (!settle()) return false;
    const std::size_t count = std::min(backlog_.size(), kMostTogether);
    if (count == 0) break;
    Group group;
    for (std::size_t i = 0; i < count; ++i) group.push_back(backlog_[i]);
    const Attempt together = attempt(group.data(), count);
    if (server_is_away(together.status)) {
      if (together.doubt) doubt_ = Doubt{*together.doubt, count};
      return false;
    }
    if (together.status || count == 1) {
      for (std::size_t i = 0; i < count; ++i) take_first(together.status);
    } else if (!drain_one_by_one(count)) {
      return false;
    }
  }
  if (waited_ > 0) {
    base::log_info("the database answers again: " + std::to_string(waited_) + " writes that waited are done");
    waited_ = 0;
  }
  return true;
}

/// What is in doubt is written already, or not: once that is known, nothing is written twice, and nothing left out.
bool GroupCommit::settle() {
  if (!doubt_) return true;
  const base::Result<bool> stayed = witness_.settled(doubt_->number);
  if (!stayed && stayed.error().code == base::Errc::closed) return false;
  if (!stayed) base::log_error("what became of a commit cannot be told: " + stayed.message());
  const std::size_t items = doubt_->items;
  doubt_.reset();
  if (stayed && *stayed) {
    for (std::size_t i = 0; i < items; ++i) take_first({});
  }
  return true;
}

bool GroupCommit::drain_one_by_one(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Item first = backlog_.front();
    const Attempt alone = attempt(&first, 1);
    if (server_is_away(alone.status)) {
      if (alone.doubt) doubt_ = Doubt{*alone.doubt, 1};
      return false;
    }
    take_first(alone.status);
  }
  return true;
}

void GroupCommit::take_first(base::Status outcome) {
  const Item item = std::move(backlog_.front());
  backlog_.pop_front();
  waiting_ = backlog_.size();
  if (item.done) item.done(std::move(outcome));
}

}  // namespace sallyport::broker
