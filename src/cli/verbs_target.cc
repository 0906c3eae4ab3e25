// SPDX-License-Identifier: Apache-2.0
// target scan: shows which host keys a target proves, and pins them once somebody says that they are the right ones.
// The gateway does the talking. A key is never replaced without having been asked for by name.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/change_wish.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Options {
  std::string name;
  bool yes = false;
  bool replace = false;
};

struct Scan {
  Json facts;              // {target, address, software, without, not_shown}
  std::vector<Json> keys;  // {type, fingerprint, line, state, replaces}

  bool any(const std::string& state) const {
    return std::any_of(keys.begin(), keys.end(), [&](const Json& key) { return text(key, "state") == state; });
  }
  static std::string text(const Json& object, const char* field) { return object.value(field, std::string{}); }
};

// A target as it was read.
struct Read {
  Json json;
  std::int64_t version = 0;
};

base::Result<Read> read_target(AdminClient& client, const std::string& name) {
  ipc::AdminRequest request;
  request.mutable_get()->set_kind("target");
  request.mutable_get()->set_name(name);
  auto answer = client.ask(request);
  if (!answer) return base::pass(answer);
  if (answer->items.size() != 1) return base::fail(base::Errc::invalid, "the gateway's answer is not one target");
  auto json = parse_object(answer->items.front());
  if (!json) return base::pass(json);
  return Read{std::move(*json), answer->versions.front()};
}

base::Result<Scan> scan(AdminClient& client, const std::string& name) {
  ipc::AdminRequest request;
  request.mutable_target_scan()->set_name(name);
  auto answer = client.ask(request);
  if (!answer) return base::pass(answer);
  auto keys = parse_objects(answer->items);
  if (!keys) return base::pass(keys);
  auto facts = parse_object(answer->done);
  if (!facts) return base::pass(facts);
  return Scan{std::move(*facts), std::move(*keys)};
}

void show(const Scan& found) {
  std::cout << "Target " << render_value(found.facts.value("target", Json())) << " at "
            << render_value(found.facts.value("address", Json())) << " calls itself "
            << render_value(found.facts.value("software", Json())) << " and proved these host keys:\n\n"
            << render_table({{"TYPE", "type"}, {"FINGERPRINT", "fingerprint"}, {"STATE", "state"}}, found.keys,
                            colour_of_stdout())
            << "\n";
  for (const Json& line : found.facts.value("not_shown", Json::array())) {
    std::cout << "On record, but not shown: " << render_value(line) << "\n";
  }
  if (found.any("changed")) {
    std::cout << "THE HOST KEY HAS CHANGED: another key of that type is on record for this target.\n"
                 "Either the host was installed again, or an attacker is between the gateway and the host.\n"
                 "Find out which before you go on.\n\n";
  }
  if (!found.any("new") && !found.any("changed")) return;
  std::cout << "The network cannot prove whose keys these are. Compare the fingerprints out of band,\n"
               "for example on the target's own console:\n"
               "  for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done\n\n"
            << std::flush;
}

// Whoever answers has a terminal; a script says --yes.
bool confirmed(const std::string& question) {
  std::cerr << question << " Type yes to go on: " << std::flush;
  std::string line;
  return std::getline(std::cin, line) && line == "yes";
}

// The resource with the keys added, and without those that they replace.
Json with_keys(Json target, const Scan& found) {
  std::set<std::string> replaced;
  for (const Json& key : found.keys) {
    for (const Json& line : key.value("replaces", Json::array())) replaced.insert(line.get<std::string>());
  }
  Json lines = Json::array();
  for (const Json& line : target.value("host_keys", Json::array())) {
    if (!replaced.contains(line.get<std::string>())) lines.push_back(line);
  }
  for (const Json& key : found.keys) {
    if (Scan::text(key, "state") != "known") lines.push_back(Scan::text(key, "line"));
  }
  target["host_keys"] = std::move(lines);
  return target;
}

// The gateway refuses it when the target is no longer the one that was read. Whether it waits for somebody's approval.
base::Result<bool> pin(AdminClient& client, const Read& before, const Scan& found) {
  ipc::AdminRequest item;
  item.mutable_apply_item()->set_json(with_keys(before.json, found).dump());
  item.mutable_apply_item()->set_expected_version(before.version);
  if (auto sent = client.send(item); !sent) return base::pass(sent);
  ipc::AdminRequest commit;
  commit.mutable_apply_commit();
  auto applied = client.ask(commit);
  if (!applied && applied.error().code == base::Errc::exists) {
    return base::fail(base::Errc::exists, "the target was changed meanwhile; nothing was pinned: scan it again");
  }
  if (!applied) return base::pass(applied);
  return tell_of_waiting(applied->done);
}

// Whether to pin, and if not, why not.
base::Status may_pin(const Options& o, const Context& context, const Scan& found) {
  if (found.any("changed") && !o.replace) {
    return base::fail(base::Errc::denied,
                      "nothing was pinned: a host key has changed. When you know that the new key is right, add "
                      "--replace");
  }
  if (o.yes) return {};
  if (context.format == Format::json || ::isatty(STDIN_FILENO) != 1) {
    return base::fail(base::Errc::denied,
                      "nothing was pinned: without a terminal nobody can compare the keys; a script gives --yes");
  }
  const bool sure = found.any("changed") ? confirmed("Replace the key on record by the changed one?")
                                         : confirmed("Are these the target's fingerprints?");
  if (!sure) return base::fail(base::Errc::denied, "nothing was pinned");
  return {};
}

base::Result<int> scan_target(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  auto before = read_target(*client, o.name);
  if (!before) return base::pass(before);
  auto found = scan(*client, o.name);
  if (!found) return base::pass(found);
  if (context.format == Format::table) show(*found);
  const bool wanted = found->any("new") || found->any("changed");
  base::Result<bool> waits = false;
  if (wanted) {
    if (auto may = may_pin(o, context, *found); !may) waits = base::pass(may);
    if (waits) waits = pin(*client, *before, *found);
  }
  if (context.format == Format::json) {
    Json out = found->facts;
    out["keys"] = found->keys;
    out["pinned"] = wanted && waits.has_value() && !*waits;
    std::cout << dump(out) << "\n" << std::flush;
  } else if (waits && !*waits) {
    std::cout << (wanted ? "The keys are pinned." : "All keys are on record: nothing changes.") << "\n";
  }
  if (!waits) return base::pass(waits);
  return *waits ? kWaits : 0;
}

}  // namespace

void add_target_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command target = root.group("target", "The systems behind the gateway");
  Command verb = target.verb("scan", "Fetch and show a target's host keys, and pin them after you have compared them",
                             {"sallyport target scan web1", "sallyport target scan web1 --yes -o json",
                              "sallyport target scan web1 --replace      # the host was set up anew"});
  verb.positional("NAME", o->name, "The name of the target")
      .flag("--yes", o->yes, "Pin new keys without asking; only where you trust the network up to the target")
      .flag("--replace", o->replace, "Pin a changed key in place of the one on record")
      .run([o](Context& c) { return scan_target(c, *o); });
}

}  // namespace sallyport::cli
