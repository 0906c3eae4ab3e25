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

Status derive_signing_key(ByteView seed, SecretBytes& secret, Bytes& public_key) {
  if (seed.size() != crypto_sign_SEEDBYTES) return fail(Errc::corrupt, "vault: the node's signing key is damaged");
  secret = SecretBytes(crypto_sign_SECRETKEYBYTES);
  public_key.resize(crypto_sign_PUBLICKEYBYTES);
  crypto_sign_seed_keypair(public_key.data(), secret.data(), seed.data());
  return {};
}

}  // namespace

Result<keys::PrivateKey> Vault::get_or_make_key(const store::CredentialKey& key, keys::GeneratedKey kind) {
  Result<SecretBytes> text = get_or_make(key, [&]() -> Result<SecretBytes> {
    Result<keys::PrivateKey> made = keys::PrivateKey::generate(kind, random_);
    if (!made) return pass(made);
    return made->serialize();
  });
  if (!text) return pass(text);
  return keys::PrivateKey::parse(text->view());
}

Status Vault::load_node_keys() {
  using Kind = keys::GeneratedKey;
  return store_.transaction([&]() -> Status {
    Result<keys::PrivateKey> host_ed25519 = get_or_make_key({"gateway", "host-key", "ed25519"}, Kind::ed25519);
    if (!host_ed25519) return pass(host_ed25519);
    Result<keys::PrivateKey> host_rsa = get_or_make_key({"gateway", "host-key", "rsa"}, Kind::rsa_3072);
    if (!host_rsa) return pass(host_rsa);
    Result<keys::PrivateKey> user_ca = get_or_make_key({"gateway", "user-ca", "ed25519"}, Kind::ed25519);
    if (!user_ca) return pass(user_ca);
    Result<keys::PrivateKey> host_ca = get_or_make_key({"gateway", "host-ca", "ed25519"}, Kind::ed25519);
    if (!host_ca) return pass(host_ca);
    const auto thirty_two = [&]() -> Result<SecretBytes> {
      SecretBytes out(32);
      random_.fill({out.data(), out.size()});
      return out;
    };
    bool signing_made = false;
    Result<SecretBytes> seed = get_or_make({"node", "signing", "ed25519-seed"}, [&] {
      signing_made = true;
      return thirty_two();
    });
    if (!seed) return pass(seed);
    Result<SecretBytes> scalar = get_or_make({"node", "recording", "x25519"}, thirty_two);
    if (!scalar) return pass(scalar);
    if (scalar->size() != crypto_box_SECRETKEYBYTES) return fail(Errc::corrupt, "vault: the recording key is damaged");

    SecretBytes signing_secret;
    Bytes signing_public;
    if (Status done = derive_signing_key(seed->view(), signing_secret, signing_public); !done) return done;
    RecordingRecipient recipient{Bytes(crypto_box_PUBLICKEYBYTES), std::move(*scalar)};
    if (crypto_scalarmult_base(recipient.public_key.data(), recipient.secret_key.data()) != 0) {
      return fail(Errc::corrupt, "vault: the recording key is damaged");
    }
    node_keys_ = std::make_unique<NodeKeys>(
        NodeKeys{std::move(*host_ed25519), std::move(*host_rsa), std::move(*user_ca), std::move(*host_ca),
                 std::move(signing_secret), std::move(signing_public), signing_made, std::move(recipient)});
    return {};
  });
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

Result<Bytes> Vault::node_sign(ByteView message) const {
  Bytes signature(crypto_sign_BYTES);
  if (crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(),
                           node_keys_->signing_secret.data()) != 0) {
    return fail(Errc::internal, "vault: the node could not sign");
  }
  return signature;
}

}  // namespace sallyport::vault
