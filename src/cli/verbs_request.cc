// SPDX-License-Identifier: Apache-2.0
// request …: ask for access that needs approval, and decide what others ask for.
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/text_time.h"
#include "cli/list_pages.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"
#include "ledger/chain.h"

namespace sallyport::cli {
namespace {

constexpr std::size_t kMaxPlaybookBytes = 16 * 1024 * 1024;

struct Options {
  std::string id, comment, user, account, reason, ticket, length, start, state;
  std::vector<std::string> targets, commands;
  std::string playbook;
  unsigned sessions = 0, limit = 0;
  bool to_decide = false, to_review = false, break_glass = false;
};

std::string joined(const Json& list) {
  std::string out;
  for (const Json& one : list) out += (out.empty() ? "" : ", ") + one.get<std::string>();
  return out;
}

// One line for each of those who must approve, and for each vote.
std::string approvals_text(const Json& request) {
  std::string out;
  for (const Json& rule : request.value("approvals", Json::array())) {
    const std::string users = joined(rule.value("users", Json::array()));
    const std::string groups = joined(rule.value("groups", Json::array()));
    out += (out.empty() ? "" : "; ") + std::to_string(rule.value("count", 1)) + " of ";
    out += users + (users.empty() || groups.empty() ? "" : " or ") + (groups.empty() ? "" : "group " + groups);
  }
  return out;
}

std::string votes_text(const Json& request) {
  std::string out;
  for (const Json& vote : request.value("votes", Json::array())) {
    out += (out.empty() ? "" : "; ") + vote.value("verdict", std::string{}) + " by " + vote.value("by", std::string{});
    if (const std::string said = vote.value("comment", std::string{}); !said.empty()) out += " (" + said + ")";
  }
  return out;
}

base::Result<int> print_request(Context& context, const std::string& json) {
  if (context.format == Format::json) {
    if (auto printed = print_object(context, json); !printed) return base::pass(printed);
    return 0;
  }
  auto request = parse_object(json);
  if (!request) return base::pass(request);
  (*request)["targets"] = joined(request->value("targets", Json::array()));
  (*request)["votes"] = votes_text(*request);
  (*request)["approvals"] = approvals_text(*request);
  std::cout << render_fields(*request, context.colour);
  return 0;
}

base::Result<int> ask(Context& context, const ipc::AdminRequest& request) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  auto item = client->ask_one(request);
  if (!item) return base::pass(item);
  return print_request(context, *item);
}

base::Result<int> create(Context& context, const Options& o) {
  ipc::AdminRequest request;
  ipc::RequestCreate& asked = *request.mutable_request_create();
  asked.set_user(o.user);
  asked.set_account(o.account);
  for (const std::string& target : o.targets) asked.add_targets(target);
  asked.set_reason(o.reason);
  asked.set_ticket(o.ticket);
  if (!o.length.empty()) {
    auto seconds = base::seconds_in(o.length);
    if (!seconds) return base::pass(seconds);
    asked.set_for_seconds(*seconds);
  }
  asked.set_start(o.start);
  asked.set_max_sessions(o.sessions);
  asked.set_break_glass(o.break_glass);
  for (const std::string& command : o.commands) asked.add_commands_sha256(ledger::text_hash(command));
  if (!o.playbook.empty()) {
    auto bytes = base::read_file(o.playbook, kMaxPlaybookBytes);
    if (!bytes) return base::pass(bytes);
    const std::string hash = ledger::text_hash(base::text(*bytes));
    asked.set_playbook_sha256(hash);
    std::cerr << "the client must say so: ANSIBLE_SSH_ARGS='-o SetEnv=SALLYPORT_PLAYBOOK_SHA256=" << hash << "'\n";
  }
  return ask(context, request);
}

base::Result<int> list(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  const PageRequest page = [&](const std::string& cursor, std::uint32_t limit) {
    ipc::AdminRequest request;
    ipc::RequestList& asked = *request.mutable_request_list();
    if (!o.state.empty()) asked.add_states(o.state);
    asked.set_user(o.user);
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
    for (Json& row : *rows) row["targets"] = joined(row.value("targets", Json::array()));
  }
  static const std::vector<Column> columns{
      {"CODE", "code"},       {"STATE", "state"},         {"USER", "user"},
      {"ACCOUNT", "account"}, {"TARGETS", "targets"},     {"REASON", "reason"},
      {"TICKET", "ticket"},   {"DECIDE BY", "decide_by"}, {"UNTIL", "valid_until"}};
  const int status = print_rows(context, columns, *rows);
  tell_of_more(context, *answer);
  return status;
}

base::Result<int> show(Context& context, const std::string& id) {
  ipc::AdminRequest request;
  request.mutable_request_show()->set_name(id);
  return ask(context, request);
}

base::Result<int> vote(Context& context, const Options& o, bool approves) {
  ipc::AdminRequest request;
  request.mutable_request_vote()->set_name(o.id);
  request.mutable_request_vote()->set_approves(approves);
  request.mutable_request_vote()->set_comment(o.comment);
  return ask(context, request);
}

base::Result<int> review(Context& context, const Options& o) {
  ipc::AdminRequest request;
  request.mutable_request_review()->set_name(o.id);
  request.mutable_request_review()->set_comment(o.comment);
  return ask(context, request);
}

base::Result<int> cancel(Context& context, const std::string& id) {
  ipc::AdminRequest request;
  request.mutable_request_close()->set_name(id);
  return ask(context, request);
}

void add_vote(Command request, const std::shared_ptr<Options>& o, const std::string& name,
              const std::string& description, bool approves) {
  Command verb = request.verb(name, description, {"sallyport request " + name + " 7F3KQ2ZD"});
  verb.id("request", o->id, "The request: its id or its code")
      .option("--comment", o->comment, "What to tell the requester and the auditors")
      .run([o, approves](Context& c) { return vote(c, *o, approves); });
}

}  // namespace

void add_request_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command request = root.group("request", "Ask for access that needs approval, and decide what others ask for");
  Command verb =
      request.verb("create", "Ask for access before you connect",
                   {"sallyport request create --account root --reason 'disk full' web1",
                    "sallyport request create --user alice --account deploy --for 2h --sessions 20 web1 web2 web3"});
  verb.positionals("TARGET", o->targets, "The targets")
      .required_option("--account", o->account, "The account")
      .option("--reason", o->reason, "Why")
      .option("--ticket", o->ticket, "The ticket's number")
      .option("--for", o->length, "How long, such as 30m or 4h; the default is what the policies allow")
      .option("--start", o->start, "Not before this time (RFC 3339); the default is at its approval")
      .option("--sessions", o->sessions, "So many sessions at most (0: any number)")
      .options("--command", o->commands, "Only this command line runs under it; may be given several times")
      .option("--playbook", o->playbook, "Only for clients that name the hash of this file")
      .flag("--break-glass", o->break_glass,
            "An emergency: at once, where the policies allow that; somebody reviews it")
      .option("--user", o->user, "On whose behalf (administrators only)")
      .run([o](Context& c) { return create(c, *o); });
  verb = request.verb("list", "List requests, the newest first",
                      {"sallyport request list --to-decide", "sallyport request list --state waiting -o json"});
  verb.flag("--to-decide", o->to_decide, "Only those that wait for you")
      .flag("--to-review", o->to_review, "Only emergencies that nobody has reviewed")
      .option("--state", o->state, "Only those in this state",
              {"waiting", "approved", "denied", "cancelled", "expired", "ended"})
      .option("--user", o->user, "Only those of this user")
      .option("--limit", o->limit, "So many at most (0: all)")
      .run([o](Context& c) { return list(c, *o); });
  verb = request.verb("show", "Show a request and its votes", {"sallyport request show 7F3KQ2ZD"});
  verb.id("request", o->id, "The request: its id or its code").run([o](Context& c) { return show(c, o->id); });
  add_vote(request, o, "approve", "Approve a request; its time runs from then on", true);
  add_vote(request, o, "deny", "Deny a request", false);
  verb =
      request.verb("review", "Sign off an emergency: you have looked at what was done",
                   {"sallyport request list --to-review", "sallyport request review 7F3KQ2ZD --comment 'as agreed'"});
  verb.id("request", o->id, "The request: its id or its code")
      .option("--comment", o->comment, "What to tell the auditors")
      .run([o](Context& c) { return review(c, *o); });
  verb = request.verb("cancel", "Take back a request, or end an approved one and the sessions under it",
                      {"sallyport request cancel 7F3KQ2ZD"});
  verb.id("request", o->id, "The request: its id or its code").run([o](Context& c) { return cancel(c, o->id); });
}

}  // namespace sallyport::cli
