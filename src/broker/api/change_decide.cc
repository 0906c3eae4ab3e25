// SPDX-License-Identifier: Apache-2.0
// A second administrator decides a change. It is carried out as its author saw it, or not at all.
#include <nlohmann/json.hpp>

#include "broker/access/change_json.h"
#include "broker/access/pending_change.h"
#include "broker/api/change_find.h"
#include "broker/api/change_submit.h"
#include "broker/api/documents.h"
#include "broker/api/handlers.h"
#include "broker/api/user_change.h"
#include "ledger/chain.h"

namespace sallyport::broker::api {
namespace {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

// What a step meets when the resources are not what its author saw. Everything else is a fault of the gateway's.
bool says_stale(Errc code) {
  return code == Errc::exists || code == Errc::not_found || code == Errc::invalid || code == Errc::denied;
}

class Decision {
 public:
  Decision(const Exchange& exchange, const ipc::ChangeDecide& asked)
      : exchange_(exchange), services_(exchange.services()), asked_(asked), person_(person_of(exchange.caller())) {}

  Result<Answer> make() {
    const Status done = services_.store.transaction([this] { return decide(); });
    if (!done) return fail(done.error().code, done.error().message);
    std::size_t ended = 0;
    if (row_.state == to_string(ChangeState::applied)) {
      auto in_force = enforce_steps(services_, exchange_.caller().actor, steps_);
      if (!in_force) return base::pass(in_force);
      ended = *in_force;
    }
    auto json = change_json(row_, services_.clock.now_us());
    if (!json) return base::pass(json);
    services_.notices.tell(type_, *json);
    if (!stale_.empty()) {
      return fail(Errc::exists, "the change is stale and was not carried out: " + stale_ +
                                    ". Its author reads the resources again and repeats it");
    }
    Json out = Json::parse(*json);
    out["sessions_ended"] = ended;
    return Answer{{}, out.dump(-1, ' ', false, Json::error_handler_t::replace)};
  }

 private:
  // Inside the transaction, which may run several times.
  Status decide() {
    stale_.clear();
    steps_.clear();
    auto found = find_change(services_.store, asked_.name());
    if (!found) return base::pass(found);
    row_ = std::move(*found);
    const base::Micros now = services_.clock.now_us();
    if (auto may = may_decide(row_, person_, now); !may) return may;
    // Another node may have changed who is what.
    if (auto loaded = services_.policy.reload(services_.store); !loaded) return loaded;
    if (!is_administrator(services_.policy.current()->resources, person_)) {
      return fail(Errc::denied, "only administrators decide changes");
    }
    row_.decided_us = now;
    row_.decided_by = person_;
    row_.comment = asked_.comment();
    if (!asked_.approves()) return close(ChangeState::denied, "change.deny");
    if (auto good = still_good(); !good) {
      if (!says_stale(good.error().code)) return good;
      stale_ = good.error().message;
      return close(ChangeState::stale, "change.stale");
    }
    if (auto closed = close(ChangeState::applied, "change.approve"); !closed) return closed;
    auto rows = run_steps(services_, {exchange_.caller().actor, row_.actor, row_.id}, steps_, Depth::carry_out);
    if (!rows) return base::pass(rows);
    return {};
  }

  // Errors that says_stale() knows: the change is not what its author, who must still be an administrator, made.
  Status still_good() {
    const auto state = services_.policy.current();
    if (row_.author != policy::kRoot) {
      const auto life = state->incarnation_of(row_.author);
      if (!life || life->life != row_.author_life || !is_administrator(state->resources, row_.author)) {
        return fail(Errc::denied, "its author " + row_.author + " is no administrator any more");
      }
    }
    auto steps = steps_in(row_.steps);
    if (!steps) return base::pass(steps);
    std::vector<ipc::ApplyItem> documents;
    for (std::size_t i = 0; i < steps->size(); ++i) {
      Step step;
      step.change = std::move((*steps)[i]);
      if (has_secret(step.change)) {
        auto secret = services_.vault.change_secret(row_.id, i);
        if (!secret) return fail(Errc::corrupt, secret.message());
        step.secret = std::make_shared<base::SecretBytes>(std::move(*secret));
      }
      if (step.change.what == ChangeStep::What::put) documents.emplace_back().set_json(step.change.text);
      steps_.push_back(std::move(step));
    }
    if (auto parsed = parse_documents(documents); !parsed) return base::pass(parsed);
    auto rows = run_steps(services_, {}, steps_, Depth::check);
    if (!rows) return base::pass(rows);
    return {};
  }

  Status close(ChangeState state, const char* type) {
    row_.state = to_string(state);
    type_ = type;
    if (auto kept = services_.store.update_change(row_, to_string(ChangeState::waiting)); !kept) return kept;
    if (auto gone = services_.vault.forget_change(row_.id); !gone) return gone;
    std::vector<audit::Field> fields{{"change", row_.id},       {"author", row_.author},
                                     {"by", person_},           {"areas", row_.areas},
                                     {"comment", row_.comment}, {"steps_sha256", ledger::text_hash(row_.steps)}};
    if (!stale_.empty()) fields.push_back({"reason", stale_});
    if (state == ChangeState::applied) {
      auto steps = steps_in(row_.steps);
      if (!steps) return base::pass(steps);
      auto diff = differences_text(services_.store, *steps);
      if (!diff) return base::pass(diff);
      fields.push_back({"diff", std::move(*diff)});
    }
    return write_event(exchange_, type, std::move(fields));
  }

  const Exchange& exchange_;
  Services& services_;
  const ipc::ChangeDecide& asked_;
  std::string person_;
  store::ChangeRow row_;
  std::vector<Step> steps_;
  std::string stale_;
  std::string type_;  // of the event
};

}  // namespace

void change_decide(const ExchangePtr& exchange, ipc::ChangeDecide& asked) {
  exchange->answer_on(exchange->services().store_thread,
                      [exchange, asked] { return Decision(*exchange, asked).make(); });
}

}  // namespace sallyport::broker::api
