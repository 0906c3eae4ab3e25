// SPDX-License-Identifier: Apache-2.0
// Making, keeping and using the gateway's own keys.
#include "vault/node_keys.h"

#include <sodium.h>

namespace sallyport::vault {

using base::Bytes;
using base::ByteView;
using base::Errc;
using base::fail;
using base::Result;
using base::SecretBytes;
using base::Status;

namespace {

const store::CredentialKey kOneNodesSigningKey{"node", "signing", "ed25519-seed"};

store::CredentialKey signing_key_of(std::string_view node) {
  return {"node", std::string(node), "signing-seed"};
}

Status derive_signing_key(ByteView seed, SecretBytes& secret, Bytes& public_key) {
  if (seed.size() != crypto_sign_SEEDBYTES) return fail(Errc::corrupt, "vault: the node's signing key is damaged");
  secret = SecretBytes(crypto_sign_SECRETKEYBYTES);
  public_key.resize(crypto_sign_PUBLICKEYBYTES);
  crypto_sign_seed_keypair(public_key.data(), secret.data(), seed.data());
  return {};
}

Result<SecretBytes> make_key(keys::GeneratedKey kind, base::Random& random) {
  Result<keys::PrivateKey> made = keys::PrivateKey::generate(kind, random);
  if (!made) return pass(made);
  return made->serialize();
}

Result<keys::PrivateKey> parse_key(const Result<SecretBytes>& text) {
  if (!text) return fail(text.error().code, text.message());
  return keys::PrivateKey::parse(text->view());
}

}  // namespace

Result<keys::PrivateKey> Vault::get_or_make_key(const store::CredentialKey& key, keys::GeneratedKey kind) {
  return parse_key(get_or_make(key, [&] { return make_key(kind, random_); }));
}

// Only the first start makes them. Later one that is not there was taken away, by somebody who would like to see a new
// one in its place: with a new signing key, a log that was emptied would look like that of a new node.
Result<SecretBytes> Vault::node_secret(const store::CredentialKey& key, Start start,
                                       const std::function<Result<SecretBytes>()>& make) {
  if (start == Start::first) return get_or_make(key, make);
  Result<SecretBytes> out = get(key);
  if (!out && out.error().code == Errc::not_found) {
    return fail(Errc::corrupt, "vault: a key of this node was taken out of the store (" + key.owner_kind + " " +
                                   key.owner_name + " " + key.type +
                                   "); keep the database as evidence and restore it from a backup");
  }
  return out;
}

Result<keys::PrivateKey> Vault::node_key(const store::CredentialKey& key, Start start, keys::GeneratedKey kind) {
  return parse_key(node_secret(key, start, [&] { return make_key(kind, random_); }));
}

/// A node that is new to the store makes its key. One that has a log there and no key was robbed of it.
Result<SecretBytes> Vault::signing_seed(Start start, bool& made) {
  const store::CredentialKey own = signing_key_of(store_.node());
  Result<SecretBytes> out = get(own);
  if (out || out.error().code != Errc::not_found) return out;
  // From before nodes had keys of their own: it stays this node's, under the node's name.
  out = get(kOneNodesSigningKey);
  if (out) {
    if (Status kept = put(own, out->view()); !kept) return pass(kept);
    if (Status gone = store_.delete_credential(kOneNodesSigningKey); !gone) return pass(gone);
    return out;
  }
  if (out.error().code != Errc::not_found) return out;
  const Result<store::AuditRow> logged = store_.last_audit();
  if (!logged && logged.error().code != Errc::not_found) return fail(logged.error().code, logged.error().message);
  const bool joins = store_.shared() && !logged;
  made = true;
  return node_secret(own, joins ? Start::first : start, [&]() -> Result<SecretBytes> {
    SecretBytes seed(crypto_sign_SEEDBYTES);
    random_.fill({seed.data(), seed.size()});
    return seed;
  });
}

Result<Bytes> Vault::public_key_of_node(std::string_view node) {
  const Result<SecretBytes> seed = get(signing_key_of(node));
  if (!seed) return fail(seed.error().code, seed.error().message);
  SecretBytes secret;
  Bytes public_key;
  if (Status derived = derive_signing_key(seed->view(), secret, public_key); !derived) return pass(derived);
  return public_key;
}

Status Vault::load_node_keys(Start start) {
  using Kind = keys::GeneratedKey;
  Result<keys::PrivateKey> host_ed25519 = node_key({"gateway", "host-key", "ed25519"}, start, Kind::ed25519);
  if (!host_ed25519) return pass(host_ed25519);
  Result<keys::PrivateKey> host_rsa = node_key({"gateway", "host-key", "rsa"}, start, Kind::rsa_3072);
  if (!host_rsa) return pass(host_rsa);
  Result<keys::PrivateKey> user_ca = node_key({"gateway", "user-ca", "ed25519"}, start, Kind::ed25519);
  if (!user_ca) return pass(user_ca);
  Result<keys::PrivateKey> host_ca = node_key({"gateway", "host-ca", "ed25519"}, start, Kind::ed25519);
  if (!host_ca) return pass(host_ca);
  const auto thirty_two = [&]() -> Result<SecretBytes> {
    SecretBytes out(32);
    random_.fill({out.data(), out.size()});
    return out;
  };
  bool signing_made = false;
  Result<SecretBytes> seed = signing_seed(start, signing_made);
  if (!seed) return pass(seed);
  Result<SecretBytes> scalar = node_secret({"node", "recording", "x25519"}, start, thirty_two);
  if (!scalar) return pass(scalar);
  if (scalar->size() != crypto_box_SECRETKEYBYTES) return fail(Errc::corrupt, "vault: the recording key is damaged");

  SecretBytes signing_secret;
  Bytes signing_public;
  if (Status done = derive_signing_key(seed->view(), signing_secret, signing_public); !done) return done;
  RecordingRecipient recipient{Bytes(crypto_box_PUBLICKEYBYTES), std::move(*scalar)};
  if (crypto_scalarmult_base(recipient.public_key.data(), recipient.secret_key.data()) != 0) {
    return fail(Errc::corrupt, "vault: the recording key is damaged");
  }
  node_keys_ = std::make_unique<NodeKeys>(NodeKeys{std::move(*host_ed25519), std::move(*host_rsa), std::move(*user_ca),
                                                   std::move(*host_ca), std::move(signing_secret),
                                                   std::move(signing_public), signing_made, std::move(recipient)});
  return {};
}

const keys::PrivateKey& Vault::host_key_ed25519() const {
  return node_keys_->host_ed25519;
}
const keys::PrivateKey& Vault::host_key_rsa() const {
  return node_keys_->host_rsa;
}
const keys::PrivateKey& Vault::user_ca() const {
  return node_keys_->user_ca;
}
const keys::PrivateKey& Vault::host_ca() const {
  return node_keys_->host_ca;
}
const Bytes& Vault::node_public_key() const {
  return node_keys_->signing_public;
}
bool Vault::made_node_key() const {
  return node_keys_->signing_made;
}
const RecordingRecipient& Vault::recording_recipient() const {
  return node_keys_->recipient;
}

Result<keys::PrivateKey> Vault::jump_host_key(std::string_view target) {
  return get_or_make_key({"target", std::string(target), "jump-host-key"}, keys::GeneratedKey::ed25519);
}

Result<SecretBytes> Vault::gateway_secret(std::string_view name, const std::function<Result<SecretBytes>()>& make) {
  return get_or_make({"gateway", std::string(name), "secret"}, make);
}

Result<Bytes> Vault::node_sign(ByteView message) const {
  Bytes signature(crypto_sign_BYTES);
  if (crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                           node_keys_->signing_secret.data()) != 0) {
    return fail(Errc::internal, "vault: the node could not sign");
  }
  return signature;
}

}  // namespace sallyport::vault
