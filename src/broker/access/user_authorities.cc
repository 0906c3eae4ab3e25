// SPDX-License-Identifier: Apache-2.0
// Certificates against authorities.
#include "broker/access/user_authorities.h"

#include <algorithm>

#include "policy/sources.h"

namespace sallyport::broker {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

Status check_lifetime(const keys::CertificateFields& fields, std::int64_t most_seconds) {
  const auto most = static_cast<std::uint64_t>(most_seconds) + static_cast<std::uint64_t>(kBackdatedSeconds);
  if (fields.valid_before > fields.valid_after && fields.valid_before - fields.valid_after <= most) return {};
  return fail(Errc::denied,
              "certificate is valid for longer than the " + std::to_string(most_seconds) + " seconds of its authority");
}

}  // namespace

bool UserAuthorities::Authority::has(const keys::PublicKey& ca) const {
  return std::find(keys.begin(), keys.end(), ca) != keys.end();
}

Result<UserAuthorities> UserAuthorities::of(const Declared& declared) {
  UserAuthorities out;
  for (const auto& [name, rules] : declared) {
    Authority authority{rules, {}};
    for (const std::string& line : rules.public_keys) {
      Result<keys::PublicKey> key = keys::PublicKey::parse_line(line);
      if (!key) return fail(Errc::corrupt, "user-ca " + name + ": " + key.message());
      authority.keys.push_back(std::move(*key));
    }
    out.revoked_keys_.insert(rules.revoked.keys.begin(), rules.revoked.keys.end());
    out.authorities_.push_back(std::move(authority));
  }
  return out;
}

std::string UserAuthorities::name_of(const keys::PublicKey& ca) const {
  const auto found =
      std::find_if(authorities_.begin(), authorities_.end(), [&](const Authority& one) { return one.has(ca); });
  return found == authorities_.end() ? std::string() : found->rules.name;
}

// What one authority has revoked stays so, whichever other one trusts the same key.
Status UserAuthorities::check_revoked(const keys::Certificate& certificate) const {
  if (revoked_keys_.contains(certificate.ca().fingerprint())) {
    return fail(Errc::denied, "the key of the certificate's authority is revoked");
  }
  if (revoked_keys_.contains(certificate.key().fingerprint())) {
    return fail(Errc::denied, "the certified key is revoked");
  }
  const keys::CertificateFields& fields = certificate.fields();
  for (const Authority& one : authorities_) {
    if (one.has(certificate.ca()) && policy::revokes(one.rules.revoked, fields.serial, fields.key_id)) {
      return fail(Errc::denied, "certificate is revoked by user-ca " + one.rules.name);
    }
  }
  return {};
}

Result<UserAuthorities::Admitted> UserAuthorities::judge(const Presented& presented) const {
  if (name_of(presented.certificate.ca()).empty()) {
    return fail(Errc::denied, "certificate is signed by an authority that is not trusted");
  }
  if (Status good = check_revoked(presented.certificate); !good) return pass(good);
  std::string why;
  for (const Authority& one : authorities_) {
    if (!one.has(presented.certificate.ca())) continue;
    Result<Admitted> admitted = judge_by(one, presented);
    if (admitted) return admitted;
    why = admitted.message();
  }
  return fail(Errc::denied, why);
}

Result<UserAuthorities::Admitted> UserAuthorities::judge_by(const Authority& authority, const Presented& presented) {
  const keys::CertificateFields& fields = presented.certificate.fields();
  keys::CertificateUse use;
  use.now_us = presented.now_us;
  use.source_address = presented.source_host;
  use.trusted_cas = authority.keys;
  const auto named = std::find_if(fields.principals.begin(), fields.principals.end(), [&](const std::string& one) {
    return policy::leads_to(authority.rules, one, presented.user);
  });
  // Type and period say more than a principal that is missing: they come first.
  use.principal = named == fields.principals.end() ? std::string_view() : std::string_view(*named);
  Result<keys::CertificateGrant> grant = presented.certificate.check(use);
  if (!grant) return pass(grant);
  if (Status good = check_lifetime(fields, authority.rules.max_lifetime_seconds); !good) return pass(good);
  if (!authority.rules.sources.empty() && !policy::is_among(presented.source_host, authority.rules.sources)) {
    return fail(Errc::denied, "user-ca " + authority.rules.name + " is not for this source address");
  }
  return Admitted{authority.rules.name, grant->touch};
}

}  // namespace sallyport::broker
