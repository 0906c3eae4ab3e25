// SPDX-License-Identifier: Apache-2.0
// Pages of the audit logs, merged by time. Trusted side; on the reader's thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace sallyport::broker::api {

/// How far each node's log was read.
using AuditCursors = std::map<std::string, std::int64_t>;

struct AuditItem {
  base::Micros time_us = 0;
  std::string node;
  std::int64_t seq = 0;
  std::string json;
};

struct AuditPage {
  std::vector<AuditItem> items;
  bool cut = false;  ///< there may be more that matches
};

/// The next page after the cursors, of the node's log that the filter names or of all: the events, or with `proof` what
/// proves them. What a page holds is bounded in events and bytes, whatever the filter says.
base::Result<AuditPage> read_audit_page(store::Store& store, store::AuditFilter filter, const AuditCursors& cursors,
                                        bool proof);

struct NewestEvents {
  AuditCursors before;  ///< of each log, what comes before those that were wanted
  AuditCursors last;    ///< of each log that has some of them, the last one
};

/// Where the newest that match begin and end: at most `count`, and as many as fit 8 MiB.
base::Result<NewestEvents> find_newest(store::Store& store, store::AuditFilter filter, std::int64_t count);

}  // namespace sallyport::broker::api
