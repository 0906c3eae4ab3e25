// SPDX-License-Identifier: Apache-2.0
// Looking at the ends of the audit logs.
#include "broker/web/change_feed.h"

#include <algorithm>
#include <utility>

namespace sallyport::broker::web {

namespace {

constexpr std::int64_t kLookUs = 500'000;
constexpr std::int64_t kMostEvents = 500;

struct Prefix {
  std::string_view begin;
  unsigned topics;
};
constexpr Prefix kPrefixes[] = {
    {"session.", kSessions | kRecordings},
    {"admin.session", kSessions},
    {"recording.", kRecordings},
    {"request.", kRequests},
    {"change.", kChanges | kResources},
    {"resource.", kResources},
    {"user.", kResources},
    {"auth.", kResources},
    {"account.", kResources},
    {"target.", kResources},
};

}  // namespace

unsigned topics_of(std::string_view event_type) {
  for (const auto& [begin, topics] : kPrefixes) {
    if (event_type.starts_with(begin)) return topics | kAudit;
  }
  return kAudit;
}

std::string events_text(unsigned topics) {
  std::string out;
  const auto add = [&](unsigned topic, const char* name) {
    if ((topics & topic) != 0) out += "event: " + std::string(name) + "\ndata: {}\n\n";
  };
  add(kSessions, "sessions");
  add(kRequests, "requests");
  add(kChanges, "changes");
  add(kResources, "resources");
  add(kRecordings, "recordings");
  add(kAudit, "audit");
  return out;
}

std::uint64_t ChangeFeed::subscribe(Told told) {
  told_[++last_token_] = std::move(told);
  if (!looking_) look();
  return last_token_;
}

void ChangeFeed::unsubscribe(std::uint64_t token) {
  told_.erase(token);
  // What happens while nobody listens is nobody's news.
  if (told_.empty()) cursors_.clear();
}

void ChangeFeed::look() {
  looking_ = !told_.empty();
  if (!looking_) return;
  services_.reader_thread.post([this, alive = std::weak_ptr<bool>(alive_), cursors = cursors_,
                                &reader = services_.reader, &loop = services_.main_loop]() mutable {
    unsigned topics = 0;
    const auto nodes = reader.list_audit_nodes();
    for (const std::string& node : nodes ? *nodes : std::vector<std::string>()) {
      store::AuditFilter filter;
      filter.node = node;
      const auto known = cursors.find(node);
      // From its end on, at first.
      filter.limit = known == cursors.end() ? 1 : kMostEvents;
      if (known == cursors.end()) filter.order = store::AuditFilter::Order::newest_first;
      if (known != cursors.end()) filter.after_seq = known->second;
      const auto rows = reader.list_audit(filter);
      if (!rows) continue;
      for (const store::AuditRow& row : *rows) {
        if (known != cursors.end()) topics |= topics_of(row.type);
        auto& at = cursors[node];
        at = std::max<std::int64_t>(at, row.seq);
      }
    }
    loop.post([this, alive, cursors = std::move(cursors), topics]() mutable {
      if (alive.lock()) took(std::move(cursors), topics);
    });
  });
}

void ChangeFeed::took(std::map<std::string, std::int64_t> cursors, unsigned topics) {
  if (!told_.empty()) cursors_ = std::move(cursors);
  if (topics != 0) {
    for (const auto& [token, told] : told_) told(topics);
  }
  timer_.after_us(kLookUs, [this] { look(); });
}

}  // namespace sallyport::broker::web
