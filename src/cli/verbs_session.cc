// SPDX-License-Identifier: Apache-2.0
// session …: look at live sessions and act on them.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/list_pages.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/watcher.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Filter {
  std::string user, account, target, state, since, until;
  unsigned limit = 0;
  bool all = false;
  bool awaiting_supervisor = false;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all{
      {"ID", "id"},         {"USER", "user"},   {"ACCOUNT", "account"},   {"TARGET", "target"},
      {"SOURCE", "source"}, {"STATE", "state"}, {"STARTED", "started_at"}};
  return all;
}

base::Result<int> list(Context& context, const Filter& filter) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  const PageRequest page = [&](const std::string& cursor, std::uint32_t limit) {
    ipc::AdminRequest request;
    ipc::SessionList& asked = *request.mutable_session_list();
    asked.set_all(filter.all);
    asked.set_user(filter.user);
    asked.set_account(filter.account);
    asked.set_target(filter.target);
    asked.set_since(filter.since);
    asked.set_until(filter.until);
    if (!filter.state.empty()) asked.add_states(filter.state);
    if (filter.awaiting_supervisor) asked.add_states("awaiting-supervisor");
    asked.set_cursor(cursor);
    asked.set_limit(limit);
    return request;
  };
  auto answer = ask_list(*client, page, filter.limit);
  if (!answer) return base::pass(answer);
  if (auto printed = print_list(context, columns(), answer->items); !printed) return base::pass(printed);
  tell_of_more(context, *answer);
  return 0;
}

base::Result<int> show(Context& context, const std::string& id) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_session_show()->set_id(id);
  auto item = client->ask_one(request);
  if (!item) return base::pass(item);
  if (auto printed = print_object(context, *item); !printed) return base::pass(printed);
  return 0;
}

base::Result<int> control(Context& context, const std::string& id, const std::string& action,
                          const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_session_control()->set_id(id);
  request.mutable_session_control()->set_action(action);
  request.mutable_session_control()->set_text(text);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  if (context.format == Format::json) {
    if (auto printed = print_object(context, answer->done); !printed) return base::pass(printed);
    return 0;
  }
  auto done = parse_object(answer->done);
  if (!done) return base::pass(done);
  std::cout << id << " " << action << ": " << render_value(done->value("outcome", Json("done"))) << "\n";
  return 0;
}

base::Result<int> watch_session(Context& context, const std::string& id, bool lines) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  return watch(context, *client, id, lines ? WatchView::lines : WatchView::screen);
}

struct Options {
  std::string id;
  std::vector<std::string> text;
  Filter filter;
  bool lines = false;
};

void add_action(Command session, const std::shared_ptr<Options>& o, const std::string& action,
                const std::string& description, const std::string& example, Presence text) {
  Command verb = session.verb(action, description, {example});
  verb.id("session", o->id, "The session");
  verb.positionals("TEXT", o->text, "What to tell the user", text);
  verb.run([o, action](Context& c) { return control(c, o->id, action, o->text); });
}

}  // namespace

void add_session_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command session = root.group("session", "List, watch and control live sessions");
  Command verb = session.verb(
      "list", "List live sessions, with --all ended ones too",
      {"sallyport session list", "sallyport session list --all -o json",
       "sallyport session list --all --user alice --limit 20", "sallyport session list --awaiting-supervisor"});
  verb.flag("-a,--all", o->filter.all, "Ended ones too, the newest first")
      .option("--user", o->filter.user, "Only those of this user")
      .option("--account", o->filter.account, "Only those with this account")
      .option("--target", o->filter.target, "Only those at this target")
      .option("--state", o->filter.state, "Only those in this state")
      .flag("--awaiting-supervisor", o->filter.awaiting_supervisor, "Only those that wait for a supervisor")
      .option("--since", o->filter.since, "Only those that began then or later (RFC 3339)")
      .option("--until", o->filter.until, "Only those that began before then")
      .option("--limit", o->filter.limit, "So many at most (0: all)")
      .run([o](Context& c) { return list(c, o->filter); });
  verb = session.verb("show", "Show what is known of one session", {"sallyport session show 01hzy…"});
  verb.id("session", o->id, "The session").run([o](Context& c) { return show(c, o->id); });
  verb = session.verb("watch", "Watch a live session; q or Ctrl-C stops watching",
                      {"sallyport session watch 01hzy…", "sallyport session watch 01hzy… -o json"});
  verb.id("session", o->id, "The session")
      .flag("--lines", o->lines, "Show each event as a line, also of a session with a terminal")
      .run([o](Context& c) { return watch_session(c, o->id, o->lines); });
  add_action(session, o, "pause", "Hold a session: nothing passes in either direction, and the gateway tells the user",
             "sallyport session pause 01hzy… please wait for Carol", Presence::optional);
  add_action(session, o, "suspend", "Hold a session until it is resumed and the user has authenticated again",
             "sallyport session suspend 01hzy…", Presence::optional);
  add_action(session, o, "resume", "Let a paused or suspended session go on", "sallyport session resume 01hzy…",
             Presence::optional);
  add_action(session, o, "terminate", "End a session now", "sallyport session terminate 01hzy… maintenance is over",
             Presence::optional);
  add_action(session, o, "message", "Show the user a line", "sallyport session message 01hzy… lunch in five minutes",
             Presence::required);
}

}  // namespace sallyport::cli
