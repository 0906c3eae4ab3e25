// SPDX-License-Identifier: Apache-2.0
// ML-KEM-768 against an independent implementation, its arithmetic against division, and what it must refuse.
#include "pqc/mlkem768.h"

#include <gtest/gtest.h>

#include "pqc/case_file_test.h"
#include "pqc/mlkem768_ring.h"

namespace sallyport::pqc {
namespace {

using base::Bytes;
using base::to_hex;
using testing::bytes;
using testing::sha256;

TEST(Mlkem768, DoesWhatAnotherImplementationDoes) {
  std::size_t number = 0;
  for (const auto& c : testing::read_cases("mlkem768.txt")) {
    ASSERT_EQ(c.size(), 7U);
    const KemKeys keys = mlkem::keys_from_seed(bytes(c[0]));
    EXPECT_EQ(sha256(keys.public_key), c[2]);
    auto sent = mlkem::encapsulate_message(keys.public_key, bytes(c[1]));
    ASSERT_TRUE(sent);
    EXPECT_EQ(sha256(sent->ciphertext), c[3]);
    EXPECT_EQ(to_hex(sent->secret.view()), c[4]);
    auto got = mlkem::decapsulate(keys.private_key.view(), sent->ciphertext);
    ASSERT_TRUE(got);
    EXPECT_EQ(to_hex(got->view()), c[4]);
    sent->ciphertext.at(std::stoul(c[5])) ^= static_cast<std::uint8_t>(1U << number % 8);
    auto rejected = mlkem::decapsulate(keys.private_key.view(), sent->ciphertext);
    ASSERT_TRUE(rejected) << "a wrong ciphertext gives a secret like any other";
    EXPECT_EQ(to_hex(rejected->view()), c[6]);
    ++number;
  }
}

TEST(Mlkem768, RefusesPublicKeysThatAreNone) {
  base::SystemRandom random;
  const Kem& kem = mlkem768();
  const KemKeys keys = kem.generate(random);
  for (const std::size_t size : {0, 1, 1183, 1185}) {
    Bytes wrong = keys.public_key;
    wrong.resize(size);
    EXPECT_FALSE(kem.encapsulate(wrong, random)) << size;
  }
  // FIPS 203 §7.2: a coefficient of q or more, at either end of the vector and in either half of its three bytes.
  for (const std::size_t at : {0, 381, 384, 1149}) {
    Bytes low = keys.public_key;
    low[at] = 0x01;
    low[at + 1] = static_cast<std::uint8_t>((low[at + 1] & 0xf0) | 0x0d);  // 0xd01 is q
    EXPECT_FALSE(kem.encapsulate(low, random)) << at;
    low[at] = 0x00;
    EXPECT_TRUE(kem.encapsulate(low, random)) << at;
    Bytes high = keys.public_key;
    high[at + 1] = static_cast<std::uint8_t>((high[at + 1] & 0x0f) | 0x10);
    high[at + 2] = 0xd0;
    EXPECT_FALSE(kem.encapsulate(high, random)) << at;
  }
}

TEST(Mlkem768, RefusesLengthsThatAreNone) {
  base::SystemRandom random;
  const KemKeys keys = mlkem768().generate(random);
  for (const std::size_t size : {0, 1087, 1089}) {
    EXPECT_FALSE(mlkem768().decapsulate(keys.private_key.view(), Bytes(size))) << size;
  }
  EXPECT_FALSE(mlkem768().decapsulate(keys.private_key.view().first(2399), Bytes(1088)));
}

TEST(Mlkem768Ring, ReducesAndCompressesAsDivisionDoes) {
  for (std::uint32_t x = 0; x < (1U << 24); x += 1 + x % 3) ASSERT_EQ(mlkem::reduce(x), x % mlkem::kQ) << x;
  for (const unsigned bits : {1U, 4U, 10U}) {
    for (unsigned x = 0; x < mlkem::kQ; ++x) {
      mlkem::Poly poly{};
      poly[7] = static_cast<std::uint16_t>(x);
      mlkem::compress(poly, bits);
      const unsigned expected = ((x << bits) + mlkem::kQ / 2) / mlkem::kQ % (1U << bits);
      ASSERT_EQ(poly[7], expected) << x << " to " << bits;
      mlkem::decompress(poly, bits);
      ASSERT_EQ(poly[7], (expected * mlkem::kQ + (1U << (bits - 1))) >> bits);
    }
  }
}

TEST(Mlkem768Ring, MultipliesAsTheSchoolbookDoes) {
  mlkem::Poly a{};
  mlkem::Poly b{};
  mlkem::Poly expected{};
  for (unsigned i = 0; i < 256; ++i) {
    a[i] = static_cast<std::uint16_t>((i * i * 31 + 3300) % mlkem::kQ);
    b[i] = static_cast<std::uint16_t>((i * 977 + 3328) % mlkem::kQ);
  }
  for (unsigned i = 0; i < 256; ++i) {
    for (unsigned j = 0; j < 256; ++j) {
      const std::uint32_t product = std::uint32_t{a[i]} * b[j] % mlkem::kQ;
      auto& at = expected[(i + j) % 256];
      at = static_cast<std::uint16_t>((at + (i + j < 256 ? product : mlkem::kQ - product)) % mlkem::kQ);
    }
  }
  mlkem::Poly product{};
  mlkem::to_ntt(a);
  mlkem::to_ntt(b);
  mlkem::add_product(product, a, b);
  mlkem::from_ntt(product);
  EXPECT_EQ(product, expected);
}

}  // namespace
}  // namespace sallyport::pqc
