// SPDX-License-Identifier: Apache-2.0
// Checking targets' host keys.
#include "broker/ssh/host_check.h"

#include <algorithm>

#include "broker/ssh/kex_inputs.h"
#include "broker/ssh/legacy.h"
#include "ipc/ssh_back.pb.h"
#include "keys/certificate.h"
#include "keys/public_key.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

namespace {

std::vector<keys::PublicKey> parse_lines(const std::vector<std::string>& lines) {
  std::vector<keys::PublicKey> out;
  for (const std::string& line : lines) {
    if (auto key = keys::PublicKey::parse_line(line)) out.push_back(std::move(*key));
  }
  return out;
}

// The key that must have signed. Errors: denied.
base::Result<keys::PublicKey> trusted_key(const policy::Target& target, base::ByteView blob, base::Micros now_us,
                                          std::string& fingerprint) {
  const std::string remedy = target.host_keys.empty() && target.host_ca.empty()
                                 ? "no host key of this target is on record: compare the fingerprint on the target "
                                   "itself; `sallyport target scan` pins it"
                                 : "it is not on record for this target: find out whether the host was reinstalled or "
                                   "somebody is in between; if the key is right, change the target's host_keys";
  if (keys::is_certificate_name(keys::blob_name(blob))) {
    auto certificate = keys::Certificate::parse(blob);
    if (!certificate) return base::pass(certificate);
    const auto authorities = parse_lines(target.host_ca);
    keys::CertificateUse use;
    use.type = keys::CertificateType::host;
    use.principal = target.host;
    use.now_us = now_us;
    use.trusted_cas = authorities;
    if (auto good = certificate->check(use); !good) {
      return fail(Errc::denied, "host certificate of " + certificate->ca().fingerprint() + ": " + good.message());
    }
    fingerprint = certificate->key().fingerprint() + " (certified by " + certificate->ca().fingerprint() + ")";
    return certificate->key();
  }
  auto offered = keys::PublicKey::parse(blob);
  if (!offered) return base::pass(offered);
  fingerprint = offered->fingerprint();
  for (const keys::PublicKey& known : parse_lines(target.host_keys)) {
    if (known == *offered) return *offered;
  }
  return fail(Errc::denied, "it offered " + std::string(offered->type_name()) + " " + fingerprint + "; " + remedy);
}

base::Status verify(const keys::PublicKey& key, const std::string& host_key_algorithm, base::ByteView signature,
                    base::ByteView hash) {
  if (host_key_algorithm == keys::kSshRsa) return key.verify_ssh_rsa(signature, hash);  // the target's `legacy` has it
  auto algorithm = keys::signature_algorithm_behind(host_key_algorithm);
  if (!algorithm) return base::pass(algorithm);
  return key.verify(*algorithm, signature, hash);
}

// H, when this key signed it; `legacy` is what the exchange may come to and then what it came to.
base::Result<base::Bytes> signed_hash(const keys::PublicKey& key, const ipc::HostProof& proof,
                                      const std::string& client_version, std::vector<std::string>& legacy) {
  const ipc::KexInputs& inputs = proof.inputs();
  auto used = legacy_in(inputs, legacy);
  if (!used) return fail(Errc::invalid, used.message());
  legacy = std::move(*used);
  auto hash = exchange_hash_of(inputs, {.client_version = base::view(client_version),
                                        .server_version = base::view(inputs.server_version()),
                                        .host_key = base::view(inputs.host_key())});
  if (!hash) return base::pass(hash);
  if (auto good = verify(key, inputs.host_key_algorithm(), base::view(proof.signature()), *hash); !good) {
    return fail(Errc::invalid, "its signature over the key exchange does not hold: " + good.message());
  }
  return hash;
}

}  // namespace

base::Result<ProvenHost> check_host(const policy::Target& target, const ipc::HostProof& proof,
                                    const std::string& client_version, base::Micros now_us) {
  const base::ByteView blob = base::view(proof.inputs().host_key());
  ProvenHost out;
  auto key = trusted_key(target, blob, now_us, out.fingerprint);
  if (!key) return base::pass(key);
  out.legacy = target.legacy;
  auto hash = signed_hash(*key, proof, client_version, out.legacy);
  if (!hash) return base::pass(hash);
  out.exchange_hash = std::move(*hash);
  out.host_key = base::to_bytes(blob);
  out.software = proof.inputs().server_version();
  return out;
}

base::Result<ProvenKey> prove_host_key(const ipc::HostProof& proof, const std::string& client_version) {
  auto key = keys::PublicKey::parse(base::view(proof.inputs().host_key()));
  if (!key) return base::pass(key);
  std::vector<std::string> legacy;  // a scan offers none
  if (auto hash = signed_hash(*key, proof, client_version, legacy); !hash) return base::pass(hash);
  return ProvenKey{std::move(*key), proof.inputs().server_version()};
}

std::vector<std::string> host_key_algorithms(const policy::Target& target) {
  constexpr keys::KeyType order[] = {keys::KeyType::ed25519, keys::KeyType::ecdsa_p256, keys::KeyType::ecdsa_p384,
                                     keys::KeyType::ecdsa_p521, keys::KeyType::rsa};
  std::vector<std::string> out;
  const auto add = [&out](const auto& names) {
    for (const std::string_view name : names) out.emplace_back(name);
  };
  if (!target.host_ca.empty()) {
    for (const keys::KeyType type : order) add(keys::certificate_algorithms_for(type));
  }
  const auto known = parse_lines(target.host_keys);
  const bool nothing = known.empty() && target.host_ca.empty();
  for (const keys::KeyType type : order) {
    const bool have = std::any_of(known.begin(), known.end(), [&](const auto& key) { return key.type() == type; });
    if (have || nothing) add(keys::signature_algorithms_for(type));
    if ((have || nothing) && type == keys::KeyType::rsa) add(legacy_of(policy::AlgorithmKind::host_key, target.legacy));
  }
  return out;
}

}  // namespace sallyport::broker
