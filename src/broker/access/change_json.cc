// SPDX-License-Identifier: Apache-2.0
// Field by field.
#include "broker/access/change_json.h"

#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "broker/access/access_requests.h"

namespace sallyport::broker {
namespace {

using Json = nlohmann::ordered_json;

Json time_or_null(base::Micros us) {
  return us == 0 ? Json(nullptr) : Json(base::to_rfc3339(us));
}

}  // namespace

std::string word_of(const ChangeStep& step) {
  switch (step.what) {
    case ChangeStep::What::put:
      return step.seen == 0 ? "create" : "update";
    case ChangeStep::What::remove:
      return "delete";
    case ChangeStep::What::add_key:
      return "add-key";
    case ChangeStep::What::password:
      return "set-password";
    case ChangeStep::What::secret:
      return "set-secret";
    case ChangeStep::What::remove_totp:
      return "remove-totp";
  }
  return "";
}

base::Result<std::string> change_json(const store::ChangeRow& change, base::Micros now_us) {
  const auto state = state_at(change, now_us);
  if (!state) return base::fail(state.error().code, state.message());
  const auto steps = steps_in(change.steps);
  if (!steps) return base::fail(steps.error().code, steps.message());
  Json out;
  out["id"] = change.id;
  out["code"] = request_code(change.id);
  out["state"] = to_string(*state);
  out["author"] = change.author;
  out["areas"] = change.areas;
  out["steps"] = Json::array();
  constexpr std::size_t kMostSteps = 20;  // `change show` has all of them
  for (const ChangeStep& step : *steps) {
    if (out["steps"].size() == kMostSteps) break;
    out["steps"].push_back(word_of(step) + " " + step.kind + " " + step.name);
  }
  out["step_count"] = steps->size();
  out["reason"] = change.reason;
  out["created_at"] = time_or_null(change.created_us);
  out["decide_by"] = change.emergency ? Json() : time_or_null(change.decide_by_us);
  out["decided_at"] = time_or_null(change.decided_us);
  out["decided_by"] = change.decided_by;
  out["comment"] = change.comment;
  out["emergency"] = change.emergency;
  if (change.emergency) {
    out["reviewed_at"] = time_or_null(change.reviewed_us);
    out["reviewed_by"] = change.reviewed_by;
    out["review"] = change.review;
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sallyport::broker
