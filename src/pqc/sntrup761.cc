// SPDX-License-Identifier: Apache-2.0
// Streamlined NTRU Prime sntrup761. Runs in the untrusted workers; pure.
#include "pqc/sntrup761.h"

#include <sodium.h>

#include <cstring>
#include <initializer_list>

#include "pqc/constant_time.h"
#include "pqc/sntrup761_coding.h"

namespace sallyport::pqc::sntrup {

namespace {

constexpr std::size_t kHashBytes = 32;
using Hash = std::array<std::uint8_t, kHashBytes>;
using SmallBytes = std::array<std::uint8_t, kSmallBytes>;

/// What a hash is for: its first byte.
enum class Domain : std::uint8_t { rejected_secret = 0, secret = 1, confirmation = 2, input = 3, public_key = 4 };

/// The first half of SHA-512 over the domain's byte and the parts. A mask may be secret; a domain comes from one here.
void hash(std::uint8_t domain, std::initializer_list<base::ByteView> parts, std::uint8_t* out) {
  crypto_hash_sha512_state state;
  std::array<std::uint8_t, crypto_hash_sha512_BYTES> whole;
  crypto_hash_sha512_init(&state);
  crypto_hash_sha512_update(&state, &domain, 1);
  for (const base::ByteView part : parts) crypto_hash_sha512_update(&state, part.data(), part.size());
  crypto_hash_sha512_final(&state, whole.data());
  std::memcpy(out, whole.data(), kHashBytes);
  base::wipe(whole.data(), whole.size());
  base::wipe(&state, sizeof state);
}
void hash(Domain domain, std::initializer_list<base::ByteView> parts, std::uint8_t* out) {
  hash(static_cast<std::uint8_t>(domain), parts, out);
}

/// Sorts in time that depends on the number of items alone: merge exchange (Knuth, volume 3, 5.2.2 M), whose
/// comparisons are fixed.
void sort(std::array<std::uint32_t, kP>& items) {
  constexpr std::size_t kHighestPower = 512;
  static_assert(kHighestPower < kP && 2 * kHighestPower >= kP);
  const auto order = [&items](std::size_t i, std::size_t j) {
    const auto wrong = static_cast<std::uint32_t>(hidden(std::int64_t{items[j]} - std::int64_t{items[i]}) >> 63);
    const std::uint32_t both = wrong & (items[i] ^ items[j]);
    items[i] ^= both;
    items[j] ^= both;
  };
  for (std::size_t p = kHighestPower; p > 0; p /= 2) {
    std::size_t q = kHighestPower;
    std::size_t r = 0;
    std::size_t d = p;
    for (;;) {
      for (std::size_t i = 0; i + d < kP; ++i) {
        if ((i & p) == r) order(i, i + d);
      }
      if (q == p) break;
      d = q - p;
      q /= 2;
      r = p;
    }
  }
}

void hide(const Small& r, const SmallBytes& r_bytes, base::ByteView public_key, const std::uint8_t* key_hash,
          std::span<std::uint8_t, kCiphertextBytes> ciphertext) {
  Wide h;
  decode_wide(public_key.first<kPublicKeyBytes>(), h);
  Wiped<Wide> product;
  multiply(*product, h, r);
  round_to_3(*product);
  encode_rounded(*product, ciphertext.first<kRoundedBytes>());
  Wiped<Hash> input;
  hash(Domain::input, {r_bytes}, input->data());
  hash(Domain::confirmation, {*input, {key_hash, kHashBytes}}, ciphertext.data() + kRoundedBytes);
}

base::SecretBytes session_secret(std::uint8_t domain, const SmallBytes& input_bytes, base::ByteView ciphertext) {
  Wiped<Hash> input;
  hash(Domain::input, {input_bytes}, input->data());
  base::SecretBytes out(kSecretBytes);
  hash(domain, {*input, ciphertext}, out.data());
  return out;
}

/// The r of a ciphertext; where it cannot be one of weight w, a fixed one.
void decrypt(base::ByteView private_key, base::ByteView ciphertext, Small& r) {
  Wiped<Small> f;
  Wiped<Small> g_inverse;
  decode_small(private_key.first<kSmallBytes>(), *f);
  decode_small(private_key.subspan<kSmallBytes, kSmallBytes>(), *g_inverse);
  Wide c;
  decode_rounded(ciphertext.first<kRoundedBytes>(), c);
  Wiped<Wide> product;
  multiply(*product, c, *f);
  Wiped<Small> e;
  for (std::size_t i = 0; i < kP; ++i) (*e)[i] = reduce3(reduce_q(3 * (*product)[i]));
  multiply(r, *e, *g_inverse);
  std::int32_t weight = 0;
  for (const std::int8_t coefficient : r) weight += coefficient & 1;
  const std::int32_t wrong = nonzero_mask(weight - kWeight);
  for (std::size_t i = 0; i < kP; ++i) {
    const std::int32_t instead = i < kWeight ? 1 : 0;
    r[i] = static_cast<std::int8_t>(r[i] ^ (wrong & (r[i] ^ instead)));
  }
}

}  // namespace

void random_small(Small& out, base::Random& random) {
  Wiped<std::array<std::uint32_t, kP>> draws;
  random.fill({reinterpret_cast<std::uint8_t*>(draws->data()), sizeof *draws});
  for (std::size_t i = 0; i < kP; ++i) out[i] = static_cast<std::int8_t>((((*draws)[i] & 0x3fffffff) * 3 >> 30) - 1);
}

void random_short(Small& out, base::Random& random) {
  Wiped<std::array<std::uint32_t, kP>> draws;
  random.fill({reinterpret_cast<std::uint8_t*>(draws->data()), sizeof *draws});
  // The lowest two bits say what a coefficient is, 0 to 2; sorting by the others shuffles them.
  for (std::size_t i = 0; i < kP; ++i) (*draws)[i] = i < kWeight ? (*draws)[i] & ~1U : ((*draws)[i] & ~3U) | 1U;
  sort(*draws);
  for (std::size_t i = 0; i < kP; ++i)
    out[i] = static_cast<std::int8_t>(static_cast<std::int32_t>((*draws)[i] & 3) - 1);
}

KemKeys generate(base::Random& random) {
  Wiped<Small> g;
  Wiped<Small> g_inverse;
  do {
    random_small(*g, random);
  } while (revealed(reciprocal(*g_inverse, *g)));  // a candidate that was not taken says nothing about the next one
  Wiped<Small> f;
  random_short(*f, random);
  Wiped<Wide> third_of_f;
  (void)reciprocal_of_3(*third_of_f, *f);  // x^p - x - 1 is irreducible modulo q, and f is not zero
  Wiped<Wide> h;
  multiply(*h, *third_of_f, *g);

  KemKeys out{base::Bytes(kPublicKeyBytes), base::SecretBytes(kPrivateKeyBytes)};
  const std::span<std::uint8_t, kPrivateKeyBytes> secret(out.private_key.data(), kPrivateKeyBytes);
  const std::span<std::uint8_t, kPublicKeyBytes> public_key(out.public_key.data(), kPublicKeyBytes);
  encode_wide(*h, public_key);
  encode_small(*f, secret.first<kSmallBytes>());
  encode_small(*g_inverse, secret.subspan<kSmallBytes, kSmallBytes>());
  std::memcpy(secret.data() + 2 * kSmallBytes, public_key.data(), kPublicKeyBytes);
  random.fill(secret.subspan(2 * kSmallBytes + kPublicKeyBytes, kSmallBytes));  // rho
  hash(Domain::public_key, {public_key}, secret.data() + kPrivateKeyBytes - kHashBytes);
  return out;
}

base::Result<Encapsulated> encapsulate_short(base::ByteView public_key, const Small& r) {
  if (public_key.size() != kPublicKeyBytes) return base::fail(base::Errc::invalid, "bad sntrup761 public key");
  Hash key_hash;
  hash(Domain::public_key, {public_key}, key_hash.data());
  Wiped<SmallBytes> r_bytes;
  encode_small(r, *r_bytes);
  base::Bytes ciphertext(kCiphertextBytes);
  hide(r, *r_bytes, public_key, key_hash.data(), std::span<std::uint8_t, kCiphertextBytes>(ciphertext));
  auto secret = session_secret(static_cast<std::uint8_t>(Domain::secret), *r_bytes, ciphertext);
  return Encapsulated{std::move(ciphertext), std::move(secret)};
}

base::Result<base::SecretBytes> decapsulate(base::ByteView private_key, base::ByteView ciphertext) {
  if (private_key.size() != kPrivateKeyBytes || ciphertext.size() != kCiphertextBytes) {
    return base::fail(base::Errc::invalid, "bad sntrup761 ciphertext");
  }
  const base::ByteView public_key = private_key.subspan(2 * kSmallBytes, kPublicKeyBytes);
  const base::ByteView rho = private_key.subspan(2 * kSmallBytes + kPublicKeyBytes, kSmallBytes);
  Wiped<Small> r;
  decrypt(private_key, ciphertext, *r);
  Wiped<SmallBytes> r_bytes;
  encode_small(*r, *r_bytes);
  Wiped<std::array<std::uint8_t, kCiphertextBytes>> again;
  hide(*r, *r_bytes, public_key, private_key.data() + kPrivateKeyBytes - kHashBytes, *again);
  std::int32_t different = 0;
  for (std::size_t i = 0; i < ciphertext.size(); ++i) different |= (*again)[i] ^ ciphertext[i];
  const std::int32_t wrong = nonzero_mask(different);
  for (std::size_t i = 0; i < kSmallBytes; ++i) {
    (*r_bytes)[i] = static_cast<std::uint8_t>((*r_bytes)[i] ^ (wrong & ((*r_bytes)[i] ^ rho[i])));
  }
  return session_secret(static_cast<std::uint8_t>(1 + wrong), *r_bytes, ciphertext);
}

}  // namespace sallyport::pqc::sntrup

namespace sallyport::pqc {

const Kem& sntrup761() {
  static constexpr Kem kem{
      sntrup::kPublicKeyBytes,
      sntrup::kPrivateKeyBytes,
      sntrup::kCiphertextBytes,
      sntrup::kSecretBytes,
      sntrup::generate,
      [](base::ByteView public_key, base::Random& random) {
        Wiped<sntrup::Small> r;
        sntrup::random_short(*r, random);
        return sntrup::encapsulate_short(public_key, *r);
      },
      sntrup::decapsulate,
  };
  return kem;
}

}  // namespace sallyport::pqc
