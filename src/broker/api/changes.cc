// SPDX-License-Identifier: Apache-2.0
// change list, show, cancel and review.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/id.h"
#include "broker/access/access_requests.h"
#include "broker/access/change_json.h"
#include "broker/access/pending_change.h"
#include "broker/api/change_find.h"
#include "broker/api/change_submit.h"
#include "broker/api/handlers.h"
#include "broker/api/list.h"
#include "broker/api/user_change.h"

namespace sallyport::broker::api {
namespace {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

constexpr std::size_t kCodeLength = 8;
constexpr std::int64_t kMostLookedAt = 10'000;
constexpr std::int64_t kMostAtATime = 50;  // a change may be long

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json value_of(const std::string& json) {
  return json.empty() ? Json() : Json::parse(json, nullptr, false);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

struct Filter {
  store::ChangeFilter rows;
  std::vector<ChangeState> states;
  bool to_decide = false;
  std::string person;
};

Result<ListStep> step_of(store::Store& reader, Filter filter, base::Micros now, const std::string& after,
                         std::int64_t limit) {
  limit = std::min(limit, kMostAtATime);
  filter.rows.before_id = after;
  filter.rows.limit = limit + 1;
  auto rows = reader.list_changes(filter.rows);
  if (!rows) return base::pass(rows);
  ListStep out;
  out.position = after;
  out.more = static_cast<std::int64_t>(rows->size()) > limit;
  if (out.more) rows->pop_back();
  for (const store::ChangeRow& row : *rows) {
    out.position = row.id;
    const auto is = state_at(row, now);
    if (!is) return fail(is.error().code, is.message());
    if (!filter.states.empty() && std::find(filter.states.begin(), filter.states.end(), *is) == filter.states.end()) {
      continue;
    }
    if (filter.to_decide && !may_decide(row, filter.person, now)) continue;
    auto json = change_json(row, now);
    if (!json) return base::pass(json);
    out.items.push_back({std::move(*json)});
  }
  return out;
}

Result<Answer> shown(store::Store& reader, const std::string& name, base::Micros now) {
  auto row = find_change(reader, name);
  if (!row) return base::pass(row);
  auto steps = steps_in(row->steps);
  if (!steps) return base::pass(steps);
  Answer out;
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const ChangeStep& step = (*steps)[i];
    const auto changes = differences_of(reader, step);
    if (!changes) return fail(changes.error().code, changes.message());
    for (const policy::Difference& one : *changes) {
      out.add(dump({{"step", i + 1},
                    {"kind", step.kind},
                    {"name", step.name},
                    {"what", word_of(step)},
                    {"path", one.path},
                    {"before", value_of(one.before)},
                    {"after", value_of(one.after)}}));
    }
  }
  auto json = change_json(*row, now);
  if (!json) return base::pass(json);
  out.done = std::move(*json);
  return out;
}

// Finds the change, has it changed and noted, and answers with it: in one transaction.
void alter(const ExchangePtr& exchange, const std::string& name, const char* type,
           std::function<Status(Services&, store::ChangeRow&)> how) {
  exchange->answer_on(exchange->services().store_thread, [exchange, name, type, how]() -> Result<Answer> {
    Services& services = exchange->services();
    store::ChangeRow row;
    const Status done = services.store.transaction([&]() -> Status {
      auto found = find_change(services.store, name);
      if (!found) return base::pass(found);
      row = std::move(*found);
      const std::string before = row.state;
      if (auto altered = how(services, row); !altered) return altered;
      if (auto kept = services.store.update_change(row, before); !kept) return kept;
      return write_event(*exchange, type,
                         {{"change", row.id},
                          {"author", row.author},
                          {"by", person_of(exchange->caller())},
                          {"comment", before == row.state ? row.review : row.comment}});
    });
    if (!done) return fail(done.error().code, done.error().message);
    auto json = change_json(row, services.clock.now_us());
    if (!json) return base::pass(json);
    services.notices.tell(type, *json);
    return Answer{{}, std::move(*json)};
  });
}

}  // namespace

Result<store::ChangeRow> find_change(store::Store& store, const std::string& name) {
  const std::string wanted = lower(name);
  if (base::is_id(wanted)) return store.get_change(wanted);
  auto rows = store.list_changes({{to_string(ChangeState::waiting)}, "", 0, false, "", kMostLookedAt, true});
  if (!rows) return base::pass(rows);
  auto to_review = store.list_changes({{}, "", 0, true, "", kMostLookedAt, true});
  if (!to_review) return base::pass(to_review);
  rows->insert(rows->end(), to_review->begin(), to_review->end());
  const store::ChangeRow* found = nullptr;
  for (const store::ChangeRow& row : *rows) {
    if (wanted.size() != kCodeLength || !row.id.ends_with(wanted)) continue;
    if (found != nullptr) return fail(Errc::invalid, "several changes have this code; give the whole id");
    found = &row;
  }
  if (found == nullptr) {
    return fail(Errc::not_found, "there is no open change with this id or code; see: sallyport change list");
  }
  return store.get_change(found->id);
}

void change_list(const ExchangePtr& exchange, ipc::ChangeList& asked) {
  Filter filter;
  filter.to_decide = asked.to_decide();
  filter.rows.to_review = asked.to_review();
  filter.person = person_of(exchange->caller());
  for (const std::string& word : asked.states()) {
    const auto state = change_state_from(word);
    if (!state) return exchange->fail(state.error());
    filter.states.push_back(*state);
  }
  ListSource source{ListSource::Where::reader, "changes", {}, {}};
  source.step = [&services = exchange->services(), filter](store::Store& reader, const std::string& after,
                                                           std::int64_t limit) {
    return step_of(reader, filter, services.clock.now_us(), after, limit);
  };
  answer_list(*exchange, std::move(source), asked.cursor(), asked.limit());
}

void change_show(const ExchangePtr& exchange, ipc::ChangeShow& asked) {
  exchange->answer_read([&services = exchange->services(), name = asked.name()](store::Store& reader) {
    return shown(reader, name, services.clock.now_us());
  });
}

void change_cancel(const ExchangePtr& exchange, ipc::ChangeCancel& asked) {
  alter(exchange, asked.name(), "change.cancel",
        [person = person_of(exchange->caller())](Services& services, store::ChangeRow& row) -> Status {
          const base::Micros now = services.clock.now_us();
          if (auto may = may_cancel(row, person, now); !may) return may;
          row.state = to_string(ChangeState::cancelled);
          row.decided_us = now;
          row.decided_by = person;
          return services.vault.forget_change(row.id);
        });
}

void change_review(const ExchangePtr& exchange, ipc::ChangeReview& asked) {
  alter(exchange, asked.name(), "change.review",
        [person = person_of(exchange->caller()), said = asked.comment()](Services& services,
                                                                         store::ChangeRow& row) -> Status {
          if (auto may = may_review(row, person); !may) return may;
          row.reviewed_us = services.clock.now_us();
          row.reviewed_by = person;
          row.review = said;
          return {};
        });
}

}  // namespace sallyport::broker::api
