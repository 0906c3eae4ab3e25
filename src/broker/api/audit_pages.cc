// SPDX-License-Identifier: Apache-2.0
// Merging logs.
#include "broker/api/audit_pages.h"

#include <algorithm>
#include <limits>

#include "ledger/proof.h"

namespace sallyport::broker::api {
namespace {

constexpr std::int64_t kPage = 200;
constexpr std::size_t kPageBytes = 512 * 1024;  // what waits for a caller who does not read
constexpr std::size_t kNewestBytes = 8 * 1024 * 1024;

base::Result<std::vector<std::string>> nodes_of(store::Store& store, const store::AuditFilter& filter) {
  if (filter.node.empty()) return store.list_audit_nodes();
  return std::vector<std::string>{filter.node};
}

void sort_by_time(std::vector<AuditItem>& items) {
  std::stable_sort(items.begin(), items.end(),
                   [](const AuditItem& x, const AuditItem& y) { return x.time_us < y.time_us; });
}

// Adds what one log has. Returns up to which time all of the log is there.
base::Result<base::Micros> add_log(AuditPage& page, store::Store& store, const store::AuditFilter& filter, bool proof) {
  auto rows = store.list_audit(filter);
  if (!rows) return base::pass(rows);
  std::size_t bytes = 0;
  base::Micros time_us = 0;  // a clock that was set back must not turn the order of a log round
  for (store::AuditRow& row : *rows) {
    bytes += row.body.size();
    time_us = std::max(time_us, row.time_us);
    const std::int64_t seq = row.seq;
    page.items.push_back({time_us, row.node, seq,
                          proof ? ledger::to_json(ledger::ProvenEvent{seq, std::move(row.body), std::move(row.salt),
                                                                      std::move(row.chain)})
                                : std::move(row.body)});
  }
  const bool cut = static_cast<std::int64_t>(rows->size()) >= filter.limit || bytes >= filter.max_bytes;
  page.cut = page.cut || cut;
  return cut ? time_us : std::numeric_limits<base::Micros>::max();
}

}  // namespace

base::Result<AuditPage> read_audit_page(store::Store& store, store::AuditFilter filter, const AuditCursors& cursors,
                                        bool proof) {
  auto nodes = nodes_of(store, filter);
  if (!nodes) return base::pass(nodes);
  filter.order = store::AuditFilter::Order::oldest_first;
  filter.limit = kPage;
  filter.max_bytes = kPageBytes / std::max<std::size_t>(nodes->size(), 1);
  AuditPage page;
  base::Micros known_us = std::numeric_limits<base::Micros>::max();
  for (const std::string& node : *nodes) {
    filter.node = node;
    const auto read = cursors.find(node);
    filter.after_seq = read == cursors.end() ? 0 : read->second;
    auto until = add_log(page, store, filter, proof);
    if (!until) return base::pass(until);
    known_us = std::min(known_us, *until);
  }
  sort_by_time(page.items);
  // What is later than where a log was cut comes after what that log has next.
  std::erase_if(page.items, [&](const AuditItem& item) { return item.time_us > known_us; });
  return page;
}

base::Result<NewestEvents> find_newest(store::Store& store, store::AuditFilter filter, std::int64_t count) {
  auto nodes = nodes_of(store, filter);
  if (!nodes) return base::pass(nodes);
  filter.order = store::AuditFilter::Order::newest_first;
  filter.limit = count;
  filter.max_bytes = kNewestBytes / std::max<std::size_t>(nodes->size(), 1);
  NewestEvents out;
  std::vector<AuditItem> found;
  for (const std::string& node : *nodes) {
    filter.node = node;
    auto rows = store.list_audit(filter);
    if (!rows) return base::pass(rows);
    std::sort(rows->begin(), rows->end(), [](const auto& x, const auto& y) { return x.seq < y.seq; });
    base::Micros time_us = 0;
    for (const store::AuditRow& row : *rows) {
      time_us = std::max(time_us, row.time_us);
      found.push_back({time_us, row.node, row.seq, {}});
      out.before[row.node] = row.seq;
    }
  }
  sort_by_time(found);
  const auto wanted = std::min(found.size(), static_cast<std::size_t>(count));
  for (auto item = found.rbegin(); item != found.rbegin() + static_cast<std::ptrdiff_t>(wanted); ++item) {
    out.before[item->node] = item->seq - 1;
    out.last.emplace(item->node, item->seq);
  }
  return out;
}

}  // namespace sallyport::broker::api
