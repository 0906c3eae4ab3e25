// SPDX-License-Identifier: Apache-2.0
// Changes that wait for a second administrator.
#include "broker/web/makers.h"

namespace sallyport::broker::web {

namespace {

constexpr std::int64_t kMostItems = 1000;

enum class Vote : bool { no, yes };

api::Request vote(Inputs& in, Vote vote) {
  ipc::ChangeDecide out;
  out.set_name(in.place(0));
  out.set_approves(vote == Vote::yes);
  out.set_comment(in.field("comment"));
  return out;
}

}  // namespace

api::Request change_list(Inputs& in) {
  ipc::ChangeList out;
  for (std::string& one : in.texts("state")) out.add_states(std::move(one));
  out.set_to_decide(in.flag("to_decide"));
  out.set_to_review(in.flag("to_review"));
  out.set_cursor(in.text("cursor"));
  out.set_limit(static_cast<std::uint32_t>(in.number("limit", kMostItems)));
  return out;
}

api::Request change_show(Inputs& in) {
  ipc::ChangeShow out;
  out.set_name(in.place(0));
  return out;
}

api::Request change_approve(Inputs& in) {
  return vote(in, Vote::yes);
}

api::Request change_deny(Inputs& in) {
  return vote(in, Vote::no);
}

api::Request change_cancel(Inputs& in) {
  ipc::ChangeCancel out;
  out.set_name(in.place(0));
  return out;
}

api::Request change_review(Inputs& in) {
  ipc::ChangeReview out;
  out.set_name(in.place(0));
  out.set_comment(in.field("comment"));
  return out;
}

}  // namespace sallyport::broker::web
