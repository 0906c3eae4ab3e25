// SPDX-License-Identifier: Apache-2.0
// Fuzzes certificates. No input can be signed by the CA of this test, so the blob is also signed here: the parser's
// inside is reached, and what it accepts is judged.
#include <algorithm>
#include <cstdlib>

#include "keys/certificate.h"
#include "keys/wire.h"

using sallyport::base::Bytes;
using sallyport::base::ByteView;
using namespace sallyport::keys;

namespace {

/// The same seed each time: one CA for all runs.
class FixedRandom final : public sallyport::base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), std::uint8_t{7}); }
};

void judge(const Certificate& c, const PublicKey& ca) {
  CertificateUse use;
  const PublicKey trusted[] = {ca};
  use.trusted_cas = trusted;
  use.type = c.fields().type;
  use.principal = c.fields().principals.empty() ? "x" : std::string_view(c.fields().principals.front());
  use.now_us = 1'800'000'000'000'000;
  use.source_address = "10.1.2.3";
  const auto grant = c.check(use);
  if (grant && !(c.ca() == ca)) std::abort();
  if (grant && c.fields().principals.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static FixedRandom random;
  static const PrivateKey ca = PrivateKey::generate(GeneratedKey::ed25519, random).value();
  const ByteView in(data, size);
  if (const auto c = Certificate::parse(in)) judge(*c, ca.public_key());
  Bytes signed_here(in.begin(), in.end());
  Writer w(signed_here);
  w.string(ca.public_key().blob());
  w.string(ca.sign(signed_here).value());
  if (const auto c = Certificate::parse(signed_here)) judge(*c, ca.public_key());
  return 0;
}
