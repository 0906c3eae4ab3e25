// SPDX-License-Identifier: Apache-2.0
// Fuzzes private key files: the armoured text as it is, and, so that the inside is reached, each armour around the raw
// input. A key that is accepted must survive its own file, and an elliptic one must sign what its public half verifies.
#include <cstdlib>

#include "keys/pem_armor.h"
#include "keys/private_key.h"

using sallyport::base::Bytes;
using sallyport::base::ByteView;
using sallyport::keys::KeyType;
using sallyport::keys::PrivateKey;

namespace {

void try_one(ByteView file) {
  const auto key = PrivateKey::parse(file);
  if (!key) return;
  const auto written = key->serialize();
  if (!written) std::abort();
  const auto again = PrivateKey::parse(written->view());
  if (!again || !(again->public_key() == key->public_key())) std::abort();
  if (key->type() == KeyType::rsa) return;  // too slow to sign with, for each input
  const auto signature = key->sign(file.first(1));
  if (!signature || !key->public_key().verify(key->public_key().type_name(), *signature, file.first(1))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr const char* kLabels[] = {"OPENSSH PRIVATE KEY", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"};
  if (size == 0) return 0;
  const ByteView in(data, size);
  try_one(in);
  try_one(sallyport::keys::write_armor(kLabels[data[0] % 4], in.subspan(1)).view());
  return 0;
}
