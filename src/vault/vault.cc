// SPDX-License-Identifier: Apache-2.0
// Opening the vault and keeping secrets in it.
#include "vault/vault.h"

#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "vault/key_file.h"
#include "vault/node_keys.h"
#include "vault/seal.h"
#include "vault/settings.h"

namespace sallyport::vault {

using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::SecretBytes;
using base::Status;

namespace {

Label label_of(const store::CredentialKey& key, std::int64_t version) {
  return {key.owner_kind, key.owner_name, key.type, version};
}

store::CredentialKey change_key(std::string_view change, std::size_t step) {
  return {"change", std::string(change), "step-" + std::to_string(step)};
}

/// Whether anything is sealed in the store already.
Result<bool> holds_secrets(store::Store& store) {
  for (const char* kind : kSealedKinds) {
    const Result<std::vector<store::CredentialRow>> rows = store.list_credentials(kind);
    if (!rows) return fail(rows.error().code, rows.error().message);
    if (!rows->empty()) return true;
  }
  return false;
}

Result<std::optional<std::string>> setting(store::Store& store, const char* key) {
  Result<std::string> value = store.get_setting(key);
  if (value) return std::optional<std::string>(std::move(*value));
  if (value.error().code == Errc::not_found) return std::optional<std::string>();
  return pass(value);
}

tl::unexpected<base::Error> wrong_key() {
  return fail(
      Errc::denied,
      "master key: this is not the key that this store's secrets are sealed under; nothing was changed. Give the "
      "right key back, or restore store and key from one backup (vault.md in the documentation)");
}

tl::unexpected<base::Error> lost_key(const std::string& why) {
  return fail(Errc::not_found, why +
                                   "; this store's secrets are sealed under it. Restore the key from its backup; "
                                   "without it they cannot be read by anybody (vault.md in the documentation)");
}

/// The key from the file, or from the one that a rotation left waiting; whichever is the store's.
Result<SecretBytes> key_from_file(const std::string& path, const std::string& check) {
  Result<SecretBytes> key = read_key_file(path);
  if (key && opens_check(key->view(), check)) {
    unlink(waiting_path(path).c_str());  // a rotation that never reached the store
    return key;
  }
  Result<SecretBytes> waiting = read_key_file(waiting_path(path));
  if (waiting && opens_check(waiting->view(), check)) {
    // It opens the store from where it is, too: not to start would help nobody.
    if (Status promoted = promote_waiting_key(path); !promoted) {
      base::log_error("vault: the master key in force is in " + waiting_path(path) +
                      ", left there by a rotation; back that file up. " + promoted.message());
    } else {
      base::log_info("vault: finished an interrupted rotation of the master key");
    }
    return waiting;
  }
  if (key) return wrong_key();
  if (key.error().code == Errc::not_found) return lost_key("master key: " + path + " is gone");
  return key;
}

Result<SecretBytes> key_from_passphrase(store::Store& store, const MasterKeySource& source) {
  const auto parameters = setting(store, kPassphraseSetting);
  if (!parameters) return fail(parameters.error().code, parameters.error().message);
  if (!*parameters || (*parameters)->empty()) {
    return fail(Errc::denied,
                "master key: this store was not set up with a passphrase; use the key file or credential");
  }
  const Result<PassphraseParameters> read = passphrase_parameters_from(**parameters);
  if (!read) return fail(Errc::corrupt, read.error().message);
  return derive_key(source.passphrase.view(), *read);
}

}  // namespace

SecretType guess_secret_type(ByteView secret) {
  return base::text(secret).starts_with("-----BEGIN ") ? SecretType::private_key : SecretType::password;
}

Vault::Vault(store::Store& store, const base::Clock& clock, base::Random& random)
    : store_(store), clock_(clock), random_(random) {}
Vault::~Vault() = default;

Result<std::unique_ptr<Vault>> Vault::open(store::Store& store, const MasterKeySource& source, const base::Clock& clock,
                                           base::Random& random) {
  if (sodium_init() < 0) return fail(Errc::internal, "vault: libsodium did not start");
  std::unique_ptr<Vault> vault(new Vault(store, clock, random));
  Status loaded = store.transaction([&]() -> Status {
    const Result<Start> start = vault->unlock(source);
    if (!start) return fail(start.error().code, start.error().message);
    return vault->load_node_keys(*start);
  });
  if (!loaded) return pass(loaded);
  return vault;
}

Result<bool> Vault::is_new(store::Store& store) {
  const Result<std::optional<std::string>> check = setting(store, kCheckSetting);
  if (!check) return fail(check.error().code, check.error().message);
  return !check->has_value();
}

Result<Vault::Start> Vault::unlock(const MasterKeySource& source) {
  Result<std::optional<std::string>> check = setting(store_, kCheckSetting);
  if (!check) return pass(check);
  if (!*check) {
    Result<bool> secrets = holds_secrets(store_);
    if (!secrets) return pass(secrets);
    if (*secrets)
      return fail(Errc::corrupt, "vault: the store holds secrets but no key check; restore it from a backup");
    if (Status begun = begin(source); !begun) return pass(begun);
    return Start::first;
  }
  Result<SecretBytes> key = source.kind == MasterKeySource::Kind::file ? key_from_file(source.path, **check)
                            : source.kind == MasterKeySource::Kind::passphrase
                                ? key_from_passphrase(store_, source)
                                : read_credential(source.credentials_directory);
  if (!key) return pass(key);
  if (!opens_check(key->view(), **check)) return wrong_key();
  master_ = std::move(*key);
  return Start::later;
}

Status Vault::begin(const MasterKeySource& source) {
  std::string parameters;
  Result<SecretBytes> key = fail(Errc::internal, "");
  switch (source.kind) {
    case MasterKeySource::Kind::file:
      key = read_key_file(source.path);
      if (!key && key.error().code == Errc::not_found) {
        SecretBytes fresh(kMasterKeyBytes);
        random_.fill({fresh.data(), fresh.size()});
        if (Status written = write_key_file(source.path, fresh.view()); !written) return written;
        base::log_info("vault: made a new master key in " + source.path + "; back it up apart from the data");
        key = std::move(fresh);
      }
      break;
    case MasterKeySource::Kind::passphrase: {
      if (Status enough = check_new_passphrase(source.passphrase.view()); !enough) return enough;
      const PassphraseParameters fresh{source.passphrase_passes, source.passphrase_memory_bytes,
                                       random_.bytes(crypto_pwhash_SALTBYTES)};
      parameters = to_text(fresh);
      key = derive_key(source.passphrase.view(), fresh);
      break;
    }
    case MasterKeySource::Kind::systemd_credential:
      key = read_credential(source.credentials_directory);
      break;
  }
  if (!key) return pass(key);
  Status stored = store_.transaction([&]() -> Status {
    if (Status done = store_.put_setting(kPassphraseSetting, parameters); !done) return done;
    return store_.put_setting(kCheckSetting, make_check(key->view(), random_));
  });
  if (!stored) return stored;
  master_ = std::move(*key);
  return {};
}

Status Vault::put(const store::CredentialKey& key, ByteView secret) {
  return store_.transaction([&]() -> Status {
    Result<store::CredentialRow> old = store_.get_credential(key);
    if (!old && old.error().code != Errc::not_found) return pass(old);
    const std::int64_t version = old ? old->version + 1 : 1;
    return store_.put_credential(
        {key, version, seal(master_.view(), label_of(key, version), secret, random_), clock_.now_us()});
  });
}

Result<SecretBytes> Vault::get(const store::CredentialKey& key) {
  Result<SecretBytes> out = fail(Errc::internal, "");
  Status done = store_.transaction([&]() -> Status {
    Result<store::CredentialRow> row = store_.get_credential(key);
    if (!row) return pass(row);
    out = unseal(master_.view(), label_of(key, row->version), row->value);
    return {};
  });
  if (!done) return pass(done);
  return out;
}

Result<SecretBytes> Vault::get_or_make(const store::CredentialKey& key,
                                       const std::function<Result<SecretBytes>()>& make) {
  Result<SecretBytes> out = fail(Errc::internal, "");
  Status done = store_.transaction([&]() -> Status {
    out = get(key);
    if (out || out.error().code != Errc::not_found) return {};
    out = make();
    if (!out) return {};
    return put(key, out->view());
  });
  if (!done) return pass(done);
  return out;
}

Status Vault::set_account_secret(std::string_view account, SecretType type, ByteView secret) {
  const std::string name(account);
  if (type == SecretType::private_key) {
    Result<keys::PrivateKey> key = keys::PrivateKey::parse(secret);
    if (!key) return pass(key);
    Result<SecretBytes> text = key->serialize();
    if (!text) return pass(text);
    return put({"account", name, "private-key"}, text->view());
  }
  std::string_view text = base::text(secret);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
  });
  if (text.empty() || text.size() > kMaxAccountPasswordBytes || control) {
    return fail(Errc::invalid, "a password is one line of 1 to " + std::to_string(kMaxAccountPasswordBytes) +
                                   " bytes without control characters");
  }
  return put({"account", name, "password"}, base::view(text));
}

Result<SecretBytes> Vault::account_password(std::string_view account) {
  const std::string name(account);
  Result<SecretBytes> out = get({"account", name, "password"});
  if (!out && out.error().code == Errc::not_found) {
    return fail(Errc::not_found,
                "account '" + name + "' has no password yet; run: sallyport account set-secret " + name);
  }
  return out;
}

Result<keys::PrivateKey> Vault::account_key(std::string_view account) {
  const std::string name(account);
  Result<SecretBytes> text = get({"account", name, "private-key"});
  if (!text && text.error().code == Errc::not_found) {
    return fail(Errc::not_found, "account '" + name + "' has no private key yet; run: sallyport account set-secret " +
                                     name + " and give it the key file on standard input");
  }
  if (!text) return pass(text);
  return keys::PrivateKey::parse(text->view());
}

Status Vault::forget_account(std::string_view account) {
  return store_.delete_credentials_of("account", account);
}

store::CredentialKey Vault::factor_key(std::string_view user, std::string_view type) {
  return {"factor", std::string(user), std::string(type)};
}

Status Vault::set_factor_secret(std::string_view user, std::string_view type, ByteView secret) {
  return put(factor_key(user, type), secret);
}

Result<SecretBytes> Vault::factor_secret(std::string_view user, std::string_view type) {
  return get(factor_key(user, type));
}

Status Vault::set_change_secret(std::string_view change, std::size_t step, ByteView secret) {
  return put(change_key(change, step), secret);
}

Result<SecretBytes> Vault::change_secret(std::string_view change, std::size_t step) {
  return get(change_key(change, step));
}

Status Vault::forget_change(std::string_view change) {
  return store_.delete_credentials_of("change", change);
}

Status Vault::forget_factors(std::string_view user) {
  return store_.delete_credentials_of("factor", user);
}

}  // namespace sallyport::vault
