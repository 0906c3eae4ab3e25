// SPDX-License-Identifier: Apache-2.0
// apply, get, delete.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/change_wish.h"
#include "cli/documents.h"
#include "cli/list_pages.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

const std::vector<std::string>& kinds() {
  static const std::vector<std::string> words{"user",    "group",  "role",      "target",
                                              "account", "policy", "recipient", "user-ca"};
  return words;
}

// "users" and "policies" are what people type.
std::string singular(const std::string& word) {
  for (const std::string& kind : kinds()) {
    const bool y = kind.back() == 'y';
    if (word == kind || word == (y ? kind.substr(0, kind.size() - 1) + "ies" : kind + "s")) return kind;
  }
  return word;
}

std::vector<Column> columns_of(const std::string& kind) {
  if (kind == "user") return {{"NAME", "name"}, {"TYPE", "type"}, {"GROUPS", "groups"}, {"DISABLED", "disabled"}};
  if (kind == "group") return {{"NAME", "name"}, {"MEMBERS", "members"}, {"DESCRIPTION", "description"}};
  if (kind == "role") return {{"NAME", "name"}, {"ROLE", "role"}, {"SUBJECTS", "subjects"}};
  if (kind == "target") {
    return {{"NAME", "name"}, {"PROTOCOL", "protocol"}, {"ADDRESS", "address"}, {"LABELS", "labels"}};
  }
  if (kind == "account") {
    return {{"NAME", "name"}, {"LOGIN", "login"}, {"LOGIN-NAME", "login_name"}, {"TARGETS", "targets"}};
  }
  if (kind == "policy") {
    return {{"NAME", "name"},       {"EFFECT", "effect"},     {"SUBJECTS", "subjects"},
            {"TARGETS", "targets"}, {"ACCOUNTS", "accounts"}, {"ALLOW", "allow"}};
  }
  if (kind == "user-ca") {
    return {{"NAME", "name"}, {"PRINCIPALS", "principals"}, {"SOURCES", "sources"}, {"MAX-LIFETIME", "max_lifetime"}};
  }
  return {{"NAME", "name"}, {"PUBLIC-KEY", "public_key"}, {"DESCRIPTION", "description"}};
}

// What else the change did.
void print_ended_sessions(const std::string& done) {
  const auto facts = parse_object(done);
  const std::int64_t ended = facts ? facts->value("sessions_ended", std::int64_t{0}) : 0;
  if (ended == 0) return;
  std::cout << ended << (ended == 1 ? " live session" : " live sessions")
            << " of users who may not log in any more: terminated\n";
}

// A trial says whether the real thing would wait.
void tell_who_is_needed(const std::string& done) {
  const auto facts = parse_object(done);
  if (!facts || !facts->contains("second_administrator")) return;
  std::cerr << "this would wait for a second administrator: it is about "
            << render_value((*facts)["second_administrator"]) << "\n";
}

base::Result<int> apply(Context& context, const std::string& file, bool dry_run, const ChangeWish& wish) {
  auto documents = read_documents(file);
  if (!documents) return base::pass(documents);
  auto client = context.connect();
  if (!client) return base::pass(client);
  if (auto sent = send_documents(*client, *documents); !sent) return base::pass(sent);
  ipc::AdminRequest commit;
  commit.mutable_apply_commit()->set_dry_run(dry_run);
  put_wish(wish, *commit.mutable_apply_commit());
  auto answer = client->ask(commit);
  if (!answer) return tl::unexpected<base::Error>(with_place(answer.error(), *documents));
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  const bool waits = tell_of_waiting(answer->done);
  if (dry_run) tell_who_is_needed(answer->done);
  if (context.format == Format::json) {
    std::cout << dump(Json(*rows)) << "\n";
    return waits ? kWaits : 0;
  }
  for (const Json& row : *rows) {
    std::cout << render_value(row.value("kind", Json())) << "/" << render_value(row.value("name", Json())) << " "
              << render_value(row.value("action", Json())) << (dry_run ? " (not applied: dry run)" : "") << "\n";
  }
  print_ended_sessions(answer->done);
  return waits ? kWaits : 0;
}

base::Result<int> get(Context& context, const std::string& word, const std::string& name) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_get()->set_kind(singular(word));
  request.mutable_get()->set_name(name);
  auto item = client->ask_one(request);
  if (!item) return base::pass(item);
  if (auto printed = print_object(context, *item); !printed) return base::pass(printed);
  return 0;
}

base::Result<int> get_all(Context& context, const std::string& word, const std::string& text, unsigned most) {
  const std::string kind = singular(word);
  auto client = context.connect();
  if (!client) return base::pass(client);
  const PageRequest page = [&](const std::string& cursor, std::uint32_t limit) {
    ipc::AdminRequest request;
    request.mutable_get()->set_kind(kind);
    request.mutable_get()->set_text(text);
    request.mutable_get()->set_cursor(cursor);
    request.mutable_get()->set_limit(limit);
    return request;
  };
  auto list = ask_list(*client, page, most);
  if (!list) return base::pass(list);
  if (auto printed = print_list(context, columns_of(kind), list->items); !printed) return base::pass(printed);
  tell_of_more(context, *list);
  return 0;
}

base::Result<int> remove(Context& context, const std::string& word, const std::string& name, const ChangeWish& wish) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_delete_()->set_kind(singular(word));
  request.mutable_delete_()->set_name(name);
  put_wish(wish, *request.mutable_delete_());
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  const bool waits = tell_of_waiting(answer->done);
  if (context.format == Format::json) {
    if (auto printed = print_object(context, answer->done); !printed) return base::pass(printed);
  } else if (!waits) {
    std::cout << singular(word) << "/" << name << " deleted\n";
    print_ended_sessions(answer->done);
  }
  return waits ? kWaits : 0;
}

}  // namespace

void add_resource_verbs(Command root) {
  struct Options {
    std::string file, kind, name, text;
    unsigned limit = 0;
    bool dry_run = false;
    ChangeWish wish;
  };
  auto o = std::make_shared<Options>();
  Command verb = root.verb("apply", "Create or change resources: all of them or none",
                           {"sallyport apply -f resources.yaml", "sallyport apply -f /etc/sallyport/resources.d",
                            "cat users.yaml | sallyport apply -f -", "sallyport apply -f resources.yaml --dry-run"});
  verb.required_option("-f,--file", o->file, "A YAML file, a directory of them, or - for standard input")
      .flag("--dry-run", o->dry_run, "Check everything and show what would change");
  add_wish_options(verb, o->wish);
  verb.run([o](Context& c) { return apply(c, o->file, o->dry_run, o->wish); });

  verb = root.verb("get", "Show resources of a kind",
                   {"sallyport get target", "sallyport get policy ops-on-prod -o json",
                    "sallyport get targets --text web --limit 20"});
  std::vector<std::string> words = kinds();
  for (const char* plural : {"users", "groups", "roles", "targets", "accounts", "policies", "recipients", "user-cas"}) {
    words.emplace_back(plural);
  }
  verb.positional("KIND", o->kind, "What kind", words)
      .positional("NAME", o->name, "Only this one", Presence::optional)
      .option("--text", o->text, "Only those with this in their name")
      .option("--limit", o->limit, "So many at most (0: all)")
      .run([o](Context& c) {
        return o->name.empty() ? get_all(c, o->kind, o->text, o->limit) : get(c, o->kind, o->name);
      });

  verb = root.verb("delete", "Delete a resource, and with a user or an account its secrets",
                   {"sallyport delete user alice"});
  verb.positional("KIND", o->kind, "The kind", words).positional("NAME", o->name, "The resource");
  add_wish_options(verb, o->wish);
  verb.run([o](Context& c) { return remove(c, o->kind, o->name, o->wish); });
}

}  // namespace sallyport::cli
