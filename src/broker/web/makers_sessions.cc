// SPDX-License-Identifier: Apache-2.0
// Sessions, recordings, the audit log, the node.
#include "broker/web/makers.h"

namespace sallyport::broker::web {

namespace {
constexpr std::int64_t kMostItems = 1000;
constexpr std::int64_t kMostSequence = std::int64_t{1} << 53;
constexpr std::uint32_t kAuditPage = 100;

// What users typed is not asked for: it does not go to browsers.
api::Request opened_to(Inputs& in, const char* purpose) {
  ipc::RecordingOpen out;
  out.set_id(in.place(0));
  out.set_purpose(purpose);
  return out;
}
}  // namespace

api::Request session_list(Inputs& in) {
  ipc::SessionList out;
  out.set_all(in.flag("all"));
  out.set_user(in.text("user"));
  out.set_account(in.text("account"));
  out.set_target(in.text("target"));
  out.set_since(in.text("since"));
  out.set_until(in.text("until"));
  for (std::string& one : in.texts("state")) out.add_states(std::move(one));
  out.set_cursor(in.text("cursor"));
  out.set_limit(static_cast<std::uint32_t>(in.number("limit", kMostItems)));
  return out;
}

api::Request session_show(Inputs& in) {
  ipc::SessionShow out;
  out.set_id(in.place(0));
  return out;
}

api::Request session_control(Inputs& in) {
  ipc::SessionControl out;
  out.set_id(in.place(0));
  out.set_action(in.field("action", Inputs::Needed::yes));
  out.set_text(in.field("text"));
  return out;
}

api::Request session_watch(Inputs& in) {
  ipc::SessionWatch out;
  out.set_id(in.place(0));
  return out;
}

api::Request recording_list(Inputs& in) {
  ipc::RecordingList out;
  out.set_user(in.text("user"));
  out.set_account(in.text("account"));
  out.set_target(in.text("target"));
  out.set_since(in.text("since"));
  out.set_until(in.text("until"));
  for (std::string& one : in.texts("state")) out.add_states(std::move(one));
  out.set_cursor(in.text("cursor"));
  out.set_limit(static_cast<std::uint32_t>(in.number("limit", kMostItems)));
  return out;
}

api::Request recording_play(Inputs& in) {
  return opened_to(in, "play");
}

api::Request recording_verify(Inputs& in) {
  return opened_to(in, "verify");
}

// The newest that match; with a cursor, or `after` or `since`, those from there on.
api::Request audit_read(Inputs& in) {
  ipc::AuditRead out;
  out.set_type(in.text("type"));
  out.set_session(in.text("session"));
  out.set_actor(in.text("actor"));
  out.set_text(in.text("text"));
  out.set_node(in.text("node"));
  out.set_since(in.text("since"));
  out.set_until(in.text("until"));
  out.set_cursor(in.text("cursor"));
  out.set_after_seq(in.number("after_seq", kMostSequence));
  out.set_all(in.flag("all"));
  const auto limit = static_cast<std::uint32_t>(in.number("limit", kMostItems));
  out.set_limit(limit == 0 ? kAuditPage : limit);
  out.set_most(limit == 0 ? kAuditPage : limit);
  return out;
}

api::Request audit_head(Inputs&) {
  return ipc::AuditHead();
}

api::Request audit_verify(Inputs& in) {
  ipc::AuditVerify out;
  for (std::string& one : in.field_texts("heads")) out.add_heads(std::move(one));
  for (const std::int64_t one : in.field_numbers("known_faults", kMostSequence)) out.add_known_faults(one);
  out.set_node(in.field("node"));
  return out;
}

api::Request node_status(Inputs&) {
  return ipc::NodeStatus();
}

}  // namespace sallyport::broker::web
