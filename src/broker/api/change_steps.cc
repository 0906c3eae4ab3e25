// SPDX-License-Identifier: Apache-2.0
// Steps, one function a kind. A step is checked against what is stored before anything is written.
#include "broker/api/change_steps.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "broker/access/barred_users.h"
#include "broker/access/declared.h"
#include "broker/api/set_checks.h"
#include "broker/api/user_change.h"
#include "identity/user_credentials.h"
#include "keys/authorized_line.h"
#include "ledger/chain.h"

namespace sallyport::broker::api {
namespace {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;
using What = ChangeStep::What;

bool is_private_key(base::ByteView secret) {
  return base::text(secret).substr(0, 10) == "-----BEGIN";
}

std::string what_of(const ChangeStep& step) {
  return step.kind + " " + step.name;
}

// The row that the step is about, if there is one. Errors: the store's.
Result<std::optional<store::ResourceRow>> row_of(store::Store& store, const ChangeStep& step) {
  auto row = store.get_resource(step.kind, step.name);
  if (row) return std::optional(std::move(*row));
  if (row.error().code == Errc::not_found) return std::optional<store::ResourceRow>();
  return base::pass(row);
}

// What somebody decided on may be older than what is stored.
Status check_version(const ChangeStep& step, std::int64_t known, std::int64_t now) {
  if (known == now) return {};
  if (now == 0) return fail(Errc::not_found, what_of(step) + " was deleted meanwhile; nothing was changed");
  return fail(Errc::exists, what_of(step) + " was changed meanwhile (version " + std::to_string(now) +
                                "); nothing was changed: read it again");
}

// An outsider is the invitation's: nobody makes, changes or deletes one in another way. One that stays as it is may be
// among what is applied.
Status check_outsider(const ChangeStep& step, const std::optional<store::ResourceRow>& row) {
  if (step.kind != policy::to_string(policy::Kind::user) || step.what == What::remove_totp) return {};
  if (row && step.what == What::put && row->json == step.text) return {};
  if (step.what == What::put) {
    auto resource = policy::parse_resource(step.text);
    if (!resource) return base::pass(resource);
    const auto* user = std::get_if<policy::User>(&*resource);
    if (user != nullptr && user->outsider) {
      return fail(Errc::denied, "user " + step.name + ": only an invitation makes an outsider");
    }
    if (step.name == policy::kInviteLogin) {
      return fail(Errc::invalid, "user " + step.name + ": by this name outsiders take up invitations");
    }
  }
  return row ? is_no_outsider(*row) : Status();
}

class Runner {
 public:
  Runner(Services& services, const Authorship& by, Depth depth) : services_(services), by_(by), depth_(depth) {}

  Result<std::string> run(const Step& step) {
    auto row = row_of(services_.store, step.change);
    if (!row) return base::pass(row);
    const std::int64_t now = *row ? (*row)->version : 0;
    if (auto same = check_version(step.change, step.change.seen, now); !same) return base::pass(same);
    if (auto may = check_outsider(step.change, *row); !may) return base::pass(may);
    if (step.change.what == What::put) return put(step.change, *row);
    if (!*row) return fail(Errc::not_found, missing(step.change));
    switch (step.change.what) {
      case What::put:
        break;
      case What::remove:
        return remove(step.change);
      case What::add_key:
        return add_key(step.change, **row);
      case What::password:
        return set_password(step);
      case What::secret:
        return set_secret(step);
      case What::remove_totp:
        return remove_totp(step.change);
    }
    return fail(Errc::internal, "a step of no kind");
  }

 private:
  static std::string missing(const ChangeStep& step) {
    const std::string what = "there is no " + what_of(step);
    return step.what == What::remove ? what : what + ": `sallyport apply` one first";
  }
  bool writes() const { return depth_ == Depth::carry_out; }

  Status note(const char* type, std::vector<audit::Field> fields) {
    audit::Event event{type, by_.actor, {}, std::move(fields)};
    if (!by_.change.empty()) {
      event.fields.push_back({"change", by_.change});
      event.fields.push_back({"author", by_.author});
    }
    auto written = services_.audit.log().append(event);
    if (!written) return base::pass(written);
    return {};
  }

  Result<std::string> put(const ChangeStep& step, const std::optional<store::ResourceRow>& before) {
    const bool same = before && before->json == step.text;
    std::int64_t version = before ? before->version : 0;
    const char* action = !before ? "created" : same ? "unchanged" : "updated";
    if (!same && writes()) {
      auto resource = policy::parse_resource(step.text);
      if (!resource) return base::pass(resource);
      // A large one does not fit into the event: its hash binds all of it, to the last subject and target.
      auto noted = note(before ? "resource.update" : "resource.create",
                        {{"kind", step.kind},
                         {"name", step.name},
                         {"resource", step.text},
                         {"resource_bytes", static_cast<std::int64_t>(step.text.size())},
                         {"resource_sha256", ledger::text_hash(step.text)}});
      if (!noted) return base::pass(noted);
      auto row = put_declared(services_.store, *resource, services_.clock.now_us(), by_.author);
      if (!row) return base::pass(row);
      version = row->version;
    }
    return Json{{"kind", step.kind}, {"name", step.name}, {"action", action}, {"version", version}}.dump();
  }

  Result<std::string> remove(const ChangeStep& step) {
    if (step.kind == policy::to_string(policy::Kind::recipient)) {
      if (auto may = check_not_the_last_recipient(services_, step.name); !may) return base::pass(may);
    }
    const std::string row = Json{{"kind", step.kind}, {"name", step.name}, {"action", "deleted"}}.dump();
    if (!writes()) return row;
    if (auto noted = note("resource.delete", {{"kind", step.kind}, {"name", step.name}}); !noted) {
      return base::pass(noted);
    }
    if (step.kind == "user") {
      if (auto gone = services_.store.delete_credentials_of("user", step.name); !gone) return base::pass(gone);
      if (auto gone = services_.totp.forget(step.name); !gone) return base::pass(gone);
    }
    if (step.kind == "account") {
      if (auto gone = services_.vault.forget_account(step.name); !gone) return base::pass(gone);
    }
    auto gone = services_.store.delete_resource(step.kind, step.name, services_.clock.now_us(), by_.author);
    if (!gone) return base::pass(gone);
    return row;
  }

  Result<std::string> add_key(const ChangeStep& step, const store::ResourceRow& row) {
    auto read = keys::parse_authorized_line(step.text);
    if (!read) return base::pass(read);
    const keys::PublicKey& key = read->key;
    auto resource = policy::parse_resource(row.json);
    if (!resource) return base::pass(resource);
    auto* user = std::get_if<policy::User>(&*resource);
    if (user == nullptr) return fail(Errc::corrupt, "the stored user " + step.name + " is something else");
    for (const std::string& have : user->public_keys) {
      auto parsed = keys::parse_authorized_line(have);
      if (parsed && parsed->key == key) return fail(Errc::exists, step.name + " has this key already");
    }
    user->public_keys.push_back(step.text);
    const std::string json = policy::to_json(*resource);
    if (auto again = policy::parse_resource(json); !again) return base::pass(again);
    if (writes()) {
      auto noted =
          note("user.add-key",
               {{"user", step.name}, {"fingerprint", key.fingerprint()}, {"resource_sha256", ledger::text_hash(json)}});
      if (!noted) return base::pass(noted);
      auto put = put_declared(services_.store, *resource, services_.clock.now_us(), by_.author);
      if (!put) return base::pass(put);
    }
    return Json{{"user", step.name}, {"fingerprint", key.fingerprint()}}.dump();
  }

  Result<std::string> set_password(const Step& step) {
    const std::string& user = step.change.name;
    if (auto person = is_person(services_.store, user); !person) return base::pass(person);
    if (writes()) {
      if (auto noted = note("user.set-password", {{"user", user}}); !noted) return base::pass(noted);
      auto set = identity::set_password(services_.store, user, std::string(base::text(step.secret->view())),
                                        services_.clock.now_us());
      if (!set) return base::pass(set);
    }
    return Json{{"user", user}}.dump();
  }

  Result<std::string> set_secret(const Step& step) {
    const std::string& account = step.change.name;
    const bool key = is_private_key(step.secret->view());
    const std::string word = key ? "private-key" : "password";
    if (writes()) {
      if (auto noted = note("account.set-secret", {{"account", account}, {"secret", word}}); !noted) {
        return base::pass(noted);
      }
      const auto type = key ? vault::SecretType::private_key : vault::SecretType::password;
      auto set = services_.vault.set_account_secret(account, type, step.secret->view());
      if (!set) return base::pass(set);
    }
    return Json{{"account", account}, {"secret", word}}.dump();
  }

  Result<std::string> remove_totp(const ChangeStep& step) {
    if (writes()) {
      if (auto noted = note("user.remove-totp", {{"user", step.name}}); !noted) return base::pass(noted);
      if (auto gone = services_.totp.remove(step.name); !gone) return base::pass(gone);
    } else {
      auto enrolled = services_.totp.enrolment(step.name);
      if (!enrolled) return base::pass(enrolled);
      if (!*enrolled) return fail(Errc::not_found, step.name + " has no one-time codes");
    }
    return Json{{"user", step.name}}.dump();
  }

  Services& services_;
  const Authorship& by_;
  Depth depth_;
};

// A change of targets and accounts may make logins work that failed.
Status reload_policy(Services& services) {
  const auto before = services.policy.current();
  if (auto loaded = services.policy.reload(services.store); !loaded) return loaded;
  const auto now = services.policy.current();
  if (before->resources.targets != now->resources.targets || before->resources.accounts != now->resources.accounts) {
    services.target_logins.forget();
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> run_steps(Services& services, const Authorship& by, const std::vector<Step>& steps,
                                           Depth depth) {
  if (auto fits = check_set(services, steps); !fits) return base::pass(fits);
  std::vector<std::string> out;
  Runner runner(services, by, depth);
  for (const Step& step : steps) {
    auto row = runner.run(step);
    if (!row) return base::pass(row);
    out.push_back(std::move(*row));
  }
  return out;
}

Result<std::size_t> enforce_steps(Services& services, const std::string& actor, const std::vector<Step>& steps) {
  if (auto loaded = reload_policy(services); !loaded) return base::pass(loaded);
  const bool secrets =
      std::any_of(steps.begin(), steps.end(), [](const Step& s) { return s.change.what == What::secret; });
  if (secrets) services.target_logins.forget();
  return end_what_is_barred(services, actor);
}

Result<policy::ChangeAreas> look_at(store::Store& store, std::vector<Step>& steps) {
  policy::ChangeAreas out;
  for (Step& step : steps) {
    auto row = row_of(store, step.change);
    if (!row) return base::pass(row);
    step.change.seen = *row ? (*row)->version : 0;
    if (step.expected) {
      if (auto same = check_version(step.change, *step.expected, step.change.seen); !same) return base::pass(same);
    }
    const std::string before = *row ? (*row)->json : "";
    if (step.change.what == What::put || step.change.what == What::remove) {
      auto areas = policy::areas_of(step.change.kind, before, step.change.text);
      if (!areas) return base::pass(areas);
      out.add(*areas);
    } else {
      out.add(policy::ChangeArea::keys);
    }
  }
  return out;
}

}  // namespace sallyport::broker::api
