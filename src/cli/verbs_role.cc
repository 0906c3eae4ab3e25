// SPDX-License-Identifier: Apache-2.0
// user set-role: the roles that a user's resource names.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/change_wish.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Options {
  std::string name;
  std::vector<std::string> roles;
  ChangeWish wish;
};

// `user` is what everybody is, and so stands in no resource.
Json roles_of(const std::vector<std::string>& words) {
  Json out = Json::array();
  for (const std::string& word : words) {
    if (word != "user" && std::find(out.begin(), out.end(), word) == out.end()) out.push_back(word);
  }
  return out;
}

base::Result<int> set_roles(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest get;
  get.mutable_get()->set_kind("user");
  get.mutable_get()->set_name(o.name);
  auto found = client->ask(get);
  if (!found) return base::pass(found);
  if (found->items.empty()) return base::fail(base::Errc::not_found, "there is no user " + o.name);
  auto resource = parse_object(found->items.front());
  if (!resource) return base::pass(resource);
  (*resource)["roles"] = roles_of(o.roles);
  ipc::AdminRequest item;
  item.mutable_apply_item()->set_json(dump(*resource));
  item.mutable_apply_item()->set_expected_version(found->versions.front());
  if (auto sent = client->send(item); !sent) return base::pass(sent);
  ipc::AdminRequest commit;
  put_wish(o.wish, *commit.mutable_apply_commit());
  auto answer = client->ask(commit);
  if (!answer) return base::pass(answer);
  const bool waits = tell_of_waiting(answer->done);
  if (context.format == Format::json) {
    if (auto printed = print_object(context, answer->items.front()); !printed) return base::pass(printed);
  }
  if (waits || context.format == Format::json) return waits ? kWaits : 0;
  std::cout << o.name << " has the roles user";
  for (const Json& role : (*resource)["roles"]) std::cout << ", " << render_value(role);
  std::cout << "\n";
  return 0;
}

}  // namespace

void add_role_verb(Command user) {
  auto o = std::make_shared<Options>();
  Command verb =
      user.verb("set-role", "Set the roles that a user has in Sallyport itself, in the place of earlier ones",
                {"sallyport user set-role carol auditor", "sallyport user set-role dave approver auditor",
                 "sallyport user set-role carol user"});
  verb.positional("NAME", o->name, "The user")
      .positionals("ROLE", o->roles, "user (what everybody is), approver, auditor or administrator");
  add_wish_options(verb, o->wish);
  verb.run([o](Context& c) { return set_roles(c, *o); });
}

}  // namespace sallyport::cli
