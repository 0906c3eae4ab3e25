// SPDX-License-Identifier: Apache-2.0
// audit tail, search, export: events of one node's log or of all, by time, page by page at the caller's pace.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "broker/api/audit_pages.h"
#include "broker/api/handlers.h"
#include "broker/api/list.h"
#include "ledger/proof.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kDefaultNewest = 20;
constexpr std::int64_t kMaxNewest = 2000;
constexpr std::int64_t kFollowUs = 400'000;
constexpr const char* kCursor = "audit";

// What is read, and up to where.
struct Plan {
  store::AuditFilter filter;
  AuditCursors cursors;
  std::optional<ledger::Head> head;  // a proof up to it is read, and it is the last item
  std::int64_t newest = 0;           // begin with so many of the newest; 0: where the cursors say
  std::int64_t left = 0;             // at most so many; 0: all
  bool follow = false;
};

class Reading final : public Activity {
 public:
  Reading(Exchange& exchange, Plan plan)
      : exchange_(exchange), plan_(std::move(plan)), timer_(exchange.services().main_loop) {}

  void start() {
    if (plan_.newest == 0) return fetch();
    exchange_.read([filter = plan_.filter, count = plan_.newest](Exchange& self) {
      auto newest = std::make_shared<base::Result<NewestEvents>>(find_newest(self.services().reader, filter, count));
      self.post([newest](Exchange& e) {
        if (auto* reading = static_cast<Reading*>(e.activity())) reading->found(std::move(*newest));
      });
    });
  }

 private:
  void found(base::Result<NewestEvents> newest) {
    if (!newest) return exchange_.fail(newest.error());
    plan_.cursors = std::move(newest->before);
    if (plan_.follow) return fetch();
    last_wanted_ = std::move(newest->last);
    last_wanted_->empty() ? finish() : fetch();
  }

  void fetch() {
    if (!exchange_.may_go_on()) return;
    exchange_.read([filter = plan_.filter, cursors = plan_.cursors, proof = plan_.head.has_value()](Exchange& self) {
      auto page =
          std::make_shared<base::Result<AuditPage>>(read_audit_page(self.services().reader, filter, cursors, proof));
      self.post([page](Exchange& e) {
        if (auto* reading = static_cast<Reading*>(e.activity())) reading->took(std::move(*page));
      });
    });
  }

  void took(base::Result<AuditPage> page) {
    if (!page) return exchange_.fail(page.error());
    more_ = page->cut;
    std::vector<Item> items;
    for (AuditItem& item : page->items) {
      if (is_past_end(item)) continue;
      if (capped_) {
        more_ = true;
        break;
      }
      plan_.cursors[item.node] = item.seq;
      items.push_back({std::move(item.json)});
      if (plan_.left > 0 && --plan_.left == 0) capped_ = true;
    }
    if (has_all_wanted()) more_ = false;
    exchange_.pour(std::move(items), [](Exchange& e) { static_cast<Reading*>(e.activity())->poured(); });
  }

  // What came to a log after the end was decided.
  bool is_past_end(const AuditItem& item) const {
    if (plan_.head && item.seq > plan_.head->seq) return true;
    if (!last_wanted_) return false;
    const auto last = last_wanted_->find(item.node);
    return last == last_wanted_->end() || item.seq > last->second;
  }

  bool has_all_wanted() const {
    const auto at = [this](const std::string& node) {
      const auto found = plan_.cursors.find(node);
      return found == plan_.cursors.end() ? 0 : found->second;
    };
    if (plan_.head) return at(plan_.filter.node) >= plan_.head->seq;
    if (!last_wanted_) return false;
    return std::all_of(last_wanted_->begin(), last_wanted_->end(),
                       [&](const auto& one) { return at(one.first) >= one.second; });
  }

  void poured() {
    if (capped_) return finish();
    if (more_) return fetch();
    if (!plan_.follow) return finish();
    timer_.after_us(kFollowUs, [this] { fetch(); });
  }

  void finish() {
    std::vector<Item> last;
    if (plan_.head) last.push_back({ledger::to_json(*plan_.head)});
    const std::int64_t own = plan_.cursors[exchange_.services().store.node()];
    Json done{{"last_seq", own}, {"last", plan_.cursors}};
    done["next"] = capped_ && more_ ? Json(cursor_text(kCursor, Json(plan_.cursors).dump())) : Json();
    exchange_.pour(std::move(last), [json = done.dump()](Exchange& e) { e.done(json); });
  }

  Exchange& exchange_;  // owns this
  Plan plan_;
  std::optional<AuditCursors> last_wanted_;
  bool more_ = false;
  bool capped_ = false;
  net::Timer timer_;
};

void begin(Exchange& exchange, Plan plan) {
  auto reading = std::make_unique<Reading>(exchange, std::move(plan));
  Reading& started = *reading;
  exchange.keep(std::move(reading));
  started.start();
}

// The head is signed first, so that whoever holds the file holds a signature over all of it.
void read_proof(const ExchangePtr& exchange, Plan plan) {
  exchange->run_on(exchange->services().store_thread, [plan = std::move(plan)](Exchange& asker) {
    auto head = std::make_shared<base::Result<ledger::Head>>(asker.services().audit.log().keep_head());
    asker.post([head, plan](Exchange& e) {
      if (!*head) return e.fail(head->error());
      Plan proven = plan;
      proven.head = std::move(**head);
      begin(e, std::move(proven));
    });
  });
}

base::Result<AuditCursors> start_of(const ipc::AuditRead& asked, const std::string& own) {
  auto position = position_in(kCursor, asked.cursor());
  if (!position) return base::pass(position);
  AuditCursors out;
  if (asked.after_seq() > 0) out[own] = asked.after_seq();
  for (const ipc::AuditCursor& one : asked.after()) out[one.node()] = std::max<std::int64_t>(one.seq(), 0);
  if (position->empty()) return out;
  const Json parsed = Json::parse(*position, nullptr, false);
  const auto is_seq = [](const auto& value) { return value.is_number_unsigned() && value <= INT64_MAX; };
  if (!parsed.is_object() || !std::all_of(parsed.begin(), parsed.end(), is_seq)) {
    return base::fail(base::Errc::invalid, "that is not a cursor of this list");
  }
  for (const auto& [node, seq] : parsed.items()) out[node] = seq.get<std::int64_t>();
  return out;
}

bool is_filtered(const ipc::AuditRead& asked) {
  return !asked.type().empty() || !asked.session().empty() || !asked.text().empty() || !asked.actor().empty() ||
         !asked.since().empty() || !asked.until().empty();
}

base::Status check_proof(const ipc::AuditRead& asked, const std::string& own) {
  if (!asked.node().empty() && asked.node() != own) {
    return base::fail(base::Errc::invalid, "only node " + asked.node() + " can sign for its log: ask there");
  }
  if (is_filtered(asked) || asked.follow() || !asked.all() || asked.most() != 0) {
    return base::fail(base::Errc::invalid, "a proof is of the whole log: no event can be left out of it");
  }
  return {};
}

base::Result<Plan> plan_of(const ipc::AuditRead& asked, const std::string& own) {
  auto start = start_of(asked, own);
  if (!start) return base::pass(start);
  auto span = time_span(asked.since(), asked.until());
  if (!span) return base::pass(span);
  Plan out;
  out.follow = asked.follow();
  out.cursors = std::move(*start);
  out.filter.node = asked.node();
  out.filter.type = asked.type();
  out.filter.session = asked.session();
  out.filter.text = asked.text();
  out.filter.actor = asked.actor();
  out.filter.since_us = span->since_us;
  out.filter.until_us = span->until_us;
  if (asked.all() || !out.cursors.empty() || !asked.cursor().empty()) {
    out.left = asked.most();
  } else {
    out.newest = asked.limit() == 0 ? kDefaultNewest : std::min<std::int64_t>(asked.limit(), kMaxNewest);
  }
  return out;
}

}  // namespace

void audit_read(const ExchangePtr& exchange, ipc::AuditRead& asked) {
  const std::string& own = exchange->services().store.node();
  auto plan = plan_of(asked, own);
  if (!plan) return exchange->fail(plan.error());
  if (!asked.proof()) return begin(*exchange, std::move(*plan));
  if (auto whole = check_proof(asked, own); !whole) return exchange->fail(whole.error());
  plan->filter.node = own;
  read_proof(exchange, std::move(*plan));
}

}  // namespace sallyport::broker::api
