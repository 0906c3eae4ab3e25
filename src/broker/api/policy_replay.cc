// SPDX-License-Identifier: Apache-2.0
// policy replay: past sessions, decided again by policies that are not in force. Trusted side; it changes nothing. A
// session is decided as of its beginning and its source, for the users, groups, targets and accounts of today.
#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "broker/api/documents.h"
#include "broker/api/handlers.h"
#include "broker/api/list.h"
#include "policy/decide.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kStep = 1000;
constexpr std::int64_t kMostSessions = 100'000;  // looked at
constexpr std::size_t kMostShown = 10'000;

/// "10.0.0.1:22" and "[fd00::1]:22" without the port.
std::string host_of(const std::string& source) {
  std::string out = source.substr(0, source.rfind(':'));
  if (out.size() >= 2 && out.front() == '[' && out.back() == ']') out = out.substr(1, out.size() - 2);
  return out;
}

policy::Request request_of(const store::SessionRow& row) {
  policy::Request out;
  out.user = row.user;
  out.target = row.target;
  out.account = row.account;
  out.time_us = row.started_at_us;
  out.source = host_of(row.source);
  return out;
}

/// Counts sessions, and keeps those that the changed policies would not simply allow.
class Replay {
 public:
  Replay(const policy::Snapshot& now, const policy::Snapshot& changed) : now_(now), changed_(changed) {}

  void look(const store::SessionRow& row) {
    ++sessions_;
    const policy::Request request = request_of(row);
    const policy::Decision then = policy::decide(changed_, request);
    const auto* denial = std::get_if<policy::Denial>(&then);
    std::string code, reason;
    if (denial != nullptr) {
      ++refused_;
      code = policy::to_string(denial->reason);
      reason = denial->detail;
    } else {
      const auto missing = policy::unmet(std::get<policy::Grant>(then).requirements, {});
      if (missing.empty()) return;
      ++conditional_;
      code = "requirement_unmet";
      reason = policy::sentence(missing);
    }
    if (answer_.items.size() >= kMostShown) return;
    const policy::Decision today = policy::decide(now_, request);
    answer_.add(Json{{"id", row.id},
                     {"user", row.user},
                     {"account", row.account},
                     {"target", row.target},
                     {"source", row.source},
                     {"started_at", base::to_rfc3339(row.started_at_us)},
                     {"verdict", denial != nullptr ? "deny" : "conditional"},
                     {"code", code},
                     {"reason", reason},
                     {"refused_now", std::holds_alternative<policy::Denial>(today)}}
                    .dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  bool full() const { return sessions_ >= kMostSessions; }

  Answer answer(bool complete) {
    answer_.done = Json{
        {"sessions", sessions_},
        {"refused", refused_},
        {"conditional", conditional_},
        {"shown", answer_.items.size()},
        {"complete",
         complete}}.dump();
    return std::move(answer_);
  }

 private:
  const policy::Snapshot& now_;
  const policy::Snapshot& changed_;
  std::int64_t sessions_ = 0, refused_ = 0, conditional_ = 0;
  Answer answer_;
};

base::Result<Answer> replay(store::Store& reader, const policy::Snapshot& now, const PolicyReplay& asked,
                            const TimeSpan& span) {
  auto changed = with_documents(now, asked.items);
  if (!changed) return base::pass(changed);
  for (const std::string& name : asked.asked.without()) {
    if (!changed->policies.contains(name)) return base::fail(base::Errc::not_found, "there is no policy " + name);
    changed->drop_policy(name);
  }
  Replay out(now, *changed);
  store::SessionFilter filter;
  filter.since_us = span.since_us;
  filter.until_us = span.until_us;
  filter.limit = kStep;
  while (true) {
    const auto rows = reader.list_sessions(filter);
    if (!rows) return base::fail(rows.error().code, rows.error().message);
    for (const store::SessionRow& row : *rows) out.look(row);
    if (static_cast<std::int64_t>(rows->size()) < kStep) return out.answer(true);
    if (out.full()) return out.answer(false);
    filter.before_id = rows->back().id;
  }
}

}  // namespace

void policy_replay(const ExchangePtr& exchange, PolicyReplay& asked) {
  auto span = time_span(asked.asked.since(), asked.asked.until());
  if (!span) return exchange->fail(span.error());
  exchange->answer_read([state = exchange->services().policy.current(), span = *span,
                         asked = std::make_shared<PolicyReplay>(std::move(asked))](store::Store& reader) {
    return replay(reader, state->resources, *asked, span);
  });
}

}  // namespace sallyport::broker::api
