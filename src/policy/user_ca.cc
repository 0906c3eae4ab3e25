// SPDX-License-Identifier: Apache-2.0
// Small answers about authorities.
#include "policy/user_ca.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace sallyport::policy {

using base::Errc;
using base::fail;
using base::Result;

namespace {

std::optional<std::uint64_t> number_from(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (problem != std::errc() || end != text.data() + text.size() || out == 0) return std::nullopt;
  return out;
}

}  // namespace

Result<SerialRange> serials_from(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = number_from(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number_from(text.substr(dash + 1));
  if (!first || !last || *last < *first) {
    return fail(Errc::invalid, "must be serial numbers such as 7 or \"7-12\", from 1 on");
  }
  return SerialRange{*first, *last};
}

std::string to_string(const SerialRange& serials) {
  const std::string first = std::to_string(serials.first);
  return serials.first == serials.last ? first : first + "-" + std::to_string(serials.last);
}

bool is_fingerprint(std::string_view text) {
  constexpr std::string_view kKind = "SHA256:";
  constexpr std::size_t kDigits = 43;  // 32 bytes in base64, without padding
  if (!text.starts_with(kKind) || text.size() != kKind.size() + kDigits) return false;
  const auto bytes = base::from_base64(std::string(text.substr(kKind.size())) + "=");
  return bytes && bytes->size() == 32;
}

bool leads_to(const UserCa& authority, const std::string& principal, std::string_view user) {
  if (!authority.principals) return principal == user;
  const auto found = authority.principals->find(principal);
  return found != authority.principals->end() &&
         std::find(found->second.begin(), found->second.end(), user) != found->second.end();
}

bool revokes(const RevokedCertificates& revoked, std::uint64_t serial, std::string_view key_id) {
  const auto has_serial = [serial](const SerialRange& r) { return r.first <= serial && serial <= r.last; };
  return std::any_of(revoked.serials.begin(), revoked.serials.end(), has_serial) ||
         std::find(revoked.key_ids.begin(), revoked.key_ids.end(), key_id) != revoked.key_ids.end();
}

}  // namespace sallyport::policy
