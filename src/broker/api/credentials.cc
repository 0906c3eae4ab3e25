// SPDX-License-Identifier: Apache-2.0
// Passwords, keys, accounts' secrets, the certificate authorities and the master key. A secret arrives here, goes into
// its hash or the vault, and is wiped: it is never logged, audited or answered.
#include <nlohmann/json.hpp>

#include "broker/api/change_submit.h"
#include "broker/api/handlers.h"
#include "broker/api/user_change.h"

namespace sallyport::broker::api {
namespace {

using Json = nlohmann::ordered_json;

base::Result<Answer> change(const Exchange& exchange, ChangeStep step, const Wish& wish,
                            std::shared_ptr<base::SecretBytes> secret = {}) {
  Step one;
  one.change = std::move(step);
  one.secret = std::move(secret);
  auto made = submit(exchange, {std::move(one)}, wish, Depth::carry_out);
  if (!made) return base::pass(made);
  return answer_of(*made);
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
  exchange->run_on(services.hash_thread, [user, password, wish = wish_of(asked)](Exchange& self) {
    auto hash = self.services().passwords.hash(password->view());
    self.post([hash = std::move(hash), user, wish](Exchange& e) {
      if (!hash) return e.fail(hash.error());
      const auto kept = std::make_shared<base::SecretBytes>(base::view(*hash));
      e.answer_on(e.services().store_thread, [self = e.shared_from_this(), user, kept, wish] {
        return change(*self, {ChangeStep::What::password, "user", user, "", 0}, wish, kept);
      });
    });
  });
}

void add_key(const ExchangePtr& exchange, ipc::AddKey& asked) {
  exchange->answer_on(exchange->services().store_thread, [exchange, asked] {
    return change(*exchange, {ChangeStep::What::add_key, "user", asked.user(), asked.key_line(), 0}, wish_of(asked));
  });
}

void set_secret(const ExchangePtr& exchange, ipc::SetSecret& asked) {
  const std::string account = asked.account();
  const auto secret = take_secret(*asked.mutable_secret());
  if (exchange->services().policy.current()->resources.account(account) == nullptr) {
    return exchange->fail(unknown("account", account));
  }
  exchange->answer_on(exchange->services().store_thread, [exchange, account, secret, wish = wish_of(asked)] {
    return change(*exchange, {ChangeStep::What::secret, "account", account, "", 0}, wish, secret);
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
