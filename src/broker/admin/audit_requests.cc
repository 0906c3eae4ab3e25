// SPDX-License-Identifier: Apache-2.0
// audit tail, search, verify, heads: reads only. Long walks go page by page at the client's pace.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "audit/verify.h"
#include "broker/admin/handlers.h"
#include "ipc/admin.pb.h"

namespace sallyport::broker::admin {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kPage = 200;
constexpr std::int64_t kDefaultLimit = 20;
constexpr std::int64_t kMaxLimit = 2000;
constexpr std::int64_t kFollowUs = 400'000;
constexpr base::Micros kHeadsLateUs = 2 * audit::kHeadPeriodUs;  // what a busy store's thread may cost

class Reading final : public Activity {
 public:
  Reading(Exchange& exchange, store::AuditFilter filter, bool follow)
      : exchange_(exchange), filter_(std::move(filter)), follow_(follow), timer_(exchange.services().main_loop) {
    if (const auto connection = exchange_.connection()) connection->on_drained([this] { drained(); });
  }

  // Fetches a page on the store's thread and comes back with it.
  void fetch() {
    waiting_ = true;
    exchange_.run_on(exchange_.services().store_thread, [filter = filter_](Exchange& self) {
      auto entries =
          std::make_shared<base::Result<std::vector<audit::Entry>>>(audit::list(self.services().store, filter));
      self.post([entries](Exchange& e) {
        if (auto* reading = static_cast<Reading*>(e.activity())) reading->page(std::move(*entries));
      });
    });
  }

 private:
  void page(base::Result<std::vector<audit::Entry>> entries) {
    waiting_ = false;
    if (!entries) return exchange_.fail(entries.error());
    std::sort(entries->begin(), entries->end(), [](const auto& a, const auto& b) { return a.seq < b.seq; });
    for (const audit::Entry& entry : *entries) {
      exchange_.item(entry.json);
      filter_.after_seq = std::max(filter_.after_seq, entry.seq);
    }
    const bool newest = filter_.order == store::AuditFilter::Order::newest_first;
    more_ = !newest && static_cast<std::int64_t>(entries->size()) >= filter_.limit;
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
  bool more_ = false;
  bool waiting_ = false;
  net::Timer timer_;
};

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
  const bool newest = filter.after_seq == 0 && !asked.all();
  if (newest) {
    filter.order = store::AuditFilter::Order::newest_first;
    filter.limit = asked.limit() == 0 ? kDefaultLimit : std::min<std::int64_t>(asked.limit(), kMaxLimit);
  } else {
    filter.limit = kPage;
  }
  auto reading = std::make_unique<Reading>(*exchange, std::move(filter), asked.follow());
  Reading& started = *reading;
  exchange->keep(std::move(reading));
  started.fetch();
}

void audit_verify(const ExchangePtr& exchange, ipc::AdminRequest& request) {
  const ipc::AuditVerify& asked = request.audit_verify();
  Services& services = exchange->services();
  audit::VerifyOptions options;
  options.trusted_keys.push_back(services.vault.node_public_key());
  options.heads_due_us = services.clock.now_us() - kHeadsLateUs;
  options.known_faults.assign(asked.known_faults().begin(), asked.known_faults().end());
  for (const std::string& line : asked.heads()) {
    auto head = audit::head_from_json(line);
    if (!head) return exchange->fail(head.error());
    options.witnessed.push_back(std::move(*head));
  }
  // A walk over the whole log takes its turns with the store's thread, call by call, from a thread of its own.
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
    return Answer{{}, audit::to_json(*head)};
  });
}

}  // namespace sallyport::broker::admin
