// SPDX-License-Identifier: Apache-2.0
// Whose key it is, or who vouches for it, and whether it may be used from there.
#include "broker/ssh/key_offer.h"

#include <algorithm>

#include "policy/sources.h"

namespace sallyport::broker {

namespace {

JudgedOffer refused(std::string why, std::vector<audit::Field> about = {}) {
  return {std::nullopt, std::move(why), std::move(about)};
}

// RFC 4252 §7: a yes promises that a signature with this algorithm and this key would be judged.
bool is_among(std::string_view algorithm, const std::vector<std::string_view>& algorithms) {
  return std::find(algorithms.begin(), algorithms.end(), algorithm) != algorithms.end();
}

constexpr const char* kOtherAlgorithm = "the signature algorithm is not one of this key's";

JudgedOffer judge_key(const PolicyState& state, const Offered& offered) {
  const auto incarnation = state.incarnation_of(offered.user);
  const auto found = (incarnation ? state.keys_of(offered.user) : state.no_keys).find(offered.blob);
  if (!found || !incarnation) return refused("key not accepted");
  if (!is_among(offered.algorithm, keys::signature_algorithms_for(found->key.type()))) return refused(kOtherAlgorithm);
  return {KeyOffer{found->key, found->touch, std::string(offered.algorithm), "publickey " + found->key.fingerprint(),
                   *incarnation, nullptr},
          {},
          {}};
}

// OpenSSH's PROTOCOL.certkeys. Whether there is such a user is looked at last: who has no certificate learns nothing.
JudgedOffer judge_certificate(const PolicyState& state, const Offered& offered) {
  auto read = keys::Certificate::parse(offered.blob);
  if (!read) return refused(read.message());
  auto login = std::make_shared<CertificateLogin>(CertificateLogin{std::move(*read), {}, offered.source_host});
  const keys::Certificate& certificate = login->certificate;
  const auto admitted = state.authorities.judge({certificate, offered.user, offered.source_host, offered.now_us});
  if (!admitted) {
    login->authority = state.authorities.name_of(certificate.ca());
    return refused(admitted.message(), login->authority.empty() ? std::vector<audit::Field>() : audit_fields(*login));
  }
  login->authority = admitted->authority;
  const keys::PublicKey& key = certificate.key();
  if (!is_among(offered.algorithm, keys::certificate_algorithms_for(key.type()))) {
    return refused(kOtherAlgorithm, audit_fields(*login));
  }
  const auto incarnation = state.incarnation_of(offered.user);
  if (!incarnation) return refused("the certificate is for a user who may not log in", audit_fields(*login));
  // What proves an outsider is what took the invitation up, and nothing that others vouch for.
  if (state.is_outsider(offered.user)) {
    return refused("an outsider logs in by what took the invitation up, not by a certificate", audit_fields(*login));
  }
  const auto algorithm = keys::signature_algorithm_behind(offered.algorithm);
  if (!algorithm) return refused(kOtherAlgorithm, audit_fields(*login));
  return {KeyOffer{key, admitted->touch, std::string(*algorithm), "certificate " + key.fingerprint(), *incarnation,
                   std::move(login)},
          {},
          {}};
}

}  // namespace

JudgedOffer judge_new_key(const Offered& offered) {
  auto key = keys::PublicKey::parse(offered.blob);
  if (!key) return refused(key.message());
  if (!is_among(offered.algorithm, keys::signature_algorithms_for(key->type()))) return refused(kOtherAlgorithm);
  const std::string credential = "publickey " + key->fingerprint();
  return {KeyOffer{std::move(*key), {}, std::string(offered.algorithm), credential, {}, nullptr}, {}, {}};
}

JudgedOffer judge_offer(const PolicyState& state, const Offered& offered) {
  const bool certified = keys::is_certificate_name(keys::blob_name(offered.blob));
  JudgedOffer out = certified ? judge_certificate(state, offered) : judge_key(state, offered);
  if (!out.offer) return out;
  if (const policy::User& user = *state.resources.user(offered.user);
      !policy::may_come_from(user, offered.source_host)) {
    const auto& certificate = out.offer->certificate;
    return refused(policy::outside_sources_text(user, offered.source_host),
                   certificate ? audit_fields(*certificate) : std::vector<audit::Field>());
  }
  return out;
}

}  // namespace sallyport::broker
