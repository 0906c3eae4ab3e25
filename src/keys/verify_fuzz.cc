// SPDX-License-Identifier: Apache-2.0
// Fuzzes signature blobs against one fixed key of each type: nothing may verify, since nobody signed this data with
// them.
#include <cstdlib>

#include "keys/private_key.h"
#include "keys/wire.h"

using sallyport::base::Bytes;
using sallyport::base::ByteView;
using namespace sallyport::keys;

namespace {

std::vector<PublicKey> make_keys() {
  sallyport::base::SystemRandom random;
  std::vector<PublicKey> keys;
  for (const GeneratedKey kind : {GeneratedKey::ed25519, GeneratedKey::ecdsa_p256, GeneratedKey::rsa_3072}) {
    keys.push_back(PrivateKey::generate(kind, random).value().public_key());
  }
  constexpr const char* kSecurityKeys[] = {"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"};
  for (std::size_t i = 0; i < 2; ++i) {
    Bytes blob;
    Writer w(blob);
    w.string(std::string_view(kSecurityKeys[i]));
    Reader plain(keys[i].blob());
    plain.string();
    w.bytes(plain.rest());
    w.string(std::string_view("ssh:"));
    keys.push_back(PublicKey::parse(blob).value());
  }
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<PublicKey> keys = make_keys();
  static const Bytes message = sallyport::base::to_bytes(std::string_view("nobody signed this"));
  if (size == 0) return 0;
  const ByteView in(data, size);
  const PublicKey& key = keys[data[0] % keys.size()];
  for (const std::string_view algorithm : signature_algorithms_for(key.type())) {
    if (key.verify(algorithm, in.subspan(1), message)) std::abort();
    Bytes named;  // the right name in front, so that the inside is reached more often
    Writer w(named);
    w.string(algorithm);
    w.bytes(in.subspan(1));
    if (key.verify(algorithm, named, message)) std::abort();
  }
  return 0;
}
