// SPDX-License-Identifier: Apache-2.0
// Host keys and their use.
#include "broker/ssh/host_identity.h"

#include "keys/certificate.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;

namespace {
constexpr std::uint64_t kCertificateDays = 30;  // the client checks it at connection time only
constexpr std::uint64_t kSkewSeconds = 3600;
}  // namespace

std::shared_ptr<const HostIdentity> HostIdentity::of_listener(const vault::Vault& vault) {
  auto out = std::make_shared<HostIdentity>();
  for (const keys::PrivateKey* key : {&vault.host_key_ed25519(), &vault.host_key_rsa()}) {
    for (const std::string_view algorithm : keys::signature_algorithms_for(key->type())) {
      out->algorithms_.emplace_back(algorithm);
      out->entries_.push_back({std::string(algorithm), key->public_key().blob(), key});
    }
  }
  return out;
}

base::Result<std::shared_ptr<const HostIdentity>> HostIdentity::of_jump_target(vault::Vault& vault,
                                                                               const std::string& target,
                                                                               const std::string& host_asked,
                                                                               const base::Clock& clock,
                                                                               base::Random& random) {
  auto key = vault.jump_host_key(target);
  if (!key) return base::pass(key);
  auto out = std::make_shared<HostIdentity>();
  out->own_ = std::make_unique<keys::PrivateKey>(std::move(*key));
  keys::CertificateFields fields;
  fields.type = keys::CertificateType::host;
  fields.key_id = "sallyport:" + target;
  fields.principals = {host_asked};
  const auto now = static_cast<std::uint64_t>(clock.now_us() / 1'000'000);
  fields.valid_after = now - kSkewSeconds;
  fields.valid_before = now + kCertificateDays * 86400;
  auto certificate = keys::issue_certificate(fields, out->own_->public_key(), vault.host_ca(), random);
  if (!certificate) return base::pass(certificate);
  const keys::KeyType type = out->own_->type();
  for (const std::string_view algorithm : keys::certificate_algorithms_for(type)) {
    out->algorithms_.emplace_back(algorithm);
    out->entries_.push_back({std::string(algorithm), *certificate, out->own_.get()});
  }
  for (const std::string_view algorithm : keys::signature_algorithms_for(type)) {
    out->algorithms_.emplace_back(algorithm);
    out->entries_.push_back({std::string(algorithm), out->own_->public_key().blob(), out->own_.get()});
  }
  return std::shared_ptr<const HostIdentity>(std::move(out));
}

const HostIdentity::Entry* HostIdentity::find(const std::string& algorithm) const {
  for (const Entry& entry : entries_) {
    if (entry.algorithm == algorithm) return &entry;
  }
  return nullptr;
}

base::Result<base::ByteView> HostIdentity::key_blob(const std::string& algorithm) const {
  const Entry* entry = find(algorithm);
  if (entry == nullptr) return fail(Errc::invalid, "host key algorithm was not offered: " + algorithm);
  return base::ByteView(entry->blob);
}

base::Result<base::Bytes> HostIdentity::sign(const std::string& algorithm, base::ByteView exchange_hash) const {
  const Entry* entry = find(algorithm);
  if (entry == nullptr) return fail(Errc::invalid, "host key algorithm was not offered: " + algorithm);
  auto plain = keys::signature_algorithm_behind(algorithm);
  if (!plain) return base::pass(plain);
  return entry->key->sign(*plain, exchange_hash);
}

}  // namespace sallyport::broker
