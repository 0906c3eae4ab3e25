// SPDX-License-Identifier: Apache-2.0
// The hashes that bind audit events to each other.
#include "ledger/chain.h"

#include <sodium.h>

namespace sallyport::ledger {

namespace {

base::Bytes sha256_of_both(base::ByteView a, base::ByteView b) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, a.data(), a.size());
  crypto_hash_sha256_update(&state, b.data(), b.size());
  base::Bytes out(kHashBytes);
  crypto_hash_sha256_final(&state, out.data());
  return out;
}

}  // namespace

base::Bytes leaf_hash(base::ByteView salt, base::ByteView body) {
  return sha256_of_both(salt, body);
}
base::Bytes chain_hash(base::ByteView previous, base::ByteView leaf) {
  return sha256_of_both(previous, leaf);
}
std::string text_hash(std::string_view text) {
  base::Bytes out(kHashBytes);
  crypto_hash_sha256(out.data(), base::view(text).data(), text.size());
  return base::to_hex(out);
}
base::Bytes chain_start() {
  return base::Bytes(kHashBytes, 0);
}

}  // namespace sallyport::ledger
