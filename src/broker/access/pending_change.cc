// SPDX-License-Identifier: Apache-2.0
// Steps as JSON, and the rules.
#include "broker/access/pending_change.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "policy/decide.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;
using Json = nlohmann::ordered_json;
using What = ChangeStep::What;

namespace {

struct Word {
  What what;
  const char* word;
};
constexpr Word kWords[] = {{What::put, "put"},           {What::remove, "delete"},
                           {What::add_key, "add-key"},   {What::password, "set-password"},
                           {What::secret, "set-secret"}, {What::remove_totp, "remove-totp"}};

constexpr ChangeState kStates[] = {ChangeState::waiting,   ChangeState::applied, ChangeState::denied,
                                   ChangeState::cancelled, ChangeState::stale,   ChangeState::expired};

base::Status must_wait(const store::ChangeRow& change, base::Micros now_us) {
  const auto state = state_at(change, now_us);
  if (!state) return fail(state.error().code, state.message());
  if (*state == ChangeState::waiting) return {};
  return fail(Errc::invalid, std::string("this change waits no more: it is ") + to_string(*state));
}

}  // namespace

bool has_secret(const ChangeStep& step) {
  return step.what == What::password || step.what == What::secret;
}

std::string text_of(const std::vector<ChangeStep>& steps) {
  Json out = Json::array();
  for (const ChangeStep& step : steps) {
    const auto word =
        std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& w) { return w.what == step.what; });
    out.push_back(
        {{"what", word->word}, {"kind", step.kind}, {"name", step.name}, {"text", step.text}, {"seen", step.seen}});
  }
  return out.dump();
}

base::Result<std::vector<ChangeStep>> steps_in(const std::string& text) {
  const auto corrupt = [] { return fail(Errc::corrupt, "a change's steps are not as this version writes them"); };
  const Json all = Json::parse(text, nullptr, false);
  if (!all.is_array() || all.empty()) return corrupt();
  std::vector<ChangeStep> out;
  for (const Json& one : all) {
    if (!one.is_object() || one.size() != 5) return corrupt();
    for (const char* key : {"what", "kind", "name", "text"}) {
      if (!one.contains(key) || !one[key].is_string()) return corrupt();
    }
    if (!one.contains("seen") || !one["seen"].is_number_integer()) return corrupt();
    const auto word =
        std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& w) { return one["what"] == w.word; });
    if (word == std::end(kWords)) return corrupt();
    out.push_back({word->what, one["kind"], one["name"], one["text"], one["seen"]});
  }
  return out;
}

const char* to_string(ChangeState state) {
  switch (state) {
    case ChangeState::waiting:
      return "waiting";
    case ChangeState::applied:
      return "applied";
    case ChangeState::denied:
      return "denied";
    case ChangeState::cancelled:
      return "cancelled";
    case ChangeState::stale:
      return "stale";
    case ChangeState::expired:
      return "expired";
  }
  return "";
}

base::Result<ChangeState> change_state_from(std::string_view word) {
  for (const ChangeState state : kStates) {
    if (word == to_string(state)) return state;
  }
  return fail(Errc::invalid, "'" + std::string(word) +
                                 "' is no state of a change: waiting, applied, denied, cancelled, stale or expired");
}

base::Result<ChangeState> state_at(const store::ChangeRow& change, base::Micros now_us) {
  const auto state = change_state_from(change.state);
  if (!state) return fail(Errc::corrupt, "change " + change.id + ": " + state.message());
  if (*state != ChangeState::waiting) return *state;
  // A clock that was set back before the change was made proves nothing about its time.
  const bool in_time = now_us < change.decide_by_us && now_us >= change.created_us;
  return in_time ? ChangeState::waiting : ChangeState::expired;
}

bool is_administrator(const policy::Snapshot& resources, std::string_view person) {
  if (person == policy::kRoot) return true;
  const policy::User* user = resources.user(person);
  if (user == nullptr || user->disabled) return false;
  const auto roles = policy::roles_of(resources, person, {});
  return std::find(roles.begin(), roles.end(), policy::Role::administrator) != roles.end();
}

base::Status may_decide(const store::ChangeRow& change, std::string_view person, base::Micros now_us) {
  if (auto waits = must_wait(change, now_us); !waits) return waits;
  if (person != change.author) return {};
  return fail(Errc::denied,
              "nobody decides a change of their own: another administrator does (sallyport change cancel " + change.id +
                  " takes it back)");
}

base::Status may_cancel(const store::ChangeRow& change, std::string_view person, base::Micros now_us) {
  if (auto waits = must_wait(change, now_us); !waits) return waits;
  if (person == change.author) return {};
  return fail(Errc::denied,
              "only its author takes a change back; you can deny it (sallyport change deny " + change.id + ")");
}

base::Status may_review(const store::ChangeRow& change, std::string_view person) {
  if (!change.emergency) return fail(Errc::invalid, "this change was no emergency: there is nothing to review");
  if (!change.reviewed_by.empty()) {
    return fail(Errc::invalid, "this emergency has been reviewed by " + change.reviewed_by);
  }
  if (person == change.author) return fail(Errc::denied, "nobody reviews an emergency of their own");
  return {};
}

}  // namespace sallyport::broker
