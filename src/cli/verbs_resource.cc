// SPDX-License-Identifier: Apache-2.0
// apply, get, delete.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "cli/list_pages.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "config/yaml.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

const std::vector<std::string>& kinds() {
  static const std::vector<std::string> words{"user", "group", "target", "account", "policy", "recipient"};
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
  if (kind == "user") return {{"NAME", "name"}, {"GROUPS", "groups"}, {"DISABLED", "disabled"}};
  if (kind == "group") return {{"NAME", "name"}, {"MEMBERS", "members"}, {"DESCRIPTION", "description"}};
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
  return {{"NAME", "name"}, {"PUBLIC-KEY", "public_key"}, {"DESCRIPTION", "description"}};
}

struct Document {
  std::string where;  // "FILE:LINE"
  std::string json;
};

base::Status read_text(const std::string& name, std::string_view text, std::vector<Document>& out) {
  auto nodes = config::parse_yaml(text, name);
  if (!nodes) return base::pass(nodes);
  for (const config::YamlNode& node : *nodes) {
    // A list of resources is as good as a document for each.
    const auto& items = node.kind == config::YamlKind::list ? node.children : std::vector<config::YamlNode>{node};
    for (const config::YamlNode& item : items) {
      const std::string where = name + ":" + std::to_string(item.line);
      if (item.kind != config::YamlKind::map || item.find("kind") == nullptr) {
        return base::fail(base::Errc::invalid, where +
                                                   ": a resource is a map with kind and name; known kinds: user, "
                                                   "group, target, account, policy, recipient");
      }
      out.push_back({where, config::to_json(item)});
    }
  }
  return {};
}

base::Status read_file_into(const std::string& path, std::vector<Document>& out) {
  auto bytes = base::read_file(path, config::kYamlMaxBytes);
  if (!bytes) return base::pass(bytes);
  return read_text(path, base::text(*bytes), out);
}

base::Status read_directory(const std::string& path, std::vector<Document>& out) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return base::fail_errno(path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string name = entry->d_name;
    const std::size_t dot = name.rfind('.');
    const std::string ending = dot == std::string::npos ? "" : name.substr(dot);
    if (name[0] != '.' && (ending == ".yaml" || ending == ".yml" || ending == ".json")) names.push_back(name);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  if (names.empty()) return base::fail(base::Errc::not_found, path + ": holds no .yaml, .yml or .json file");
  for (const std::string& name : names) {
    if (auto read = read_file_into(path + "/" + name, out); !read) return read;
  }
  return {};
}

base::Result<std::vector<Document>> read_documents(const std::string& file) {
  std::vector<Document> out;
  base::Status read;
  struct stat status {};
  if (file == "-") {
    auto bytes = base::read_file("/dev/stdin", config::kYamlMaxBytes);
    if (!bytes) return base::pass(bytes);
    read = read_text("standard input", base::text(*bytes), out);
  } else if (::stat(file.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    read = read_directory(file, out);
  } else {
    read = read_file_into(file, out);
  }
  if (!read) return base::pass(read);
  if (out.empty()) return base::fail(base::Errc::invalid, file + ": holds no resource");
  return out;
}

// The gateway counts documents; people look for lines.
base::Error with_place(base::Error error, const std::vector<Document>& documents) {
  const std::string prefix = "document ";
  if (error.message.rfind(prefix, 0) != 0) return error;
  const std::size_t number = std::strtoul(error.message.c_str() + prefix.size(), nullptr, 10);
  const std::size_t colon = error.message.find(": ");
  if (number == 0 || number > documents.size() || colon == std::string::npos) return error;
  error.message = documents[number - 1].where + error.message.substr(colon);
  return error;
}

// What else the change did.
void print_ended_sessions(const std::string& done) {
  const auto facts = parse_object(done);
  const std::int64_t ended = facts ? facts->value("sessions_ended", std::int64_t{0}) : 0;
  if (ended == 0) return;
  std::cout << ended << (ended == 1 ? " live session" : " live sessions")
            << " of users who may not log in any more: terminated\n";
}

base::Result<int> apply(Context& context, const std::string& file, bool dry_run) {
  auto documents = read_documents(file);
  if (!documents) return base::pass(documents);
  auto client = context.connect();
  if (!client) return base::pass(client);
  for (const Document& document : *documents) {
    ipc::AdminRequest item;
    item.mutable_apply_item()->set_json(document.json);
    if (auto sent = client->send(item); !sent) {
      return base::fail(sent.error().code, document.where + ": " + sent.message());
    }
  }
  ipc::AdminRequest commit;
  commit.mutable_apply_commit()->set_dry_run(dry_run);
  auto answer = client->ask(commit);
  if (!answer) return tl::unexpected<base::Error>(with_place(answer.error(), *documents));
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  if (context.format == Format::json) {
    std::cout << dump(Json(*rows)) << "\n";
    return 0;
  }
  for (const Json& row : *rows) {
    std::cout << render_value(row.value("kind", Json())) << "/" << render_value(row.value("name", Json())) << " "
              << render_value(row.value("action", Json())) << (dry_run ? " (not applied: dry run)" : "") << "\n";
  }
  print_ended_sessions(answer->done);
  return 0;
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

base::Result<int> remove(Context& context, const std::string& word, const std::string& name) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_delete_()->set_kind(singular(word));
  request.mutable_delete_()->set_name(name);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  if (context.format == Format::json) {
    if (auto printed = print_object(context, answer->done); !printed) return base::pass(printed);
  } else {
    std::cout << singular(word) << "/" << name << " deleted\n";
    print_ended_sessions(answer->done);
  }
  return 0;
}

}  // namespace

void add_resource_verbs(Command root) {
  struct Options {
    std::string file, kind, name, text;
    unsigned limit = 0;
    bool dry_run = false;
  };
  auto o = std::make_shared<Options>();
  Command verb = root.verb("apply", "Create or change resources: all of them or none",
                           {"sallyport apply -f resources.yaml", "sallyport apply -f /etc/sallyport/resources.d",
                            "cat users.yaml | sallyport apply -f -", "sallyport apply -f resources.yaml --dry-run"});
  verb.required_option("-f,--file", o->file, "A YAML file, a directory of them, or - for standard input")
      .flag("--dry-run", o->dry_run, "Check everything and show what would change")
      .run([o](Context& c) { return apply(c, o->file, o->dry_run); });

  verb = root.verb("get", "Show resources: user, group, target, account, policy or recipient",
                   {"sallyport get target", "sallyport get policy ops-on-prod -o json",
                    "sallyport get targets --text web --limit 20"});
  std::vector<std::string> words = kinds();
  for (const char* plural : {"users", "groups", "targets", "accounts", "policies", "recipients"}) {
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
  verb.positional("KIND", o->kind, "The kind", words).positional("NAME", o->name, "The resource").run([o](Context& c) {
    return remove(c, o->kind, o->name);
  });
}

}  // namespace sallyport::cli
