// SPDX-License-Identifier: Apache-2.0
// A user's keys, parsed and looked up.
#include "identity/authorized_keys.h"

namespace sallyport::identity {

using base::Errc;
using base::fail;
using base::Result;

namespace {

/// An Ed25519 blob that is compared where there is nothing to compare with: the point is no key that was ever made.
base::Bytes nobody() {
  base::Bytes blob = {0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9', 0, 0, 0, 32};
  blob.resize(blob.size() + 32, 0xff);
  return blob;
}

}  // namespace

Result<AuthorizedKeys> AuthorizedKeys::parse(const std::vector<std::string>& lines) {
  AuthorizedKeys out;
  out.keys_.reserve(lines.size());
  for (const std::string& line : lines) {
    Result<keys::AuthorizedKey> key = keys::parse_authorized_line(line);
    if (!key) {
      return fail(Errc::invalid, "key " + std::to_string(out.keys_.size() + 1) + ": " + key.message());
    }
    out.keys_.push_back(std::move(*key));
  }
  return out;
}

AuthorizedKeys AuthorizedKeys::none() {
  return {};
}

std::optional<keys::AuthorizedKey> AuthorizedKeys::find(base::ByteView blob) const {
  static const base::Bytes kNobody = nobody();
  std::optional<keys::AuthorizedKey> found;
  for (const keys::AuthorizedKey& one : keys_) {
    if (!base::equal_constant_time(one.key.blob(), blob)) continue;
    if (!found) {
      found = one;
    } else {
      found->touch.present |= one.touch.present;
      found->touch.verified |= one.touch.verified;
    }
  }
  if (keys_.empty()) (void)base::equal_constant_time(kNobody, blob);
  return found;
}

}  // namespace sallyport::identity
