// SPDX-License-Identifier: Apache-2.0
// Changing the master key: every secret sealed anew in one transaction, the key file changed over around it.
#include <sodium.h>
#include <unistd.h>

#include <vector>

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

constexpr Label kCheckLabel = {"vault", "master", "check", 1};
constexpr std::string_view kCheckWords = "this is the right key";

/// What an earlier rotation left beside the place: the key now in use goes where it belongs, one that never came to be
/// used goes away. Never the only copy of the key that opens the store.
Status clear_waiting_place(const std::string& path, ByteView current) {
  const std::string waiting = waiting_path(path);
  const Result<SecretBytes> left = read_key_file(waiting);
  if (!left && left.error().code == Errc::not_found) return {};
  if (!left && left.error().code != Errc::invalid) return fail(left.error().code, left.error().message);
  if (left && base::equal_constant_time(left->view(), current)) return promote_waiting_key(path);
  // One that is no key was never written to its end, and the store only changes over to one that was.
  if (::unlink(waiting.c_str()) < 0) return base::fail_errno("master key: cannot remove " + waiting);
  return {};
}

/// A fresh key, waiting beside its place. What stands in that place must be the key now in use, or nothing.
Result<SecretBytes> prepare_key_file(const std::string& path, ByteView current, base::Random& random) {
  if (Status free = check_replaceable(path); !free) return pass(free);
  if (Status cleared = clear_waiting_place(path, current); !cleared) return pass(cleared);
  const Result<SecretBytes> there = read_key_file(path);
  if (!there && there.error().code != Errc::not_found) return fail(there.error().code, there.error().message);
  if (there && !base::equal_constant_time(there->view(), current)) {
    return fail(Errc::exists, "master key: " + path + " holds another key already; move it away first");
  }
  SecretBytes fresh(kMasterKeyBytes);
  random.fill({fresh.data(), fresh.size()});
  if (Status written = write_key_file(waiting_path(path), fresh.view()); !written) return pass(written);
  return fresh;
}

}  // namespace

std::string make_check(ByteView key, base::Random& random) {
  return seal(key, kCheckLabel, base::view(kCheckWords), random);
}

bool opens_check(ByteView key, const std::string& check) {
  const Result<SecretBytes> words = unseal(key, kCheckLabel, check);
  return words && base::equal_constant_time(words->view(), base::view(kCheckWords));
}

Status Vault::seal_anew(ByteView master, const std::string& passphrase_parameters) {
  for (const char* kind : kSealedKinds) {
    Result<std::vector<store::CredentialRow>> rows = store_.list_credentials(kind);
    if (!rows) return pass(rows);
    for (store::CredentialRow& row : *rows) {
      const Label label{row.key.owner_kind, row.key.owner_name, row.key.type, row.version};
      Result<SecretBytes> secret = unseal(master_.view(), label, row.value);
      if (!secret) return pass(secret);
      row.value = seal(master, label, secret->view(), random_);
      if (Status done = store_.put_credential(row); !done) return done;
    }
  }
  if (Status done = store_.put_setting(kPassphraseSetting, passphrase_parameters); !done) return done;
  return store_.put_setting(kCheckSetting, make_check(master, random_));
}

Status Vault::settle() {
  return store_.transaction([&]() -> Status {
    const Result<std::string> check = store_.get_setting(kCheckSetting);
    if (!check) return fail(check.error().code, check.error().message);
    if (!opens_check(master_.view(), *check)) {
      return fail(Errc::denied, "master key: the store has changed over to another key; restart the gateway");
    }
    return store_.put_setting(kCheckSetting, make_check(master_.view(), random_));
  });
}

Status Vault::rotate(const MasterKeySource& to) {
  const store::Store::Turn turn = store_.hold();
  if (Status settled = settle(); !settled) return settled;
  std::string parameters;
  Result<SecretBytes> key = fail(Errc::internal, "");
  switch (to.kind) {
    case MasterKeySource::Kind::file:
      key = prepare_key_file(to.path, master_.view(), random_);
      break;
    case MasterKeySource::Kind::passphrase: {
      if (Status enough = check_new_passphrase(to.passphrase.view()); !enough) return enough;
      const PassphraseParameters fresh{to.passphrase_passes, to.passphrase_memory_bytes,
                                       random_.bytes(crypto_pwhash_SALTBYTES)};
      parameters = to_text(fresh);
      key = derive_key(to.passphrase.view(), fresh);
      break;
    }
    case MasterKeySource::Kind::systemd_credential:
      key = read_credential(to.credentials_directory);
      break;
  }
  if (!key) return pass(key);
  const bool file = to.kind == MasterKeySource::Kind::file;
  // The waiting key stays when this fails: a commit that could not be synced may still be replayed after a crash, and
  // then nothing else opens the store. The next start, or the next rotation, knows which key it is.
  if (Status sealed = store_.transaction([&] { return seal_anew(key->view(), parameters); }); !sealed) return sealed;
  master_ = std::move(*key);
  if (!file) return {};
  if (Status promoted = promote_waiting_key(to.path); !promoted) {
    return fail(promoted.error().code, "the store HAS changed over to the new master key, which is in " +
                                           waiting_path(to.path) + ": back that file up. " + promoted.message());
  }
  return {};
}

}  // namespace sallyport::vault
