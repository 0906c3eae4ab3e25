// SPDX-License-Identifier: Apache-2.0
// Passwords, keys, accounts' secrets, the certificate authorities and the master key. A secret arrives here, goes into
// its hash or the vault, and is wiped: it is never logged, audited or answered.
#include <nlohmann/json.hpp>

#include "broker/access/declared.h"
#include "broker/api/handlers.h"
#include "broker/api/user_change.h"
#include "identity/user_credentials.h"
#include "keys/authorized_line.h"
#include "ledger/chain.h"
#include "policy/resource.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

base::Result<Answer> store_password(const Exchange& exchange, const std::string& user, const std::string& hash) {
  Services& services = exchange.services();
  const base::Status done = services.store.transaction([&]() -> base::Status {
    if (auto there = still_there(exchange, "user", user); !there) return there;
    if (auto person = is_person(exchange, user); !person) return person;
    if (auto written = write_event(exchange, "user.set-password", {{"user", user}}); !written) return written;
    return identity::set_password(services.store, user, hash, services.clock.now_us());
  });
  if (!done) return base::fail(done.error().code, done.error().message);
  if (auto in_force = put_in_force(exchange); !in_force) return base::pass(in_force);
  return Answer{{}, Json{{"user", user}}.dump()};
}

base::Result<Answer> add_key_to(const Exchange& exchange, const std::string& name, const std::string& line) {
  Services& services = exchange.services();
  std::string fingerprint;
  const base::Status done = services.store.transaction([&]() -> base::Status {
    auto read = keys::parse_authorized_line(line);
    if (!read) return base::pass(read);
    const keys::PublicKey& key = read->key;
    fingerprint = key.fingerprint();
    auto row = services.store.get_resource("user", name);
    if (!row) return base::fail(row.error().code, unknown("user", name).message);
    auto resource = policy::parse_resource(row->json);
    if (!resource) return base::pass(resource);
    auto* user = std::get_if<policy::User>(&*resource);
    if (user == nullptr) return base::fail(base::Errc::corrupt, "the stored user " + name + " is something else");
    for (const std::string& have : user->public_keys) {
      auto parsed = keys::parse_authorized_line(have);
      if (parsed && parsed->key == key) return base::fail(base::Errc::exists, name + " has this key already");
    }
    user->public_keys.push_back(line);
    const std::string json = policy::to_json(*resource);
    if (auto again = policy::parse_resource(json); !again) return base::pass(again);
    auto written =
        write_event(exchange, "user.add-key",
                    {{"user", name}, {"fingerprint", fingerprint}, {"resource_sha256", ledger::text_hash(json)}});
    if (!written) return written;
    auto put = put_declared(services.store, *resource, services.clock.now_us(), exchange.caller().actor);
    if (!put) return base::pass(put);
    return {};
  });
  if (!done) return base::fail(done.error().code, done.error().message);
  if (auto in_force = put_in_force(exchange); !in_force) return base::pass(in_force);
  return Answer{{}, Json{{"user", name}, {"fingerprint", fingerprint}}.dump()};
}

bool is_private_key(base::ByteView secret) {
  return base::text(secret).substr(0, 10) == "-----BEGIN";
}

// One line a target, scoped to its name, and before them one for all names that end in the jump suffix, which no host
// of the world has: never '*' alone, which would let the gateway speak for every host there is.
Answer host_ca_lines(const Services& services) {
  const std::string key = services.vault.host_ca().public_key().line("sallyport-host-ca");
  Answer answer;
  const auto add = [&](const std::string& name) {
    const std::string pattern = name + ",[" + name + "]:*";
    answer.add(Json{{"pattern", pattern}, {"line", "@cert-authority " + pattern + " " + key}}.dump());
  };
  if (const std::string& suffix = services.config.ssh.jump_suffix; !suffix.empty()) add("*" + suffix);
  for (const auto& [name, unused] : services.policy.current()->resources.targets) add(name);
  return answer;
}

}  // namespace

void set_password(const ExchangePtr& exchange, ipc::SetPassword& asked) {
  const std::string user = asked.user();
  const auto password = take_secret(*asked.mutable_password());
  Services& services = exchange->services();
  if (services.policy.current()->resources.user(user) == nullptr) return exchange->fail(unknown("user", user));
  if (password->size() < identity::kMinPasswordBytes || password->size() > identity::kMaxPasswordBytes) {
    return exchange->fail({base::Errc::invalid, "a password has " + std::to_string(identity::kMinPasswordBytes) +
                                                    " to " + std::to_string(identity::kMaxPasswordBytes) + " bytes"});
  }
  exchange->run_on(services.hash_thread, [user, password](Exchange& self) {
    auto hash = self.services().passwords.hash(password->view());
    self.post([hash = std::move(hash), user](Exchange& e) {
      if (!hash) return e.fail(hash.error());
      e.answer_on(e.services().store_thread,
                  [kept = e.shared_from_this(), user, hash = *hash] { return store_password(*kept, user, hash); });
    });
  });
}

void add_key(const ExchangePtr& exchange, ipc::AddKey& asked) {
  const std::string user = asked.user();
  const std::string line = asked.key_line();
  exchange->answer_on(exchange->services().store_thread,
                      [exchange, user, line] { return add_key_to(*exchange, user, line); });
}

void set_secret(const ExchangePtr& exchange, ipc::SetSecret& asked) {
  const std::string account = asked.account();
  const auto secret = take_secret(*asked.mutable_secret());
  if (exchange->services().policy.current()->resources.account(account) == nullptr) {
    return exchange->fail(unknown("account", account));
  }
  exchange->answer_on(exchange->services().store_thread, [exchange, account, secret]() -> base::Result<Answer> {
    Services& services = exchange->services();
    const auto type = is_private_key(secret->view()) ? vault::SecretType::private_key : vault::SecretType::password;
    const std::string word = type == vault::SecretType::private_key ? "private-key" : "password";
    const base::Status done = services.store.transaction([&]() -> base::Status {
      if (auto there = still_there(*exchange, "account", account); !there) return there;
      auto written = write_event(*exchange, "account.set-secret", {{"account", account}, {"secret", word}});
      if (!written) return written;
      return services.vault.set_account_secret(account, type, secret->view());
    });
    if (!done) return base::fail(done.error().code, done.error().message);
    services.target_logins.forget();
    return Answer{{}, Json{{"account", account}, {"secret", word}}.dump()};
  });
}

void show_ca(const ExchangePtr& exchange, ipc::ShowCa& asked) {
  const Services& services = exchange->services();
  const std::string& which = asked.which();
  if (which == "user") {
    Answer answer;
    answer.add(Json{{"line", services.vault.user_ca().public_key().line("sallyport-user-ca")}}.dump());
    return exchange->answer(std::move(answer));
  }
  if (which == "tls") return show_tls_ca(exchange);
  if (which != "host") return exchange->fail({base::Errc::invalid, "there are three authorities: user, host and tls"});
  exchange->answer(host_ca_lines(services));
}

void rotate_master_key(const ExchangePtr& exchange, ipc::RotateMasterKey& asked) {
  const auto passphrase = take_secret(*asked.mutable_passphrase());
  const config::MasterKey& now = exchange->services().config.master_key;
  if (now.source == config::MasterKeySource::credential) {
    return exchange->fail(
        {base::Errc::unsupported,
         "the master key is a systemd credential, which only systemd can replace: see vault.md in the documentation"});
  }
  if (now.source == config::MasterKeySource::passphrase && passphrase->empty()) {
    return exchange->fail({base::Errc::invalid, "the new passphrase is missing"});
  }
  exchange->answer_on(exchange->services().store_thread, [exchange, passphrase]() -> base::Result<Answer> {
    Services& services = exchange->services();
    const config::MasterKey& key = services.config.master_key;
    auto written = write_event(*exchange, "vault.rotate", {});
    if (!written) return base::fail(written.error().code, written.error().message);
    const auto source = key.source == config::MasterKeySource::file
                            ? vault::MasterKeySource::from_file(key.path)
                            : vault::MasterKeySource::from_passphrase(passphrase->duplicate());
    if (auto done = services.vault.rotate(source); !done) return base::pass(done);
    return Answer{};
  });
}

}  // namespace sallyport::broker::api
