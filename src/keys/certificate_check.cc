// SPDX-License-Identifier: Apache-2.0
// Judging a certificate: CA, type, validity, principal, source address. Whatever is not known means no.
#include <algorithm>

#include "keys/address_block.h"
#include "keys/certificate.h"

namespace sallyport::keys {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::int64_t kMicrosPerSecond = 1000000;

/// Principals of host certificates may hold * and ?, as OpenSSH reads them. Greedy with one point of return: linear in
/// practice and at most the product of the lengths.
bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool names(const CertificateFields& fields, std::string_view principal) {
  if (principal.empty()) return false;
  return std::ranges::any_of(fields.principals, [&](const std::string& p) {
    return fields.type == CertificateType::host ? matches_pattern(principal, p) : principal == p;
  });
}

Status check_period(const CertificateFields& fields, std::int64_t now_us) {
  if (now_us < 0) return fail(Errc::denied, "the clock is not set");
  const std::uint64_t now = static_cast<std::uint64_t>(now_us / kMicrosPerSecond);
  if (now < fields.valid_after) return fail(Errc::denied, "certificate is not valid yet");
  if (now >= fields.valid_before) return fail(Errc::denied, "certificate has expired");
  return {};
}

Status check_source(const CertificateFields& fields, std::string_view address) {
  if (fields.source_addresses.empty()) return {};
  for (const std::string& block : fields.source_addresses) {
    const Result<bool> inside = address_in_block(address, block);
    if (inside && *inside) return {};
  }
  return fail(Errc::denied, "certificate is not valid from this source address");
}

}  // namespace

bool Certificate::extends(std::string_view extension) const {
  return std::ranges::any_of(
      fields_.extensions, [extension](const CertificateOption& o) { return o.name == extension && o.value.empty(); });
}

Result<CertificateGrant> Certificate::check(const CertificateUse& use) const {
  if (std::ranges::find(use.trusted_cas, ca_) == use.trusted_cas.end()) {
    return fail(Errc::denied, "certificate is signed by an authority that is not trusted");
  }
  if (fields_.type != use.type) {
    return fail(Errc::denied, use.type == CertificateType::user ? "a host certificate is no user certificate"
                                                                : "a user certificate is no host certificate");
  }
  if (auto s = check_period(fields_, use.now_us); !s) return pass(s);
  if (!names(fields_, use.principal)) return fail(Errc::denied, "certificate does not name this principal");
  if (auto s = check_source(fields_, use.source_address); !s) return pass(s);
  if (fields_.verify_required && !is_security_key(key_.type())) {
    return fail(Errc::denied, "certificate asks for a verified user, which only a FIDO key can show");
  }
  // OpenSSH's PROTOCOL.certkeys, "Extensions": no touch is needed where the certificate says so.
  return CertificateGrant{fields_.force_command, {!extends("no-touch-required"), fields_.verify_required}};
}

}  // namespace sallyport::keys
