// SPDX-License-Identifier: Apache-2.0
// policy test, lint, replay, history and diff.
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/documents.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Options {
  std::string user, target, account, at, from, command, name, file, since, until, older, newer, without;
};

/// Asks about the resources of a file, which is optional.
base::Result<Answer> ask_about(Context& context, const std::string& file, const ipc::AdminRequest& request) {
  std::vector<Document> documents;
  if (!file.empty()) {
    auto read = read_documents(file);
    if (!read) return base::pass(read);
    documents = std::move(*read);
  }
  auto client = context.connect();
  if (!client) return base::pass(client);
  if (auto sent = send_documents(*client, documents); !sent) return base::pass(sent);
  auto answer = client->ask(request);
  if (!answer) return tl::unexpected<base::Error>(with_place(answer.error(), documents));
  return answer;
}

base::Result<int> lint(Context& context, const Options& o) {
  ipc::AdminRequest request;
  request.mutable_policy_lint();
  auto answer = ask_about(context, o.file, request);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  print_rows(context, {{"POLICY", "policy"}, {"FINDING", "kind"}, {"REASON", "reason"}}, *rows);
  return rows->empty() ? 0 : 1;
}

base::Result<int> replay(Context& context, const Options& o) {
  ipc::AdminRequest request;
  ipc::PolicyReplay& replay = *request.mutable_policy_replay();
  replay.set_since(o.since);
  replay.set_until(o.until);
  std::istringstream names(o.without);
  for (std::string name; std::getline(names, name, ',');) replay.add_without(name);
  auto answer = ask_about(context, o.file, request);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  auto done = parse_object(answer->done);
  if (!done) return base::pass(done);
  if (context.format == Format::json) {
    Json out = *done;
    out["found"] = *rows;
    std::cout << dump(out) << "\n";
  } else {
    print_rows(context,
               {{"ID", "id"},
                {"USER", "user"},
                {"ACCOUNT", "account"},
                {"TARGET", "target"},
                {"STARTED", "started_at"},
                {"VERDICT", "verdict"},
                {"REFUSED-NOW", "refused_now"},
                {"REASON", "reason"}},
               *rows);
    std::cout << "\n"
              << render_value((*done)["refused"]) << " of " << render_value((*done)["sessions"])
              << " sessions would be refused, " << render_value((*done)["conditional"])
              << " more would have to meet a requirement\n";
    if (!done->value("complete", true)) std::cout << "There are older sessions, which were not looked at.\n";
  }
  const bool none = done->value("refused", 0) == 0 && done->value("conditional", 0) == 0;
  return none ? 0 : 1;
}

base::Result<int> history(Context& context, const Options& o) {
  ipc::AdminRequest request;
  request.mutable_resource_history()->set_kind("policy");
  request.mutable_resource_history()->set_name(o.name);
  auto answer = ask_about(context, "", request);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  if (context.format == Format::json) {
    std::cout << dump(Json(*rows)) << "\n";
    return 0;
  }
  for (const Json& row : *rows) {
    const std::string author = row.value("author", std::string());
    std::cout << "version " << render_value(row.value("version", Json())) << "  "
              << render_value(row.value("time", Json())) << "  " << render_value(row.value("action", Json())) << " by "
              << (author.empty() ? "an author who was not kept" : render_value(author)) << "\n";
    for (const Json& change : row.value("changes", Json::array())) std::cout << "  " << difference_line(change) << "\n";
    if (const auto left = row.value("left_out", 0); left > 0) std::cout << "  and " << left << " more\n";
  }
  return 0;
}

base::Result<std::int64_t> version_from(const std::string& text, std::int64_t otherwise) {
  if (text.empty()) return otherwise;
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || out < 0) {
    return base::fail(base::Errc::invalid, "a version is a number, as `policy history` shows it");
  }
  return out;
}

base::Result<int> diff(Context& context, const Options& o) {
  const auto from = version_from(o.older, -1);
  if (!from) return base::fail(from.error().code, from.error().message);
  const auto to = version_from(o.newer, 0);
  if (!to) return base::fail(to.error().code, to.error().message);
  ipc::AdminRequest request;
  ipc::ResourceDiff& asked = *request.mutable_resource_diff();
  asked.set_kind("policy");
  asked.set_name(o.name);
  asked.set_from(*from);
  asked.set_to(*to);
  auto answer = ask_about(context, "", request);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  auto done = parse_object(answer->done);
  if (!done) return base::pass(done);
  if (context.format == Format::json) {
    Json out = *done;
    out["changes"] = *rows;
    std::cout << dump(out) << "\n";
    return 0;
  }
  std::cout << "version " << render_value((*done)["from"]) << " -> " << render_value((*done)["to"]) << "\n";
  for (const Json& change : *rows) std::cout << difference_line(change) << "\n";
  return 0;
}

base::Result<int> test(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  ipc::PolicyTest& test = *request.mutable_policy_test();
  test.set_user(o.user);
  test.set_target(o.target);
  test.set_account(o.account);
  test.set_at(o.at);
  test.set_from(o.from);
  test.set_command(o.command);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  auto verdict = parse_object(answer->done);
  if (!verdict) return base::pass(verdict);
  const Json considered = verdict->value("considered", Json::array());
  if (context.format == Format::json) {
    std::cout << dump(*verdict) << "\n";
  } else {
    Json rest = *verdict;
    rest.erase("considered");
    std::cout << render_fields(rest, context.colour);
    if (!considered.empty()) {
      std::cout << "\n"
                << render_table({{"POLICY", "policy"}, {"OUTCOME", "outcome"}, {"WHY", "why"}},
                                std::vector<Json>(considered.begin(), considered.end()), context.colour);
    }
  }
  return verdict->value("verdict", std::string{}) == "allow" ? 0 : 1;
}

}  // namespace

void add_policy_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command policy = root.group("policy", "Ask the policies for a decision, and look at them");
  Command verb = policy.verb("test", "Show whether the policies allow a session, and why; exit status 1 when not",
                             {"sallyport policy test --user alice --target web1 --account deploy",
                              "sallyport policy test --user alice --target web1 --account deploy --command 'ls /'"});
  verb.required_option("--user", o->user, "The user")
      .required_option("--target", o->target, "The target")
      .required_option("--account", o->account, "The account")
      .option("--at", o->at, "The time (RFC 3339); the default is now")
      .option("--from", o->from, "The user's address")
      .option("--command", o->command, "The command to run")
      .run([o](Context& c) { return test(c, *o); });

  verb = policy.verb("lint", "Find policies that never act, that others make useless, or that reach very far",
                     {"sallyport policy lint", "sallyport policy lint -f new-policies.yaml"});
  verb.option("-f,--file", o->file, "Resources that count as if they were applied").run([o](Context& c) {
    return lint(c, *o);
  });

  verb = policy.verb("replay", "Show which past sessions changed policies would have refused",
                     {"sallyport policy replay -f new-policies.yaml --since 2026-03-01T00:00:00Z",
                      "sallyport policy replay --without ops-on-prod"});
  verb.option("-f,--file", o->file, "Resources that count as if they were applied")
      .option("--without", o->without, "Policies that count as if they were deleted: NAME,NAME")
      .option("--since", o->since, "Sessions that started at or after this time (RFC 3339)")
      .option("--until", o->until, "Sessions that started before this time")
      .run([o](Context& c) { return replay(c, *o); });

  verb = policy.verb("history", "Show every version of a policy: who made it, when, and what it changed",
                     {"sallyport policy history ops-on-prod"});
  verb.positional("NAME", o->name, "The policy").run([o](Context& c) { return history(c, *o); });

  verb = policy.verb("diff", "Show what differs between two versions of a policy",
                     {"sallyport policy diff ops-on-prod", "sallyport policy diff ops-on-prod 3 5"});
  verb.positional("NAME", o->name, "The policy")
      .positional("A", o->older, "The older version; the one before B unless given, 0 for nothing", Presence::optional)
      .positional("B", o->newer, "The newer version; the newest unless given", Presence::optional)
      .run([o](Context& c) { return diff(c, *o); });
}

}  // namespace sallyport::cli
