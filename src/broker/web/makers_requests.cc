// SPDX-License-Identifier: Apache-2.0
// Requests for access.
#include "broker/web/makers.h"

namespace sallyport::broker::web {

namespace {

constexpr std::int64_t kMostItems = 1000;
constexpr std::int64_t kMostSeconds = std::int64_t{366} * 86'400;
constexpr std::int64_t kMostSessions = 1'000'000;

enum class Vote : bool { no, yes };

api::Request vote(Inputs& in, Vote vote) {
  ipc::RequestVote out;
  out.set_name(in.place(0));
  out.set_approves(vote == Vote::yes);
  out.set_comment(in.field("comment"));
  return out;
}

}  // namespace

api::Request request_list(Inputs& in) {
  ipc::RequestList out;
  for (std::string& one : in.texts("state")) out.add_states(std::move(one));
  out.set_user(in.text("user"));
  out.set_to_decide(in.flag("to_decide"));
  out.set_to_review(in.flag("to_review"));
  out.set_cursor(in.text("cursor"));
  out.set_limit(static_cast<std::uint32_t>(in.number("limit", kMostItems)));
  return out;
}

api::Request request_create(Inputs& in) {
  ipc::RequestCreate out;
  out.set_user(in.field("user"));
  out.set_account(in.field("account", Inputs::Needed::yes));
  for (std::string& one : in.field_texts("targets")) out.add_targets(std::move(one));
  out.set_reason(in.field("reason"));
  out.set_ticket(in.field("ticket"));
  out.set_for_seconds(in.field_number("for_seconds", kMostSeconds));
  out.set_start(in.field("start"));
  out.set_max_sessions(in.field_number("max_sessions", kMostSessions));
  out.set_break_glass(in.field_flag("break_glass"));
  return out;
}

api::Request request_show(Inputs& in) {
  ipc::RequestShow out;
  out.set_name(in.place(0));
  return out;
}

api::Request request_approve(Inputs& in) {
  return vote(in, Vote::yes);
}

api::Request request_deny(Inputs& in) {
  return vote(in, Vote::no);
}

api::Request request_close(Inputs& in) {
  ipc::RequestClose out;
  out.set_name(in.place(0));
  return out;
}

api::Request request_review(Inputs& in) {
  ipc::RequestReview out;
  out.set_name(in.place(0));
  out.set_comment(in.field("comment"));
  return out;
}

}  // namespace sallyport::broker::web
