// SPDX-License-Identifier: Apache-2.0
// Invitations of outsiders.
#include "broker/web/makers.h"

namespace sallyport::broker::web {

namespace {
constexpr std::int64_t kMostItems = 1000;
constexpr std::int64_t kMostSeconds = std::int64_t{366} * 86'400;
constexpr std::int64_t kMostSessions = 1'000'000;
}  // namespace

api::Request invite_list(Inputs& in) {
  ipc::InviteList out;
  out.set_all(in.flag("all"));
  out.set_sponsor(in.text("sponsor"));
  out.set_cursor(in.text("cursor"));
  out.set_limit(static_cast<std::uint32_t>(in.number("limit", kMostItems)));
  return out;
}

api::Request invite_create(Inputs& in) {
  ipc::InviteCreate out;
  out.set_user(in.field("user", Inputs::Needed::yes));
  out.set_sponsor(in.field("sponsor"));
  out.set_account(in.field("account", Inputs::Needed::yes));
  for (std::string& one : in.field_texts("targets")) out.add_targets(std::move(one));
  out.set_reason(in.field("reason"));
  out.set_ticket(in.field("ticket"));
  out.set_from(in.field("from"));
  out.set_until(in.field("until"));
  out.set_for_seconds(in.field_number("for_seconds", kMostSeconds));
  out.set_max_sessions(in.field_number("max_sessions", kMostSessions));
  return out;
}

api::Request invite_show(Inputs& in) {
  ipc::InviteShow out;
  out.set_name(in.place(0));
  return out;
}

api::Request invite_revoke(Inputs& in) {
  ipc::InviteRevoke out;
  out.set_name(in.place(0));
  out.set_reason(in.field("reason"));
  return out;
}

}  // namespace sallyport::broker::web
