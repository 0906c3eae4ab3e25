// SPDX-License-Identifier: Apache-2.0
// audit tail, search, verify, heads: reads only. Long walks go page by page at the client's pace.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "audit/verify.h"
#include "broker/admin/handlers.h"
#include "ipc/admin.pb.h"
#include "ledger/proof.h"

namespace sallyport::broker::admin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kPage = 200;
constexpr std::int64_t kDefaultLimit = 20;
constexpr std::int64_t kMaxLimit = 2000;
constexpr std::size_t kPageBytes = 8 * 1024 * 1024;  // of one look at the log
constexpr std::int64_t kFollowUs = 400'000;
constexpr base::Micros kHeadsLateUs = 2 * audit::kHeadPeriodUs;  // what a busy store's thread may cost

struct Item {
  base::Micros time_us = 0;
  std::string node;
  std::int64_t seq = 0;
  std::string json;
};

// How far each node's log was read.
using Cursors = std::map<std::string, std::int64_t>;

struct Page {
  std::vector<Item> items;
  Cursors cursors;
  bool cut = false;  // there may be more that matches
};

// What a client gets of a page of one log: the events, or with them what proves them.
base::Status add_log(Page& page, store::Store& store, const store::AuditFilter& filter, bool proof) {
  auto rows = store.list_audit(filter);
  if (!rows) return base::pass(rows);
  std::size_t bytes = 0;
  for (const store::AuditRow& row : *rows) bytes += row.body.size();
  page.cut = page.cut || static_cast<std::int64_t>(rows->size()) >= filter.limit || bytes >= filter.max_bytes;
  std::sort(rows->begin(), rows->end(), [](const auto& x, const auto& y) { return x.seq < y.seq; });
  base::Micros time_us = 0;  // a clock that was set back must not turn the order of a log round
  for (store::AuditRow& row : *rows) {
    time_us = std::max(time_us, row.time_us);
    const std::int64_t seq = row.seq;
    page.items.push_back({time_us, row.node, seq,
                          proof ? ledger::to_json(ledger::ProvenEvent{seq, std::move(row.body), std::move(row.salt),
                                                                      std::move(row.chain)})
                                : std::move(row.body)});
    page.cursors[filter.node] = seq;
  }
  return {};
}

// The next page of the node's log that the filter names, or of all, by time.
base::Result<Page> read_page(store::Store& store, store::AuditFilter filter, const Cursors& cursors, bool proof) {
  base::Result<std::vector<std::string>> nodes = std::vector<std::string>{filter.node};
  if (filter.node.empty()) nodes = store.list_audit_nodes();
  if (!nodes) return base::pass(nodes);
  Page page;
  page.cursors = cursors;
  filter.max_bytes = kPageBytes / std::max<std::size_t>(nodes->size(), 1);
  for (const std::string& node : *nodes) {
    filter.node = node;
    const auto read = cursors.find(node);
    filter.after_seq = read == cursors.end() ? 0 : read->second;
    if (auto added = add_log(page, store, filter, proof); !added) return base::pass(added);
  }
  std::stable_sort(page.items.begin(), page.items.end(),
                   [](const Item& x, const Item& y) { return x.time_us < y.time_us; });
  const auto limit = static_cast<std::size_t>(filter.limit);
  if (filter.order == store::AuditFilter::Order::newest_first && page.items.size() > limit) {
    page.items.erase(page.items.begin(), page.items.end() - static_cast<std::ptrdiff_t>(limit));
  }
  return page;
}

class Reading final : public Activity {
 public:
  /// head: a proof up to it is read, and it is the last item.
  Reading(Exchange& exchange, store::AuditFilter filter, Cursors cursors, bool follow, std::optional<ledger::Head> head)
      : exchange_(exchange),
        filter_(std::move(filter)),
        cursors_(std::move(cursors)),
        follow_(follow),
        head_(std::move(head)),
        timer_(exchange.services().main_loop) {
    if (const auto connection = exchange_.connection()) connection->on_drained([this] { drained(); });
  }

  // Fetches a page on the reader's thread and comes back with it.
  void fetch() {
    waiting_ = true;
    exchange_.read([filter = filter_, cursors = cursors_, proof = head_.has_value()](Exchange& self) {
      auto page = std::make_shared<base::Result<Page>>(read_page(self.services().reader, filter, cursors, proof));
      self.post([page](Exchange& e) {
        if (auto* reading = static_cast<Reading*>(e.activity())) reading->took(std::move(*page));
      });
    });
  }

 private:
  void took(base::Result<Page> page) {
    waiting_ = false;
    if (!page) return exchange_.fail(page.error());
    for (const Item& item : page->items) {
      if (head_ && item.seq > head_->seq) break;
      exchange_.item(item.json);
    }
    cursors_ = std::move(page->cursors);
    const std::int64_t own = cursors_[exchange_.services().store.node()];
    const bool newest = filter_.order == store::AuditFilter::Order::newest_first;
    more_ = !newest && page->cut;
    if (head_ && own >= head_->seq) more_ = false;
    if (head_ && !more_) exchange_.item(ledger::to_json(*head_));
    filter_.order = store::AuditFilter::Order::oldest_first;
    filter_.limit = kPage;
    if (!more_ && !follow_) return exchange_.done(Json{{"last_seq", own}, {"last", cursors_}}.dump());
    drained();
  }

  // The next page only when the client has read this one.
  void drained() {
    const auto connection = exchange_.connection();
    if (waiting_ || exchange_.finished() || !connection || !connection->drained()) return;
    if (more_) return fetch();
    waiting_ = true;
    timer_.after_us(kFollowUs, [this] { fetch(); });
  }

  Exchange& exchange_;  // owns this
  store::AuditFilter filter_;
  Cursors cursors_;
  bool follow_;
  std::optional<ledger::Head> head_;
  bool more_ = false;
  bool waiting_ = false;
  net::Timer timer_;
};

void begin(Exchange& exchange, store::AuditFilter filter, Cursors cursors, bool follow,
           std::optional<ledger::Head> head) {
  auto reading = std::make_unique<Reading>(exchange, std::move(filter), std::move(cursors), follow, std::move(head));
  Reading& started = *reading;
  exchange.keep(std::move(reading));
  started.fetch();
}

// The head is signed first, so that whoever holds the file holds a signature over all of it.
void read_proof(const ExchangePtr& exchange, const ipc::AuditRead& asked, store::AuditFilter filter, Cursors cursors) {
  const std::string& own = exchange->services().store.node();
  if (!asked.node().empty() && asked.node() != own) {
    return exchange->fail({base::Errc::invalid, "only node " + asked.node() + " can sign for its log: ask there"});
  }
  filter.node = own;
  if (!asked.type().empty() || !asked.session().empty() || !asked.text().empty() || asked.follow() || !asked.all()) {
    return exchange->fail({base::Errc::invalid, "a proof is of the whole log: no event can be left out of it"});
  }
  exchange->run_on(exchange->services().store_thread, [filter = std::move(filter), cursors](Exchange& asker) {
    auto head = std::make_shared<base::Result<ledger::Head>>(asker.services().audit.log().keep_head());
    asker.post([head, filter, cursors](Exchange& e) {
      if (!*head) return e.fail(head->error());
      begin(e, filter, cursors, false, std::move(**head));
    });
  });
}

Json verdict_json(const std::string& node, const audit::Verdict& verdict) {
  Json out;
  out["node"] = node;
  out["ok"] = verdict.ok;
  out["events"] = verdict.events;
  out["heads"] = verdict.heads;
  out["signed_seq"] = verdict.signed_seq;
  out["faults"] = verdict.faults;
  out["chain"] = base::to_hex(verdict.chain);
  if (!verdict.ok) {
    out["broken_seq"] = verdict.broken_seq;
    out["problem"] = verdict.problem;
  }
  return out;
}

struct VerifyRequest {
  std::string node;  // empty: all
  std::vector<ledger::Head> heads;
  std::vector<std::int64_t> known_faults;
};

// The heads that were kept go with the log of the node whose key signed them; this node answers for the rest.
void deal_heads(const std::vector<ledger::Head>& heads, const Services& services,
                std::map<std::string, audit::VerifyOptions>& logs) {
  for (const ledger::Head& head : heads) {
    auto owner = logs.find(services.store.node());
    for (auto one = logs.begin(); one != logs.end(); ++one) {
      if (one->second.trusted_keys.front() == head.public_key) owner = one;
    }
    if (owner == logs.end()) owner = logs.begin();
    owner->second.witnessed.push_back(head);
  }
}

// What each log is held to. Other nodes' keys are what the vault sealed.
base::Result<std::map<std::string, audit::VerifyOptions>> logs_to_verify(Services& services,
                                                                         const VerifyRequest& asked) {
  auto nodes = services.store.list_audit_nodes();
  if (!nodes) return base::pass(nodes);
  std::map<std::string, audit::VerifyOptions> out;
  const std::string& own = services.store.node();
  nodes->push_back(own);
  for (const std::string& node : *nodes) {
    if (!asked.node.empty() && node != asked.node) continue;
    audit::VerifyOptions& options = out[node];
    options.node = node;
    // A walk over the whole log takes its turns with other readers, call by call, from a thread of its own.
    options.pages = &services.reader;
    if (node == (asked.node.empty() ? own : asked.node)) options.known_faults = asked.known_faults;
    if (node == own) {
      options.trusted_keys = {services.vault.node_public_key()};
      options.heads_due_us = services.clock.now_us() - kHeadsLateUs;
      continue;
    }
    auto key = services.vault.public_key_of_node(node);
    if (!key && key.error().code != base::Errc::not_found && key.error().code != base::Errc::corrupt) {
      return base::pass(key);
    }
    // Without its key, nothing that it signed counts.
    options.trusted_keys = {key ? std::move(*key) : base::Bytes()};
  }
  if (out.empty()) return base::fail(base::Errc::not_found, "node " + asked.node + " has no audit log here");
  deal_heads(asked.heads, services, out);
  return out;
}

// Of several logs: the sums, what is particular of the answering node's, and each by itself.
Json verdict_of_all(const std::string& own, const std::map<std::string, audit::Verdict>& verdicts) {
  const auto found = verdicts.find(own);
  const auto& [first_name, first] = found == verdicts.end() ? *verdicts.begin() : *found;
  Json out = verdict_json(first_name, first);
  if (verdicts.size() == 1) return out;
  std::int64_t events = 0;
  std::int64_t heads = 0;
  Json each = Json::array();
  for (const auto& [node, verdict] : verdicts) {
    events += verdict.events;
    heads += verdict.heads;
    each.push_back(verdict_json(node, verdict));
    if (verdict.ok || out.contains("problem")) continue;
    out["ok"] = false;
    out["broken_seq"] = verdict.broken_seq;
    out["problem"] = "node " + node + ": " + verdict.problem;
  }
  out["events"] = events;
  out["heads"] = heads;
  out["nodes"] = std::move(each);
  return out;
}

base::Result<Answer> verify_logs(Services& services, const VerifyRequest& asked) {
  auto logs = logs_to_verify(services, asked);
  if (!logs) return base::pass(logs);
  std::map<std::string, audit::Verdict> verdicts;
  for (const auto& [node, options] : *logs) {
    auto verdict = audit::verify(services.store, options);
    if (!verdict) return base::pass(verdict);
    verdicts.emplace(node, std::move(*verdict));
  }
  return Answer{{},
                verdict_of_all(services.store.node(), verdicts).dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace

void audit_read(const ExchangePtr& exchange, ipc::AdminRequest& request) {
  const ipc::AuditRead& asked = request.audit_read();
  store::AuditFilter filter;
  Cursors cursors;
  if (asked.after_seq() > 0) cursors[exchange->services().store.node()] = asked.after_seq();
  for (const ipc::AuditCursor& one : asked.after()) cursors[one.node()] = std::max<std::int64_t>(one.seq(), 0);
  filter.node = asked.node();
  filter.type = asked.type();
  filter.session = asked.session();
  filter.text = asked.text();
  const bool newest = cursors.empty() && !asked.all();
  if (newest) {
    filter.order = store::AuditFilter::Order::newest_first;
    filter.limit = asked.limit() == 0 ? kDefaultLimit : std::min<std::int64_t>(asked.limit(), kMaxLimit);
  } else {
    filter.limit = kPage;
  }
  if (asked.proof()) return read_proof(exchange, asked, std::move(filter), std::move(cursors));
  begin(*exchange, std::move(filter), std::move(cursors), asked.follow(), std::nullopt);
}

void audit_verify(const ExchangePtr& exchange, ipc::AdminRequest& request) {
  const ipc::AuditVerify& asked = request.audit_verify();
  VerifyRequest wanted;
  wanted.node = asked.node();
  wanted.known_faults.assign(asked.known_faults().begin(), asked.known_faults().end());
  for (const std::string& line : asked.heads()) {
    auto head = ledger::head_from_json(line);
    if (!head) return exchange->fail(head.error());
    wanted.heads.push_back(std::move(*head));
  }
  exchange->answer_on(exchange->context().slow,
                      [exchange, wanted = std::move(wanted)] { return verify_logs(exchange->services(), wanted); });
}

void audit_head(const ExchangePtr& exchange, ipc::AdminRequest&) {
  exchange->answer_on(exchange->services().store_thread, [exchange]() -> base::Result<Answer> {
    auto head = exchange->services().audit.log().keep_head();
    if (!head) return base::pass(head);
    return Answer{{}, ledger::to_json(*head)};
  });
}

}  // namespace sallyport::broker::admin
