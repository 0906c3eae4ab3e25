// SPDX-License-Identifier: Apache-2.0
// sntrup761 against an independent implementation, its arithmetic against division, its coding both ways.
#include "pqc/sntrup761.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pqc/case_file_test.h"
#include "pqc/sntrup761_coding.h"

namespace sallyport::pqc::sntrup {
namespace {

using base::Bytes;
using base::to_hex;
using testing::bytes;
using testing::sha256;

Small small_of(const Bytes& coded) {
  Small out;
  decode_small(std::span<const std::uint8_t, kSmallBytes>(coded), out);
  return out;
}

TEST(Sntrup761, DoesWhatAnotherImplementationDoes) {
  for (const auto& c : testing::read_cases("sntrup761.txt")) {
    ASSERT_EQ(c.size(), 8U);
    Bytes private_key = bytes(c[0]);
    const Bytes g_inverse = bytes(c[1]);
    // The public key, from the private one: g is the reciprocal of its reciprocal, h = g / 3f.
    Small g;
    ASSERT_EQ(reciprocal(g, small_of(g_inverse)), 0);
    Wide third;
    ASSERT_EQ(reciprocal_of_3(third, small_of(private_key)), 0);
    Wide h;
    multiply(h, third, g);
    Bytes public_key(kPublicKeyBytes);
    encode_wide(h, std::span<std::uint8_t, kWideBytes>(public_key));
    ASSERT_EQ(sha256(public_key), c[3]);
    Bytes hashed{4};
    hashed.insert(hashed.end(), public_key.begin(), public_key.end());
    Bytes key_hash(crypto_hash_sha512_BYTES);
    crypto_hash_sha512(key_hash.data(), hashed.data(), hashed.size());
    key_hash.resize(32);
    for (const Bytes& part : {g_inverse, public_key, bytes(c[2]), key_hash}) {
      private_key.insert(private_key.end(), part.begin(), part.end());
    }
    Bytes ciphertext = bytes(c[4]);
    auto secret = decapsulate(private_key, ciphertext);
    ASSERT_TRUE(secret);
    EXPECT_EQ(to_hex(secret->view()), c[5]);
    ciphertext.at(std::stoul(c[6])) ^= 1;
    auto rejected = decapsulate(private_key, ciphertext);
    ASSERT_TRUE(rejected) << "a wrong ciphertext gives a secret like any other";
    EXPECT_EQ(to_hex(rejected->view()), c[7]);
  }
}

TEST(Sntrup761, BothSidesAgree) {
  base::SystemRandom random;
  const Kem& kem = sntrup761();
  for (int i = 0; i < 10; ++i) {
    const KemKeys keys = kem.generate(random);
    auto sent = kem.encapsulate(keys.public_key, random);
    ASSERT_TRUE(sent);
    auto got = kem.decapsulate(keys.private_key.view(), sent->ciphertext);
    ASSERT_TRUE(got);
    EXPECT_EQ(to_hex(got->view()), to_hex(sent->secret.view()));
  }
}

TEST(Sntrup761, RefusesLengthsThatAreNone) {
  base::SystemRandom random;
  for (const std::size_t size : {0, 1157, 1159}) EXPECT_FALSE(sntrup761().encapsulate(Bytes(size), random)) << size;
  for (const std::size_t size : {0, 1038, 1040}) {
    EXPECT_FALSE(sntrup761().decapsulate(Bytes(kPrivateKeyBytes), Bytes(size))) << size;
  }
}

TEST(Sntrup761, ShortOnesHaveTheirWeight) {
  base::SystemRandom random;
  std::array<int, kP> seen{};
  for (int i = 0; i < 200; ++i) {
    Small r;
    random_short(r, random);
    ASSERT_EQ(std::count_if(r.begin(), r.end(), [](int c) { return c != 0; }), kWeight);
    for (std::size_t at = 0; at < r.size(); ++at) seen[at] += r[at] != 0;
  }
  // 200 * 286 / 761 is 75, give or take 7: a place that the sorting leaves alone would stand out.
  EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 75 - 7 * 7);
  EXPECT_LT(*std::max_element(seen.begin(), seen.end()), 75 + 7 * 7);
}

TEST(Sntrup761Ring, ReducesAsDivisionDoes) {
  for (std::int32_t x = -(1 << 14) + 1; x < (1 << 14); ++x) {
    ASSERT_EQ((reduce3(x) - x) % 3, 0) << x;
    ASSERT_LE(std::abs(reduce3(x)), 1) << x;
  }
  for (std::int32_t x = -(1 << 25) + 1; x < (1 << 25); x += 1 + std::abs(x) % 7) {
    ASSERT_EQ((reduce_q(x) - x) % kQ, 0) << x;
    ASSERT_LE(std::abs(reduce_q(x)), kHalfQ) << x;
  }
}

TEST(Sntrup761Ring, AReciprocalTimesItsNumberIsOne) {
  base::SystemRandom random;
  int found = 0;
  for (int i = 0; i < 20; ++i) {
    Small g;
    random_small(g, random);
    Small inverse;
    if (reciprocal(inverse, g) != 0) continue;
    ++found;
    Small product;
    multiply(product, g, inverse);
    Small one{};
    one[0] = 1;
    ASSERT_EQ(product, one);
    Wide third;
    ASSERT_EQ(reciprocal_of_3(third, g), 0);
    Wide in_q;
    multiply(in_q, third, g);
    for (auto& c : in_q) c = reduce_q(3 * c);
    Wide wide_one{};
    wide_one[0] = 1;
    ASSERT_EQ(in_q, wide_one);
  }
  EXPECT_GT(found, 5);
  EXPECT_NE(reciprocal(*std::make_unique<Small>(), Small{}), 0) << "zero has none";
}

TEST(Sntrup761Coding, GivesBackWhatWentIn) {
  base::SystemRandom random;
  for (int i = 0; i < 20; ++i) {
    Wide in;
    const Bytes raw = random.bytes(2 * kP);
    for (std::size_t at = 0; at < in.size(); ++at)
      in[at] = static_cast<std::int16_t>((raw[2 * at] * 256 + raw[2 * at + 1]) % kQ - kHalfQ);
    if (i == 0) in.fill(kHalfQ);
    if (i == 1) in.fill(-kHalfQ);
    Wide out;
    std::array<std::uint8_t, kWideBytes> wide;
    encode_wide(in, wide);
    decode_wide(wide, out);
    ASSERT_EQ(in, out);
    round_to_3(in);
    std::array<std::uint8_t, kRoundedBytes> rounded;
    encode_rounded(in, rounded);
    decode_rounded(rounded, out);
    ASSERT_EQ(in, out);
  }
}

}  // namespace
}  // namespace sallyport::pqc::sntrup
