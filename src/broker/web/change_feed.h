// SPDX-License-Identifier: Apache-2.0
// That something has changed, and of what kind, for pages that show it: never what. Trusted side, main loop. It reads
// new events of all nodes' audit logs while somebody listens, and nothing otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "broker/node/services.h"
#include "net/loop.h"

namespace sallyport::broker::web {

enum Topic : unsigned {
  kSessions = 1,
  kRequests = 2,
  kResources = 4,
  kAudit = 16,
  kRecordings = 32,
  kChanges = 64,
};

/// Of an event's type.
unsigned topics_of(std::string_view event_type);
/// As server-sent events, one for each: "event: sessions".
std::string events_text(unsigned topics);

class ChangeFeed {
 public:
  /// Called on the main loop: it must only post.
  using Told = std::function<void(unsigned topics)>;

  explicit ChangeFeed(Services& services) : services_(services), timer_(services.main_loop) {}

  std::uint64_t subscribe(Told told);
  void unsubscribe(std::uint64_t token);

 private:
  void look();
  void took(std::map<std::string, std::int64_t> cursors, unsigned topics);

  Services& services_;
  net::Timer timer_;
  std::map<std::uint64_t, Told> told_;
  std::uint64_t last_token_ = 0;
  std::map<std::string, std::int64_t> cursors_;  // by node
  bool looking_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker::web
