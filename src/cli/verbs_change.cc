// SPDX-License-Identifier: Apache-2.0
// change …: what other administrators want to change, on gateways where one alone may not.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/list_pages.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Options {
  std::string id, comment, state;
  unsigned limit = 0;
  bool to_decide = false, to_review = false;
};

std::string joined(const Json& list) {
  std::string out;
  for (const Json& one : list) out += (out.empty() ? "" : ", ") + one.get<std::string>();
  return out;
}

void flatten_steps(Json& change) {
  const Json steps = change.value("steps", Json::array());
  const std::size_t all = change.value("step_count", steps.size());
  change["steps"] = joined(steps) + (all > steps.size() ? " and " + std::to_string(all - steps.size()) + " more" : "");
  change.erase("step_count");
}

base::Result<int> list(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  const PageRequest page = [&](const std::string& cursor, std::uint32_t limit) {
    ipc::AdminRequest request;
    ipc::ChangeList& asked = *request.mutable_change_list();
    if (!o.state.empty()) asked.add_states(o.state);
    asked.set_to_decide(o.to_decide);
    asked.set_to_review(o.to_review);
    asked.set_cursor(cursor);
    asked.set_limit(limit);
    return request;
  };
  auto answer = ask_list(*client, page, o.limit);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  if (context.format == Format::table) {
    for (Json& row : *rows) flatten_steps(row);
  }
  static const std::vector<Column> columns{{"CODE", "code"},   {"STATE", "state"},   {"AUTHOR", "author"},
                                           {"STEPS", "steps"}, {"REASON", "reason"}, {"DECIDE BY", "decide_by"}};
  const int status = print_rows(context, columns, *rows);
  tell_of_more(context, *answer);
  return status;
}

base::Result<int> print_change(Context& context, const std::string& done) {
  if (context.format == Format::json) {
    if (auto printed = print_object(context, done); !printed) return base::pass(printed);
    return 0;
  }
  auto change = parse_object(done);
  if (!change) return base::pass(change);
  flatten_steps(*change);
  std::cout << render_fields(*change, context.colour);
  return 0;
}

base::Result<int> show(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_change_show()->set_name(o.id);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  if (context.format == Format::json) {
    auto change = parse_object(answer->done);
    if (!change) return base::pass(change);
    (*change)["changes"] = *rows;
    std::cout << dump(*change) << "\n";
    return 0;
  }
  if (auto printed = print_change(context, answer->done); !printed) return printed;
  std::int64_t step = 0;
  for (const Json& row : *rows) {
    if (const auto number = row.value("step", std::int64_t{0}); number != step) {
      step = number;
      std::cout << "\n"
                << render_value(row.value("what", Json())) << " " << render_value(row.value("kind", Json())) << " "
                << render_value(row.value("name", Json())) << "\n";
    }
    std::cout << "  " << difference_line(row) << "\n";
  }
  return 0;
}

base::Result<int> ask(Context& context, const ipc::AdminRequest& request) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  return print_change(context, answer->done);
}

base::Result<int> decide(Context& context, const Options& o, bool approves) {
  ipc::AdminRequest request;
  request.mutable_change_decide()->set_name(o.id);
  request.mutable_change_decide()->set_approves(approves);
  request.mutable_change_decide()->set_comment(o.comment);
  return ask(context, request);
}

base::Result<int> cancel(Context& context, const Options& o) {
  ipc::AdminRequest request;
  request.mutable_change_cancel()->set_name(o.id);
  return ask(context, request);
}

base::Result<int> review(Context& context, const Options& o) {
  ipc::AdminRequest request;
  request.mutable_change_review()->set_name(o.id);
  request.mutable_change_review()->set_comment(o.comment);
  return ask(context, request);
}

}  // namespace

void add_change_verbs(Command root) {
  auto o = std::make_shared<Options>();
  const std::string which = "The change: its id or its code";
  Command change = root.group("change", "Changes that wait for a second administrator");
  Command verb = change.verb("list", "List changes, the newest first",
                             {"sallyport change list --to-decide", "sallyport change list --state waiting -o json"});
  verb.flag("--to-decide", o->to_decide, "Only those that wait for you")
      .flag("--to-review", o->to_review, "Only emergencies that nobody has reviewed")
      .option("--state", o->state, "Only those in this state",
              {"waiting", "applied", "denied", "cancelled", "stale", "expired"})
      .option("--limit", o->limit, "So many at most (0: all)")
      .run([o](Context& c) { return list(c, *o); });
  verb = change.verb("show", "Show a change, and what it would change", {"sallyport change show 7F3KQ2ZD"});
  verb.id("change", o->id, which).run([o](Context& c) { return show(c, *o); });
  verb = change.verb("approve", "Approve another administrator's change: it is carried out at once, or not at all",
                     {"sallyport change approve 7F3KQ2ZD"});
  verb.id("change", o->id, which)
      .option("--comment", o->comment, "What to tell the author and the auditors")
      .run([o](Context& c) { return decide(c, *o, true); });
  verb = change.verb("deny", "Deny another administrator's change",
                     {"sallyport change deny 7F3KQ2ZD --comment 'after the release'"});
  verb.id("change", o->id, which)
      .option("--comment", o->comment, "What to tell the author and the auditors")
      .run([o](Context& c) { return decide(c, *o, false); });
  verb = change.verb("cancel", "Take back a change of your own", {"sallyport change cancel 7F3KQ2ZD"});
  verb.id("change", o->id, which).run([o](Context& c) { return cancel(c, *o); });
  verb = change.verb("review", "Sign off an emergency: you have looked at what was changed",
                     {"sallyport change list --to-review", "sallyport change review 7F3KQ2ZD --comment 'as agreed'"});
  verb.id("change", o->id, which).option("--comment", o->comment, "What to tell the auditors").run([o](Context& c) {
    return review(c, *o);
  });
}

}  // namespace sallyport::cli
