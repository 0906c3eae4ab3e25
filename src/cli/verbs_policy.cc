// SPDX-License-Identifier: Apache-2.0
// policy test.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Options {
  std::string user, target, account, at, from, command;
};

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
  Command policy = root.group("policy", "Ask the policies for a decision");
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
}

}  // namespace sallyport::cli
