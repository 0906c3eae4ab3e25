// SPDX-License-Identifier: Apache-2.0
// The hash of a place.
#include "policy/approved_place.h"

#include <sodium.h>

#include "base/bytes.h"

namespace sallyport::policy {

std::string meaning_of(const Snapshot& snapshot, std::string_view account, std::string_view target) {
  const Target* to = snapshot.target(target);
  const Account* as = snapshot.account(account);
  if (to == nullptr || as == nullptr) return "";
  // None of these has a line break in it.
  const std::string text = std::string(to_string(to->protocol)) + "\n" + to->address() + "\n" + as->login_name;
  base::Bytes hash(crypto_hash_sha256_BYTES);
  crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  return base::to_hex(hash);
}

}  // namespace sallyport::policy
