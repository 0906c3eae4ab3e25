// SPDX-License-Identifier: Apache-2.0
// Keys of the kind user-ca.
#include "policy/user_ca_read.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "policy/key_lines_read.h"
#include "policy/selector_read.h"

namespace sallyport::policy {

using base::Result;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxWordBytes = 256;

/// A principal or a key id: whatever an authority writes, on one line.
bool is_word(const std::string& text) {
  return !text.empty() && text.size() <= kMaxWordBytes && base::is_utf8(text) &&
         std::none_of(text.begin(), text.end(), [](char c) {
           const auto u = static_cast<unsigned char>(c);
           return u < 0x20 || u == 0x7f;
         });
}

constexpr const char* kPrincipalHelp =
    "must be an object such as {deployers: [ci, alice]}: a principal of certificates (at most 256 bytes), and the "
    "names "
    "of the users whom it logs in";

UserCa::Principals read_principals(JsonObject& in, const json& object) {
  UserCa::Principals out;
  if (!object.is_object() || object.empty()) {
    in.reject("principals", kPrincipalHelp);
    return out;
  }
  for (const auto& [principal, users] : object.items()) {
    std::vector<std::string> names;
    if (users.is_array()) {
      for (const json& one : users) {
        if (one.is_string() && is_name(one.get<std::string>())) names.push_back(one.get<std::string>());
      }
    }
    if (!is_word(principal) || names.empty() || names.size() != users.size()) {
      in.reject("principals", kPrincipalHelp);
      return {};
    }
    out.emplace(principal, std::move(names));
  }
  return out;
}

std::vector<SerialRange> read_serials(JsonObject& in) {
  std::vector<SerialRange> out;
  const json* value = in.take("serials");
  if (value == nullptr) return out;
  if (!value->is_array()) {
    in.reject("serials", "must be a list, such as [7, \"100-200\"]");
    return out;
  }
  for (const json& item : *value) {
    const std::string text = item.is_string()            ? item.get<std::string>()
                             : item.is_number_unsigned() ? std::to_string(item.get<std::uint64_t>())
                                                         : std::string();
    const Result<SerialRange> serials = serials_from(text);
    if (!serials) {
      in.reject("serials", "item " + std::to_string(out.size() + 1) + " " + serials.message());
      return {};
    }
    out.push_back(*serials);
  }
  return out;
}

RevokedCertificates read_revoked(JsonObject& in) {
  RevokedCertificates out;
  out.serials = read_serials(in);
  out.key_ids = in.string_list("key_ids");
  if (!std::all_of(out.key_ids.begin(), out.key_ids.end(), is_word)) {
    in.reject("key_ids", "each must be 1 to 256 bytes of text on one line");
  }
  out.keys = in.string_list("keys");
  if (!std::all_of(out.keys.begin(), out.keys.end(), is_fingerprint)) {
    in.reject("keys", "each must be a fingerprint such as SHA256:…, as ssh-keygen -l -f KEY prints it");
  }
  if (in.ok() && out.empty()) in.reject("serials", "or key_ids or keys must name what is revoked");
  return out;
}

}  // namespace

UserCa read_user_ca(JsonObject& in, const KeyCheck& check_key) {
  UserCa out;
  out.public_keys = read_key_lines(in, "public_keys", check_key, Before::nothing);
  if (in.ok() && out.public_keys.empty()) {
    in.reject("public_keys", "is missing; write the authority's public keys, as in [\"ssh-ed25519 AAAA…\"]");
  }
  if (const json* principals = in.take("principals")) out.principals = read_principals(in, *principals);
  out.sources = read_blocks(in, "sources");
  out.max_lifetime_seconds = in.maybe_seconds("max_lifetime").value_or(kDefaultCertificateSeconds);
  nested(in, "revoked", [&](JsonObject& r) { out.revoked = read_revoked(r); });
  return out;
}

void write_user_ca(json& out, const UserCa& authority) {
  out["public_keys"] = authority.public_keys;
  if (authority.principals) out["principals"] = *authority.principals;
  if (!authority.sources.empty()) out["sources"] = authority.sources;
  if (authority.max_lifetime_seconds != kDefaultCertificateSeconds)
    out["max_lifetime"] = authority.max_lifetime_seconds;
  for (const SerialRange& one : authority.revoked.serials) out["revoked"]["serials"].push_back(to_string(one));
  if (!authority.revoked.key_ids.empty()) out["revoked"]["key_ids"] = authority.revoked.key_ids;
  if (!authority.revoked.keys.empty()) out["revoked"]["keys"] = authority.revoked.keys;
}

}  // namespace sallyport::policy
