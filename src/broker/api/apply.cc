// SPDX-License-Identifier: Apache-2.0
// apply and delete: the declared resources. Everything that touches the database runs on the store's thread.
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "broker/access/barred_users.h"
#include "broker/access/declared.h"
#include "broker/api/documents.h"
#include "broker/api/handlers.h"
#include "broker/record/record_recipients.h"
#include "ledger/chain.h"
#include "policy/resource.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

struct Parsed {
  std::string kind;
  std::string name;
  std::string json;  // canonical
  policy::Resource resource;
  std::optional<std::int64_t> expected_version;
};

base::Result<std::vector<Parsed>> parse_items(const std::vector<ipc::ApplyItem>& items) {
  std::vector<Parsed> out;
  std::map<std::string, std::size_t> seen;
  auto resources = parse_documents(items);
  if (!resources) return base::pass(resources);
  for (std::size_t i = 0; i < resources->size(); ++i) {
    policy::Resource* resource = &(*resources)[i];
    const ipc::ApplyItem& item = items[i];
    Parsed parsed{policy::to_string(policy::kind_of(*resource)), policy::name_of(*resource), policy::to_json(*resource),
                  std::move(*resource), std::nullopt};
    if (item.has_expected_version()) parsed.expected_version = item.expected_version();
    if (!seen.emplace(parsed.kind + "/" + parsed.name, out.size()).second) {
      return base::fail(base::Errc::invalid, parsed.kind + " " + parsed.name + " stands twice among the documents");
    }
    out.push_back(std::move(parsed));
  }
  if (out.empty()) return base::fail(base::Errc::invalid, "there is no resource in what was given");
  return out;
}

// What the caller changed may be older than what is stored.
base::Status check_version(const Parsed& parsed, std::int64_t now) {
  if (!parsed.expected_version || *parsed.expected_version == now) return {};
  const std::string what = parsed.kind + " " + parsed.name;
  if (now == 0) return base::fail(base::Errc::not_found, what + " was deleted meanwhile; nothing was changed");
  return base::fail(base::Errc::exists, what + " was changed meanwhile (version " + std::to_string(now) +
                                            "); nothing was changed: read it again");
}

// Writes one resource and its audit event, inside the caller's transaction.
base::Result<std::string> put_one(const Exchange& exchange, const Parsed& parsed, bool dry_run) {
  Services& services = exchange.services();
  auto before = services.store.get_resource(parsed.kind, parsed.name);
  if (!before && before.error().code != base::Errc::not_found) return base::pass(before);
  const char* action = !before ? "created" : before->json == parsed.json ? "unchanged" : "updated";
  std::int64_t version = before ? before->version : 0;
  if (auto same = check_version(parsed, version); !same) return base::pass(same);
  if (!before || before->json != parsed.json) {
    if (!dry_run) {
      audit::Event event = exchange.event(before ? "resource.update" : "resource.create");
      // A large one does not fit into the event: its hash binds all of it, to the last subject and target.
      event.fields = {{"kind", parsed.kind},
                      {"name", parsed.name},
                      {"resource", parsed.json},
                      {"resource_bytes", static_cast<std::int64_t>(parsed.json.size())},
                      {"resource_sha256", ledger::text_hash(parsed.json)}};
      auto written = services.audit.log().append(event);
      if (!written) return base::pass(written);
      auto row = put_declared(services.store, parsed.resource, services.clock.now_us(), exchange.caller().actor);
      if (!row) return base::pass(row);
      version = row->version;
    }
  }
  Json out{{"kind", parsed.kind}, {"name", parsed.name}, {"action", action}, {"version", version}};
  return out.dump();
}

// Before the change. More than this, and no session could be recorded.
base::Status check_number_of_recipients(store::Store& store, const std::vector<Parsed>& parsed) {
  const std::string kind = policy::to_string(policy::Kind::recipient);
  const auto rows = store.list_resources(kind);
  if (!rows) return base::fail(rows.error().code, rows.error().message);
  std::set<std::string> names;
  for (const store::ResourceRow& row : *rows) names.insert(row.name);
  for (const Parsed& one : parsed) {
    if (one.kind == kind) names.insert(one.name);
  }
  if (names.size() <= kMaxDeclaredRecipients) return {};
  return base::fail(base::Errc::invalid, "there would be " + std::to_string(names.size()) +
                                             " recipients: recordings are encrypted to each of them, and to " +
                                             std::to_string(kMaxDeclaredRecipients) + " at most");
}

// A name that says who somebody is, beside the user's own.
struct SecondName {
  const char* key;
  std::string policy::User::*value;
  const char* meaning;
};
constexpr SecondName kSecondNames[] = {{"email", &policy::User::email, "it says who logs in"},
                                       {"local_account", &policy::User::local_account, "it says who gives orders"}};

// Before the change: who has which second name after it. One of two users would be taken for the other.
base::Status check_second_names(store::Store& store, const std::vector<Parsed>& parsed) {
  const std::string kind = policy::to_string(policy::Kind::user);
  std::map<std::string, std::string> users;  // name → JSON
  bool any = false;
  for (const Parsed& one : parsed) {
    if (one.kind != kind) continue;
    users.emplace(one.name, one.json);
    for (const SecondName& second : kSecondNames) {
      any = any || one.json.find("\"" + std::string(second.key) + "\"") != std::string::npos;
    }
  }
  if (!any) return {};
  const auto rows = store.list_resources(kind);
  if (!rows) return base::fail(rows.error().code, rows.error().message);
  for (const store::ResourceRow& row : *rows) users.emplace(row.name, row.json);
  std::map<std::pair<std::string, std::string>, std::string> owners;  // (key, value) → name
  for (const auto& [name, json] : users) {
    const auto resource = policy::parse_resource(json);
    if (!resource) return base::fail(base::Errc::corrupt, "user " + name + ": " + resource.message());
    for (const SecondName& second : kSecondNames) {
      const std::string& value = std::get<policy::User>(*resource).*second.value;
      if (value.empty()) continue;
      const auto [owner, first] = owners.emplace(std::pair(second.key, value), name);
      if (first) continue;
      return base::fail(base::Errc::invalid, "users '" + owner->second + "' and '" + name + "' have the same " +
                                                 second.key + ": " + second.meaning + ", so each has one of their own");
    }
  }
  return {};
}

base::Status check_not_the_last_recipient(const Services& services, const std::string& name) {
  if (!services.config.recording.write_only) return {};
  const auto rows = services.store.list_resources(policy::to_string(policy::Kind::recipient));
  if (!rows) return base::fail(rows.error().code, rows.error().message);
  if (rows->size() != 1 || rows->front().name != name) return {};
  return base::fail(base::Errc::denied, "recipient " + name +
                                            " is the last one, and recording.write_only is set: no session could be "
                                            "recorded, so none would open. Apply another recipient first");
}

/// What changed of targets and accounts may make logins work that failed.
base::Status reload_policy(Services& services) {
  const auto before = services.policy.current();
  if (auto loaded = services.policy.reload(services.store); !loaded) return loaded;
  const auto now = services.policy.current();
  if (before->resources.targets != now->resources.targets || before->resources.accounts != now->resources.accounts) {
    services.target_logins.forget();
  }
  return {};
}

base::Result<Answer> apply_all(const Exchange& exchange, const Apply& asked) {
  const bool dry_run = asked.dry_run;
  auto parsed = parse_items(asked.items);
  if (!parsed) return base::pass(parsed);
  Services& services = exchange.services();
  Answer answer;
  const base::Status done = services.store.transaction([&]() -> base::Status {
    answer.items.clear();  // of an earlier run
    if (auto fits = check_number_of_recipients(services.store, *parsed); !fits) return fits;
    if (auto own = check_second_names(services.store, *parsed); !own) return own;
    for (const Parsed& one : *parsed) {
      auto item = put_one(exchange, one, dry_run);
      if (!item) return base::pass(item);
      answer.add(std::move(*item));
    }
    return {};
  });
  if (!done) return base::fail(done.error().code, done.error().message);
  std::size_t ended = 0;
  if (!dry_run) {
    if (auto loaded = reload_policy(services); !loaded) return base::pass(loaded);
    ended = end_what_is_barred(services, exchange.caller().actor);
  }
  answer.done = Json{{"resources", answer.items.size()}, {"dry_run", dry_run}, {"sessions_ended", ended}}.dump();
  return answer;
}

base::Result<Answer> delete_one(const Exchange& exchange, const std::string& kind, const std::string& name) {
  Services& services = exchange.services();
  const base::Status done = services.store.transaction([&]() -> base::Status {
    auto row = services.store.get_resource(kind, name);
    if (!row && row.error().code == base::Errc::not_found) {
      return base::fail(base::Errc::not_found, "there is no " + kind + " " + name);
    }
    if (!row) return base::pass(row);
    if (kind == policy::to_string(policy::Kind::recipient)) {
      if (auto may = check_not_the_last_recipient(services, name); !may) return may;
    }
    audit::Event event = exchange.event("resource.delete");
    event.fields = {{"kind", kind}, {"name", name}};
    if (auto written = services.audit.log().append(event); !written) return base::pass(written);
    if (kind == "user") {
      if (auto gone = services.store.delete_credentials_of("user", name); !gone) return gone;
      if (auto gone = services.totp.forget(name); !gone) return gone;
    }
    if (kind == "account") {
      if (auto gone = services.vault.forget_account(name); !gone) return gone;
    }
    return services.store.delete_resource(kind, name, services.clock.now_us(), exchange.caller().actor);
  });
  if (!done) return base::fail(done.error().code, done.error().message);
  if (auto loaded = reload_policy(services); !loaded) return base::pass(loaded);
  const std::size_t ended = end_what_is_barred(services, exchange.caller().actor);
  return Answer{{}, Json{{"kind", kind}, {"name", name}, {"action", "deleted"}, {"sessions_ended", ended}}.dump()};
}

}  // namespace

void apply(const ExchangePtr& exchange, Apply& asked) {
  exchange->answer_on(exchange->services().store_thread, [exchange, asked = std::make_shared<Apply>(std::move(asked))] {
    return apply_all(*exchange, *asked);
  });
}

void delete_resource(const ExchangePtr& exchange, ipc::DeleteResource& asked) {
  const std::string kind = asked.kind();
  const std::string name = asked.name();
  if (auto known = policy::kind_from(kind); !known) return exchange->fail(known.error());
  exchange->answer_on(exchange->services().store_thread,
                      [exchange, kind, name] { return delete_one(*exchange, kind, name); });
}

}  // namespace sallyport::broker::api
