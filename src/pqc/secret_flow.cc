// SPDX-License-Identifier: Apache-2.0
// A test, run under valgrind: every secret is marked as undefined, so that a branch or an address that depends on one
// is an error there. Built from the same sources with SALLYPORT_MARK_SECRETS, which makes revealed() say what may be.
#include <valgrind/memcheck.h>

#include <cstdio>
#include <random>

#include "pqc/constant_time.h"
#include "pqc/kem.h"

namespace {

using namespace sallyport;

class SecretRandom final : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
    (void)VALGRIND_MAKE_MEM_UNDEFINED(out.data(), out.size());
  }

 private:
  std::mt19937 engine_{1};
};

/// public_at: where the private key holds the public one.
bool flows(const pqc::Kem& kem, std::size_t public_at) {
  SecretRandom random;
  auto keys = kem.generate(random);
  // What goes over the wire is no secret.
  pqc::publish(keys.public_key);
  pqc::publish({keys.private_key.data() + public_at, keys.public_key.size()});
  auto sent = kem.encapsulate(keys.public_key, random);
  if (!sent) return false;
  pqc::publish(sent->ciphertext);
  auto good = kem.decapsulate(keys.private_key.view(), sent->ciphertext);
  sent->ciphertext[5] ^= 1;
  auto rejected = kem.decapsulate(keys.private_key.view(), sent->ciphertext);
  return good.has_value() && rejected.has_value();
}

}  // namespace

int main() {
  if (RUNNING_ON_VALGRIND == 0) {
    std::fputs("run this under valgrind\n", stderr);
    return 1;
  }
  return flows(pqc::mlkem768(), 1152) && flows(pqc::sntrup761(), 382) ? 0 : 1;
}
