// SPDX-License-Identifier: Apache-2.0
// audit tail, search, verify, heads: reads only. Long walks go page by page at the client's pace.
#include <algorithm>

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

struct Page {
  std::vector<std::pair<std::int64_t, std::string>> items;  // seq, JSON
  bool cut = false;                                         // there may be more that matches
};

// What a client gets of a page of the log: the events, or with them what proves them.
base::Result<Page> read_page(store::Store& store, const store::AuditFilter& filter, bool proof) {
  auto rows = store.list_audit(filter);
  if (!rows) return base::pass(rows);
  Page out;
  out.items.reserve(rows->size());
  std::size_t bytes = 0;
  for (const store::AuditRow& row : *rows) bytes += row.body.size();
  out.cut = static_cast<std::int64_t>(rows->size()) >= filter.limit || bytes >= filter.max_bytes;
  for (store::AuditRow& row : *rows) {
    const std::int64_t seq = row.seq;
    out.items.emplace_back(seq, proof ? ledger::to_json(ledger::ProvenEvent{seq, std::move(row.body),
                                                                            std::move(row.salt), std::move(row.chain)})
                                      : std::move(row.body));
  }
  std::sort(out.items.begin(), out.items.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

class Reading final : public Activity {
 public:
  /// head: a proof up to it is read, and it is the last item.
  Reading(Exchange& exchange, store::AuditFilter filter, bool follow, std::optional<ledger::Head> head)
      : exchange_(exchange),
        filter_(std::move(filter)),
        follow_(follow),
        head_(std::move(head)),
        timer_(exchange.services().main_loop) {
    if (const auto connection = exchange_.connection()) connection->on_drained([this] { drained(); });
  }

  // Fetches a page on the reader's thread and comes back with it.
  void fetch() {
    waiting_ = true;
    exchange_.read([filter = filter_, proof = head_.has_value()](Exchange& self) {
      auto page = std::make_shared<base::Result<Page>>(read_page(self.services().reader, filter, proof));
      self.post([page](Exchange& e) {
        if (auto* reading = static_cast<Reading*>(e.activity())) reading->took(std::move(*page));
      });
    });
  }

 private:
  void took(base::Result<Page> page) {
    waiting_ = false;
    if (!page) return exchange_.fail(page.error());
    for (const auto& [seq, json] : page->items) {
      if (head_ && seq > head_->seq) break;
      exchange_.item(json);
      filter_.after_seq = std::max(filter_.after_seq, seq);
    }
    const bool newest = filter_.order == store::AuditFilter::Order::newest_first;
    more_ = !newest && page->cut;
    if (head_ && filter_.after_seq >= head_->seq) more_ = false;
    if (head_ && !more_) exchange_.item(ledger::to_json(*head_));
    filter_.order = store::AuditFilter::Order::oldest_first;
    filter_.limit = kPage;
    if (!more_ && !follow_) return exchange_.done(Json{{"last_seq", filter_.after_seq}}.dump());
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
  bool follow_;
  std::optional<ledger::Head> head_;
  bool more_ = false;
  bool waiting_ = false;
  net::Timer timer_;
};

void begin(Exchange& exchange, store::AuditFilter filter, bool follow, std::optional<ledger::Head> head) {
  auto reading = std::make_unique<Reading>(exchange, std::move(filter), follow, std::move(head));
  Reading& started = *reading;
  exchange.keep(std::move(reading));
  started.fetch();
}

// The head is signed first, so that whoever holds the file holds a signature over all of it.
void read_proof(const ExchangePtr& exchange, const ipc::AuditRead& asked, store::AuditFilter filter) {
  if (!asked.type().empty() || !asked.session().empty() || !asked.text().empty() || asked.follow() || !asked.all()) {
    return exchange->fail({base::Errc::invalid, "a proof is of the whole log: no event can be left out of it"});
  }
  exchange->run_on(exchange->services().store_thread, [filter = std::move(filter)](Exchange& asker) {
    auto head = std::make_shared<base::Result<ledger::Head>>(asker.services().audit.log().keep_head());
    asker.post([head, filter](Exchange& e) {
      if (!*head) return e.fail(head->error());
      begin(e, filter, false, std::move(**head));
    });
  });
}

Json verdict_json(const audit::Verdict& verdict) {
  Json out;
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

}  // namespace

void audit_read(const ExchangePtr& exchange, ipc::AdminRequest& request) {
  const ipc::AuditRead& asked = request.audit_read();
  store::AuditFilter filter;
  filter.after_seq = std::max<std::int64_t>(asked.after_seq(), 0);
  filter.type = asked.type();
  filter.session = asked.session();
  filter.text = asked.text();
  filter.max_bytes = kPageBytes;
  const bool newest = filter.after_seq == 0 && !asked.all();
  if (newest) {
    filter.order = store::AuditFilter::Order::newest_first;
    filter.limit = asked.limit() == 0 ? kDefaultLimit : std::min<std::int64_t>(asked.limit(), kMaxLimit);
  } else {
    filter.limit = kPage;
  }
  if (asked.proof()) return read_proof(exchange, asked, std::move(filter));
  begin(*exchange, std::move(filter), asked.follow(), std::nullopt);
}

void audit_verify(const ExchangePtr& exchange, ipc::AdminRequest& request) {
  const ipc::AuditVerify& asked = request.audit_verify();
  Services& services = exchange->services();
  audit::VerifyOptions options;
  options.trusted_keys.push_back(services.vault.node_public_key());
  options.heads_due_us = services.clock.now_us() - kHeadsLateUs;
  options.known_faults.assign(asked.known_faults().begin(), asked.known_faults().end());
  for (const std::string& line : asked.heads()) {
    auto head = ledger::head_from_json(line);
    if (!head) return exchange->fail(head.error());
    options.witnessed.push_back(std::move(*head));
  }
  // A walk over the whole log takes its turns with other readers, call by call, from a thread of its own.
  options.pages = &services.reader;
  exchange->answer_on(exchange->context().slow, [exchange, options = std::move(options)]() -> base::Result<Answer> {
    auto verdict = audit::verify(exchange->services().store, options);
    if (!verdict) return base::pass(verdict);
    return Answer{{}, verdict_json(*verdict).dump(-1, ' ', false, Json::error_handler_t::replace)};
  });
}

void audit_head(const ExchangePtr& exchange, ipc::AdminRequest&) {
  exchange->answer_on(exchange->services().store_thread, [exchange]() -> base::Result<Answer> {
    auto head = exchange->services().audit.log().keep_head();
    if (!head) return base::pass(head);
    return Answer{{}, ledger::to_json(*head)};
  });
}

}  // namespace sallyport::broker::admin
