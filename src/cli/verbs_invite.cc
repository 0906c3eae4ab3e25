// SPDX-License-Identifier: Apache-2.0
// invite …: let somebody from outside in, for a time.
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/text_time.h"
#include "cli/list_pages.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Options {
  std::string name, account, reason, ticket, length, from, until, sponsor;
  std::vector<std::string> targets;
  unsigned sessions = 0, limit = 0;
  bool all = false;
};

std::string joined(const Json& list) {
  std::string out;
  for (const Json& one : list) out += (out.empty() ? "" : ", ") + one.get<std::string>();
  return out;
}

// One line a session.
std::string sessions_text(const Json& invitation) {
  std::string out;
  for (const Json& one : invitation.value("sessions", Json::array())) {
    out += (out.empty() ? "" : "; ") + one.value("id", std::string{}) + " " + one.value("account", std::string{}) +
           "@" + one.value("target", std::string{}) + " " + one.value("state", std::string{});
  }
  return out;
}

base::Result<int> ask(Context& context, const ipc::AdminRequest& request) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  auto item = client->ask_one(request);
  if (!item) return base::pass(item);
  if (context.format == Format::json) {
    if (auto printed = print_object(context, *item); !printed) return base::pass(printed);
    return 0;
  }
  auto invitation = parse_object(*item);
  if (!invitation) return base::pass(invitation);
  (*invitation)["targets"] = joined(invitation->value("targets", Json::array()));
  if (invitation->contains("sessions")) (*invitation)["sessions"] = sessions_text(*invitation);
  std::cout << render_fields(*invitation, context.colour);
  return 0;
}

base::Result<int> create(Context& context, const Options& o) {
  ipc::AdminRequest request;
  ipc::InviteCreate& asked = *request.mutable_invite_create();
  asked.set_user(o.name);
  asked.set_account(o.account);
  for (const std::string& target : o.targets) asked.add_targets(target);
  asked.set_reason(o.reason);
  asked.set_ticket(o.ticket);
  asked.set_from(o.from);
  asked.set_until(o.until);
  if (!o.length.empty()) {
    auto seconds = base::seconds_in(o.length);
    if (!seconds) return base::pass(seconds);
    asked.set_for_seconds(*seconds);
  }
  asked.set_max_sessions(o.sessions);
  asked.set_sponsor(o.sponsor);
  auto done = ask(context, request);
  if (done && context.format == Format::table) {
    std::cerr << "Give the code and the command to the outsider. The code is not shown again.\n";
  }
  return done;
}

base::Result<int> list(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  const PageRequest page = [&](const std::string& cursor, std::uint32_t limit) {
    ipc::AdminRequest request;
    ipc::InviteList& asked = *request.mutable_invite_list();
    asked.set_all(o.all);
    asked.set_sponsor(o.sponsor);
    asked.set_cursor(cursor);
    asked.set_limit(limit);
    return request;
  };
  auto answer = ask_list(*client, page, o.limit);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  if (context.format == Format::table) {
    for (Json& row : *rows) row["targets"] = joined(row.value("targets", Json::array()));
  }
  static const std::vector<Column> columns{
      {"ID", "id"},           {"OUTSIDER", "user"},   {"SPONSOR", "sponsor"}, {"STATE", "state"},
      {"ACCOUNT", "account"}, {"TARGETS", "targets"}, {"UNTIL", "until"},     {"SESSIONS", "sessions_opened"},
      {"REASON", "reason"}};
  const int status = print_rows(context, columns, *rows);
  tell_of_more(context, *answer);
  return status;
}

base::Result<int> show(Context& context, const std::string& name) {
  ipc::AdminRequest request;
  request.mutable_invite_show()->set_name(name);
  return ask(context, request);
}

base::Result<int> revoke(Context& context, const Options& o) {
  ipc::AdminRequest request;
  request.mutable_invite_revoke()->set_name(o.name);
  request.mutable_invite_revoke()->set_reason(o.reason);
  return ask(context, request);
}

}  // namespace

void add_invite_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command invite = root.group("invite", "Let somebody from outside in, for a time, and answer for them");
  Command verb =
      invite.verb("create", "Invite somebody; shows the code that takes the invitation up, once",
                  {"sallyport invite create --name acme-jane --account root --for 4h --reason 'disk swap' web1",
                   "sallyport invite create --name acme-jane --account root --from 2026-03-01T08:00:00Z "
                   "--until 2026-03-01T18:00:00Z --sessions 2 web1 web2"});
  verb.positionals("TARGET", o->targets, "The targets")
      .required_option("--name", o->name, "The outsider's user name")
      .required_option("--account", o->account, "The account")
      .option("--for", o->length, "How long, such as 30m or 4h")
      .option("--from", o->from, "Not before this time (RFC 3339); the default is now")
      .option("--until", o->until, "Until this time (RFC 3339), in the place of --for")
      .option("--sessions", o->sessions, "So many sessions at most (0: any number)")
      .option("--reason", o->reason, "Why")
      .option("--ticket", o->ticket, "The ticket's number")
      .option("--sponsor", o->sponsor, "Who answers for the outsider (administrators only); the default is you")
      .run([o](Context& c) { return create(c, *o); });
  verb = invite.verb("list", "List invitations that are not over, the newest first",
                     {"sallyport invite list", "sallyport invite list --all --sponsor bob -o json"});
  verb.flag("-a,--all", o->all, "Those that are over, too")
      .option("--sponsor", o->sponsor, "Only those of this sponsor")
      .option("--limit", o->limit, "So many at most (0: all)")
      .run([o](Context& c) { return list(c, *o); });
  verb = invite.verb("show", "Show an invitation and every session that it opened",
                     {"sallyport invite show acme-jane", "sallyport invite show 01hzy… -o json"});
  verb.id("invitation", o->name, "The invitation: its id, or the outsider's name while it is not over")
      .run([o](Context& c) { return show(c, o->name); });
  verb = invite.verb("revoke", "End an invitation now, and the sessions under it",
                     {"sallyport invite revoke acme-jane --reason 'work is done'"});
  verb.id("invitation", o->name, "The invitation: its id, or the outsider's name")
      .option("--reason", o->reason, "Why")
      .run([o](Context& c) { return revoke(c, *o); });
}

}  // namespace sallyport::cli
