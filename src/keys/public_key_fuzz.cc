// SPDX-License-Identifier: Apache-2.0
// Fuzzes public keys, as blobs and as lines. What is accepted must come out as it went in.
#include <algorithm>
#include <cstdlib>

#include "keys/public_key.h"

using sallyport::base::ByteView;
using sallyport::keys::PublicKey;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  if (const auto key = PublicKey::parse(in)) {
    if (!std::equal(key->blob().begin(), key->blob().end(), in.begin(), in.end())) std::abort();
    const auto again = PublicKey::parse_line(key->line("fuzz"));
    if (!again || !(*again == *key) || key->bits() < 256) std::abort();
  }
  if (const auto key = PublicKey::parse_line(sallyport::base::text(in))) {
    if (!PublicKey::parse(key->blob())) std::abort();
  }
  return 0;
}
