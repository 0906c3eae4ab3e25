// SPDX-License-Identifier: Apache-2.0
// Incarnations and certificates.
#include "broker/access/login_validity.h"

#include <algorithm>

namespace sallyport::broker {

using base::Errc;
using base::fail;
using base::Status;

namespace {
constexpr base::Micros kSecondUs = 1'000'000;
// By a clock that is right, a round of the housekeeping (one a second) notices first that the certificate has expired,
// and tells the user so. A bound that came before that round would name the policies instead.
constexpr std::int64_t kAfterRoundsSeconds = 3;
}  // namespace

Status check_certificate(const PolicyState& state, const Identity& identity, base::Micros now_us) {
  if (!identity.certificate) return {};
  const CertificateLogin& login = *identity.certificate;
  auto admitted = state.authorities.judge({login.certificate, identity.user, login.source_host, now_us});
  if (admitted) return {};
  return fail(Errc::denied, "your certificate does not count any more: " + admitted.message());
}

Status check_login(const PolicyState& state, const Identity& identity, base::Micros now_us) {
  if (!state.counts(identity.user, identity.incarnation)) {
    return fail(Errc::denied, "you may not log in any more, or what proves who you are was changed: log in anew");
  }
  return check_certificate(state, identity, now_us);
}

policy::Request request_for(const Identity& identity, const policy::Destination& place, base::Micros now_us,
                            const std::string& source_host) {
  policy::Request out;
  out.user = identity.user;
  out.account = place.account;
  out.target = place.target;
  out.time_us = now_us;
  out.source = source_host;
  if (identity.certificate) out.proof = limits_of(identity.certificate->certificate);
  return out;
}

std::int64_t time_for_choice_us(const Identity& identity, const config::Limits& limits, base::Micros now_us) {
  const std::int64_t most_us = std::int64_t{limits.choice_seconds} * kSecondUs;
  const base::Micros end_us = identity.certificate ? ends_at_us(identity.certificate->certificate) : 0;
  return end_us == 0 ? most_us : std::clamp<std::int64_t>(end_us - now_us, 0, most_us);
}

void bound_by_login(policy::Grant& grant, const Identity& identity, base::Micros now_us) {
  const base::Micros end_us = identity.certificate ? ends_at_us(identity.certificate->certificate) : 0;
  if (end_us == 0) return;
  const std::int64_t left = std::max<std::int64_t>(0, (end_us - now_us) / kSecondUs) + kAfterRoundsSeconds;
  std::int64_t& duration = grant.limits.duration_seconds;
  duration = duration == 0 ? left : std::min(duration, left);
}

}  // namespace sallyport::broker
