// SPDX-License-Identifier: Apache-2.0
// At once, later, or at once and reviewed later.
#include "broker/api/change_submit.h"

#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "base/id.h"
#include "base/log.h"
#include "broker/access/access_requests.h"
#include "broker/access/change_json.h"
#include "broker/access/request_rows.h"
#include "ledger/chain.h"

namespace sallyport::broker::api {
namespace {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMostReasonBytes = 1000;
constexpr std::size_t kMostStepsBytes = 1024 * 1024;
constexpr base::Micros kHourUs = base::Micros{3600} * 1'000'000;

policy::ChangeAreas covered(const Services& services, policy::ChangeAreas areas) {
  policy::ChangeAreas out;
  const auto demanded = policy::areas_in(services.config.changes.second_administrator);
  for (const policy::ChangeArea area : policy::kChangeAreas) {
    // The configuration was checked when it was read. What cannot be read covers everything.
    if (areas.has(area) && (!demanded || demanded->has(area))) out.add(area);
  }
  return out;
}

std::vector<ChangeStep> without_secrets(const std::vector<Step>& steps) {
  std::vector<ChangeStep> out;
  for (const Step& step : steps) out.push_back(step.change);
  return out;
}

Status check_words(const Caller& caller, const Wish& wish) {
  if (wish.reason.size() > kMostReasonBytes || wish.emergency.size() > kMostReasonBytes ||
      !base::is_utf8(wish.reason) || !base::is_utf8(wish.emergency)) {
    return fail(Errc::invalid, "a reason is text of at most " + std::to_string(kMostReasonBytes) + " bytes");
  }
  if (!wish.emergency.empty() && person_of(caller) != policy::kRoot) {
    return fail(Errc::denied, "only root of the gateway's machine goes ahead in an emergency");
  }
  return {};
}

class Submission {
 public:
  Submission(const Exchange& exchange, const std::vector<Step>& steps, const Wish& wish)
      : exchange_(exchange), services_(exchange.services()), steps_(steps), wish_(wish) {}

  /// The steps wait.
  Status keep(policy::ChangeAreas areas, Submitted& out) {
    if (auto room = check_room(); !room) return room;
    store::ChangeRow row = row_for(areas);
    row.state = to_string(ChangeState::waiting);
    row.reason = wish_.reason;
    row.decide_by_us = row.created_us + services_.config.changes.decide_hours * kHourUs;
    if (auto kept = services_.store.insert_change(row); !kept) return kept;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (!steps_[i].secret) continue;
      if (auto sealed = services_.vault.set_change_secret(row.id, i, steps_[i].secret->view()); !sealed) return sealed;
    }
    out.waits = row.id;
    return tell("change.create", row, out);
  }

  /// The steps were carried out although they should have waited.
  Status keep_emergency(policy::ChangeAreas areas, const std::string& diff, Submitted& out) {
    store::ChangeRow row = row_for(areas);
    row.state = to_string(ChangeState::applied);
    row.reason = wish_.emergency;
    row.decide_by_us = row.created_us;
    row.emergency = true;
    row.decided_us = row.created_us;
    row.decided_by = row.author;
    if (auto kept = services_.store.insert_change(row); !kept) return kept;
    out.emergency = row.id;
    return tell("change.emergency", row, out, diff);
  }

 private:
  store::ChangeRow row_for(policy::ChangeAreas areas) {
    const Caller& caller = exchange_.caller();
    store::ChangeRow row;
    row.created_us = services_.clock.now_us();
    row.id = base::make_id(row.created_us, services_.random);
    row.author = person_of(caller);
    if (const auto life = services_.policy.current()->incarnation_of(row.author)) row.author_life = life->life;
    row.actor = caller.actor;
    row.areas = joined(areas.words());
    row.steps = text_of(without_secrets(steps_));
    return row;
  }

  Status check_room() {
    std::size_t bytes = 0;
    for (const Step& step : steps_) bytes += step.change.text.size() + (step.secret ? step.secret->size() : 0);
    if (bytes > kMostStepsBytes) return fail(Errc::full, "a change that waits has at most 1 MiB: make it in parts");
    auto waiting = services_.store.list_changes({{to_string(ChangeState::waiting)}, "", 0, false, "", 10'000, true});
    if (!waiting) return base::pass(waiting);
    std::size_t all = 0, own = 0;
    for (const store::ChangeRow& row : *waiting) {
      if (row.decide_by_us <= services_.clock.now_us()) continue;
      ++all;
      if (row.author == person_of(exchange_.caller())) ++own;
    }
    if (own < kMostWaitingOfOne && all < kMostWaitingChanges) return {};
    return fail(Errc::full,
                "too many changes wait for a decision; cancel some (sallyport change list --state waiting)");
  }

  Status tell(const char* type, const store::ChangeRow& row, Submitted& out,
              std::optional<std::string> diff = std::nullopt) {
    auto json = change_json(row, row.created_us);
    if (!json) return base::pass(json);
    out.news = {type, std::move(*json)};
    if (!diff) {
      auto text = differences_text(services_.store, without_secrets(steps_));
      if (!text) return base::pass(text);
      diff = std::move(*text);
    }
    audit::Event event = exchange_.event(type);
    event.fields = {{"change", row.id},     {"author", row.author}, {"areas", row.areas},
                    {"reason", row.reason}, {"diff", *diff},        {"steps_sha256", ledger::text_hash(row.steps)}};
    auto written = services_.audit.log().append(event);
    if (!written) return base::pass(written);
    return {};
  }

  const Exchange& exchange_;
  Services& services_;
  const std::vector<Step>& steps_;
  const Wish& wish_;
};

// Inside the transaction.
Status submit_now(const Exchange& exchange, std::vector<Step>& steps, const Wish& wish, Depth depth, Submitted& out) {
  Services& services = exchange.services();
  out = {};
  const auto areas = look_at(services.store, steps);
  if (!areas) return fail(areas.error().code, areas.message());
  const policy::ChangeAreas needs = covered(services, *areas);
  out.needs = needs.words();
  const bool waits = !needs.empty() && wish.emergency.empty();
  const bool emergency = !needs.empty() && !wish.emergency.empty();
  std::string diff;
  if (emergency && depth == Depth::carry_out) {
    auto text = differences_text(services.store, without_secrets(steps));
    if (!text) return base::pass(text);
    diff = std::move(*text);
  }
  const std::string& actor = exchange.caller().actor;
  auto rows = run_steps(services, {actor, actor, ""}, steps, waits ? Depth::check : depth);
  if (!rows) return base::pass(rows);
  out.rows = std::move(*rows);
  if (depth == Depth::check) return {};
  if (waits) return Submission(exchange, steps, wish).keep(needs, out);
  if (emergency) return Submission(exchange, steps, wish).keep_emergency(needs, diff, out);
  return {};
}

}  // namespace

std::string person_of(const Caller& caller) {
  return caller.user.empty() ? std::string(policy::kRoot) : caller.user;
}

Result<Submitted> submit(const Exchange& exchange, std::vector<Step> steps, const Wish& wish, Depth depth) {
  if (auto good = check_words(exchange.caller(), wish); !good) return base::pass(good);
  Services& services = exchange.services();
  Submitted out;
  const Status done = services.store.transaction([&] { return submit_now(exchange, steps, wish, depth, out); });
  if (!done) return fail(done.error().code, done.error().message);
  if (!out.news.first.empty()) services.notices.tell(out.news.first, out.news.second);
  if (!out.emergency.empty()) {
    base::log_warning("a change without a second administrator by " + exchange.caller().actor + ", change " +
                      request_code(out.emergency) + ": " + base::escape_for_terminal(wish.emergency));
  }
  if (depth == Depth::check || !out.waits.empty()) return out;
  auto ended = enforce_steps(services, exchange.caller().actor, steps);
  if (!ended) return base::pass(ended);
  out.ended = *ended;
  return out;
}

Answer answer_of(const Submitted& submitted) {
  Json done = Json::parse(submitted.rows.front());
  done["sessions_ended"] = submitted.ended;
  if (!submitted.waits.empty()) {
    done["action"] = "waiting";
    done["change"] = submitted.waits;
    done["code"] = request_code(submitted.waits);
  }
  if (!submitted.emergency.empty()) done["to_review"] = submitted.emergency;
  return Answer{{}, done.dump()};
}

Status check_alone(const Exchange& exchange, policy::ChangeArea area, const std::string& instead) {
  policy::ChangeAreas one;
  one.add(area);
  if (covered(exchange.services(), one).empty()) return {};
  return fail(Errc::denied,
              "changes of " + std::string(policy::to_string(area)) +
                  " need a second administrator on this gateway, and this one cannot wait for one: " + instead);
}

}  // namespace sallyport::broker::api
