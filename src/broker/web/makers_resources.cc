// SPDX-License-Identifier: Apache-2.0
// Resources and policies.
#include "broker/web/makers.h"

namespace sallyport::broker::web {

namespace {
constexpr std::int64_t kMostItems = 1000;
constexpr std::int64_t kMostVersion = std::int64_t{1} << 53;
}  // namespace

api::Request resources_apply(Inputs& in) {
  api::Apply out;
  out.items = in.resources("items");
  out.dry_run = in.field_flag("dry_run");
  return out;
}

api::Request resource_list(Inputs& in) {
  ipc::GetResource out;
  out.set_kind(in.place(0));
  out.set_text(in.text("text"));
  out.set_cursor(in.text("cursor"));
  out.set_limit(static_cast<std::uint32_t>(in.number("limit", kMostItems)));
  return out;
}

api::Request resource_show(Inputs& in) {
  ipc::GetResource out;
  out.set_kind(in.place(0));
  out.set_name(in.place(1));
  return out;
}

api::Request resource_put(Inputs& in) {
  api::Apply out;
  ipc::ApplyItem& item = out.items.emplace_back();
  item.set_json(in.whole_body_of(in.place(0), in.place(1)));
  if (const auto version = in.expected_version()) item.set_expected_version(*version);
  return out;
}

api::Request resource_delete(Inputs& in) {
  ipc::DeleteResource out;
  out.set_kind(in.place(0));
  out.set_name(in.place(1));
  return out;
}

api::Request resource_history(Inputs& in) {
  ipc::ResourceHistory out;
  out.set_kind(in.place(0));
  out.set_name(in.place(1));
  return out;
}

api::Request resource_diff(Inputs& in) {
  ipc::ResourceDiff out;
  out.set_kind(in.place(0));
  out.set_name(in.place(1));
  const bool has_from = !in.text("from").empty();
  out.set_from(has_from ? in.number("from", kMostVersion) : -1);
  out.set_to(in.number("to", kMostVersion));
  return out;
}

api::Request policy_test(Inputs& in) {
  ipc::PolicyTest out;
  out.set_user(in.text("user"));
  out.set_target(in.text("target"));
  out.set_account(in.text("account"));
  out.set_at(in.text("at"));
  out.set_from(in.text("from"));
  out.set_command(in.text("command"));
  return out;
}

api::Request policy_lint(Inputs& in) {
  return api::PolicyLint{in.resources("items")};
}

api::Request policy_replay(Inputs& in) {
  api::PolicyReplay out;
  out.items = in.resources("items");
  out.asked.set_since(in.field("since"));
  out.asked.set_until(in.field("until"));
  for (std::string& one : in.field_texts("without")) out.asked.add_without(std::move(one));
  return out;
}

api::Request target_scan(Inputs& in) {
  ipc::TargetScan out;
  out.set_name(in.place(0));
  return out;
}

}  // namespace sallyport::broker::web
