// SPDX-License-Identifier: Apache-2.0
// Fuzzes what peers send to the key encapsulation mechanisms: public keys and ciphertexts of any bytes and length.
#include <algorithm>
#include <cstdlib>

#include "pqc/kem.h"
#include "pqc/sntrup761_coding.h"

namespace {

using namespace sallyport;

/// The input again and again: what one byte of it decides stays visible.
class GivenRandom final : public base::Random {
 public:
  explicit GivenRandom(base::ByteView data) : data_(data) {}
  void fill(std::span<std::uint8_t> out) override {
    for (auto& byte : out) {
      state_ = state_ * 6364136223846793005U + 1442695040888963407U + (data_.empty() ? 0 : data_[at_++ % data_.size()]);
      byte = static_cast<std::uint8_t>(state_ >> 56);
    }
  }

 private:
  base::ByteView data_;
  std::size_t at_ = 0;
  std::uint64_t state_ = 1;
};

void encapsulate_to(const pqc::Kem& kem, base::ByteView public_key, base::Random& random) {
  const auto sent = kem.encapsulate(public_key, random);
  if (public_key.size() != kem.public_key_bytes && sent) std::abort();
  if (sent && (sent->ciphertext.size() != kem.ciphertext_bytes || sent->secret.size() != kem.secret_bytes))
    std::abort();
}

/// Whatever comes is answered with the same secret each time, and only its own ciphertext with the sender's.
void decapsulate_from(const pqc::Kem& kem, base::ByteView ciphertext, base::Random& random) {
  const auto keys = kem.generate(random);
  auto sent = kem.encapsulate(keys.public_key, random);
  if (!sent) std::abort();
  base::Bytes changed = sent->ciphertext;
  for (std::size_t i = 0; i < std::min(changed.size(), ciphertext.size()); ++i) changed[i] ^= ciphertext[i];
  const auto once = kem.decapsulate(keys.private_key.view(), changed);
  const auto twice = kem.decapsulate(keys.private_key.view(), changed);
  if (!once || !twice || !base::equal_constant_time(once->view(), twice->view())) std::abort();
  if ((changed == sent->ciphertext) != base::equal_constant_time(once->view(), sent->secret.view())) std::abort();
  if (kem.decapsulate(keys.private_key.view(), ciphertext).has_value() != (ciphertext.size() == kem.ciphertext_bytes)) {
    std::abort();
  }
}

/// Every byte string is some polynomial, whose own bytes give it back.
void code_both_ways(base::ByteView data) {
  using namespace pqc::sntrup;
  if (data.size() < kWideBytes) return;
  Wide first;
  Wide second;
  decode_wide(data.first<kWideBytes>(), first);
  std::array<std::uint8_t, kWideBytes> wide;
  encode_wide(first, wide);
  decode_wide(wide, second);
  if (first != second) std::abort();
  decode_rounded(data.first<kRoundedBytes>(), first);
  if (std::any_of(first.begin(), first.end(), [](int c) { return c > kHalfQ || c < -kHalfQ; })) std::abort();
  std::array<std::uint8_t, kRoundedBytes> rounded;
  encode_rounded(first, rounded);
  decode_rounded(rounded, second);
  if (first != second) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const pqc::Kem& kem = data[0] % 2 == 0 ? pqc::mlkem768() : pqc::sntrup761();
  const base::ByteView rest(data + 1, size - 1);
  GivenRandom random(rest);
  switch (data[0] / 2 % 3) {
    case 0:
      encapsulate_to(kem, rest, random);
      break;
    case 1:
      decapsulate_from(kem, rest, random);
      break;
    default:
      code_both_ways(rest);
      break;
  }
  return 0;
}
