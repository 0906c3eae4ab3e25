// SPDX-License-Identifier: Apache-2.0
// Keccak against the crypto library's, for every length around its blocks, and squeezed in steps.
#include "pqc/keccak.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <memory>

namespace sallyport::pqc {
namespace {

using base::Bytes;
using Kind = Keccak::Kind;

struct Known {
  Kind kind;
  const EVP_MD* (*library)();
  std::size_t digest_bytes;
  bool extends;
};
const Known kKnown[] = {
    {Kind::sha3_256, EVP_sha3_256, 32, false},
    {Kind::sha3_512, EVP_sha3_512, 64, false},
    {Kind::shake128, EVP_shake128, 700, true},
    {Kind::shake256, EVP_shake256, 700, true},
};

Bytes by_library(const Known& known, const Bytes& data) {
  Bytes out(known.digest_bytes);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> ctx(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EXPECT_EQ(EVP_DigestInit_ex(ctx.get(), known.library(), nullptr), 1);
  EXPECT_EQ(EVP_DigestUpdate(ctx.get(), data.data(), data.size()), 1);
  if (known.extends) {
    EXPECT_EQ(EVP_DigestFinalXOF(ctx.get(), out.data(), out.size()), 1);
  } else {
    EXPECT_EQ(EVP_DigestFinal_ex(ctx.get(), out.data(), nullptr), 1);
  }
  return out;
}

Bytes some(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 151 + size);
  return out;
}

TEST(Keccak, IsTheLibrarysForEveryLength) {
  for (const Known& known : kKnown) {
    for (std::size_t size = 0; size < 400; ++size) {
      const Bytes data = some(size);
      Bytes out(known.digest_bytes);
      const base::ByteView all(data);
      keccak(known.kind, {all.first(size / 3), all.subspan(size / 3)}, out);
      ASSERT_EQ(out, by_library(known, data)) << size;
    }
  }
}

TEST(Keccak, SqueezesInSteps) {
  Keccak steps(Kind::shake128);
  steps.absorb(some(33));
  Bytes out(700);
  std::size_t done = 0;
  for (std::size_t step = 1; done < out.size(); ++step) {
    const std::size_t n = std::min(step, out.size() - done);
    steps.squeeze({out.data() + done, n});
    done += n;
  }
  EXPECT_EQ(out, by_library(kKnown[2], some(33)));
}

}  // namespace
}  // namespace sallyport::pqc
