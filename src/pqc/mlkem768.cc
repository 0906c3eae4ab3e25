// SPDX-License-Identifier: Apache-2.0
// ML-KEM-768 (FIPS 203). Runs in the untrusted workers; pure.
#include "pqc/mlkem768.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "pqc/constant_time.h"
#include "pqc/keccak.h"
#include "pqc/mlkem768_ring.h"

namespace sallyport::pqc::mlkem {

namespace {

constexpr std::size_t kPolyBytes = 384;  // twelve bits a coefficient
constexpr std::size_t kVectorBytes = kRank * kPolyBytes;
constexpr unsigned kVectorBits = 10;  // d_u
constexpr unsigned kScalarBits = 4;   // d_v
constexpr std::size_t kCompressedPolyBytes = 32 * kVectorBits;
constexpr std::size_t kHashBytes = 32;
static_assert(kPublicKeyBytes == kVectorBytes + 32);
static_assert(kPrivateKeyBytes == kVectorBytes + kPublicKeyBytes + 2 * kHashBytes);
static_assert(kCiphertextBytes == kRank * kCompressedPolyBytes + 32 * kScalarBits);

using Hash = std::array<std::uint8_t, kHashBytes>;
using TwoHashes = std::array<std::uint8_t, 2 * kHashBytes>;

void sample_noise_vector(Vector& out, base::ByteView seed, std::uint8_t first_nonce) {
  for (Poly& poly : out) sample_noise(poly, seed, first_nonce++);
}

void unpack_vector(Vector& out, const std::uint8_t* in) {
  for (Poly& poly : out) {
    unpack(poly, 12, in);
    in += kPolyBytes;
  }
}

void add_dot_product(Poly& sum, const Vector& a, const Vector& b) {
  for (unsigned i = 0; i < kRank; ++i) add_product(sum, a[i], b[i]);
}

/// §7.2: every coefficient is below q. The key is public.
bool coefficients_in_range(base::ByteView public_key) {
  Vector t;
  unpack_vector(t, public_key.data());
  return std::all_of(t.begin(), t.end(), [](const Poly& poly) {
    return std::all_of(poly.begin(), poly.end(), [](std::uint16_t c) { return c < kQ; });
  });
}

/// Algorithm 14, K-PKE.Encrypt.
base::Bytes encrypt(base::ByteView public_key, base::ByteView message, base::ByteView noise_seed) {
  const base::ByteView matrix_seed = public_key.subspan(kVectorBytes);
  Vector t;
  unpack_vector(t, public_key.data());
  Wiped<Vector> y;
  Wiped<Vector> noise;
  sample_noise_vector(*y, noise_seed, 0);
  sample_noise_vector(*noise, noise_seed, kRank);
  for (Poly& poly : *y) to_ntt(poly);
  base::Bytes ciphertext(kCiphertextBytes);
  Wiped<Poly> sum;
  for (unsigned i = 0; i < kRank; ++i) {
    sum->fill(0);
    for (unsigned j = 0; j < kRank; ++j) {  // the matrix transposed
      add_product(*sum, sample_uniform(matrix_seed, static_cast<std::uint8_t>(j), static_cast<std::uint8_t>(i)),
                  (*y)[j]);
    }
    from_ntt(*sum);
    add(*sum, (*noise)[i]);
    compress(*sum, kVectorBits);
    pack(*sum, kVectorBits, ciphertext.data() + i * kCompressedPolyBytes);
  }
  sum->fill(0);
  add_dot_product(*sum, t, *y);
  from_ntt(*sum);
  Wiped<Poly> term;
  sample_noise(*term, noise_seed, 2 * kRank);
  add(*sum, *term);
  unpack(*term, 1, message.data());
  decompress(*term, 1);
  add(*sum, *term);
  compress(*sum, kScalarBits);
  pack(*sum, kScalarBits, ciphertext.data() + kRank * kCompressedPolyBytes);
  return ciphertext;
}

/// Algorithm 15, K-PKE.Decrypt.
void decrypt(const std::uint8_t* secret_vector, base::ByteView ciphertext, Hash& message) {
  Wiped<Vector> s;
  unpack_vector(*s, secret_vector);
  Vector u;
  for (unsigned i = 0; i < kRank; ++i) {
    unpack(u[i], kVectorBits, ciphertext.data() + i * kCompressedPolyBytes);
    decompress(u[i], kVectorBits);
    to_ntt(u[i]);
  }
  Wiped<Poly> masked;
  unpack(*masked, kScalarBits, ciphertext.data() + kRank * kCompressedPolyBytes);
  decompress(*masked, kScalarBits);
  Wiped<Poly> product;
  add_dot_product(*product, *s, u);
  from_ntt(*product);
  subtract(*masked, *product);
  compress(*masked, 1);
  pack(*masked, 1, message.data());
}

}  // namespace

KemKeys keys_from_seed(base::ByteView seed) {
  if (seed.size() != kSeedBytes) std::abort();
  const std::uint8_t rank = kRank;
  Wiped<TwoHashes> expanded;  // rho, sigma
  keccak(Keccak::Kind::sha3_512, {seed.first(32), base::ByteView(&rank, 1)}, *expanded);
  // rho is half of what everybody sees; only sigma stays secret.
  base::Bytes matrix_seed(expanded->begin(), expanded->begin() + 32);
  publish(matrix_seed);
  const base::ByteView noise_seed(expanded->data() + 32, 32);
  Wiped<Vector> s;
  Wiped<Vector> t;
  sample_noise_vector(*s, noise_seed, 0);
  sample_noise_vector(*t, noise_seed, kRank);
  for (Poly& poly : *s) to_ntt(poly);
  KemKeys out{base::Bytes(kPublicKeyBytes), base::SecretBytes(kPrivateKeyBytes)};
  std::uint8_t* const secret = out.private_key.data();
  for (unsigned i = 0; i < kRank; ++i) {
    to_ntt((*t)[i]);
    for (unsigned j = 0; j < kRank; ++j) {
      add_product((*t)[i], sample_uniform(matrix_seed, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(j)),
                  (*s)[j]);
    }
    pack((*t)[i], 12, out.public_key.data() + i * kPolyBytes);
    pack((*s)[i], 12, secret + i * kPolyBytes);
  }
  std::copy(matrix_seed.begin(), matrix_seed.end(), out.public_key.begin() + kVectorBytes);
  std::memcpy(secret + kVectorBytes, out.public_key.data(), kPublicKeyBytes);
  keccak(Keccak::Kind::sha3_256, {out.public_key}, {secret + kVectorBytes + kPublicKeyBytes, kHashBytes});
  std::memcpy(secret + kPrivateKeyBytes - 32, seed.data() + 32, 32);
  return out;
}

base::Result<Encapsulated> encapsulate_message(base::ByteView public_key, base::ByteView message) {
  if (message.size() != kMessageBytes) std::abort();
  if (public_key.size() != kPublicKeyBytes || !coefficients_in_range(public_key)) {
    return base::fail(base::Errc::invalid, "bad ML-KEM-768 public key");
  }
  Hash key_hash;
  keccak(Keccak::Kind::sha3_256, {public_key}, key_hash);
  Wiped<TwoHashes> derived;  // K, r
  keccak(Keccak::Kind::sha3_512, {message, key_hash}, *derived);
  const base::ByteView view(*derived);
  return Encapsulated{encrypt(public_key, message, view.subspan(32)), base::SecretBytes(view.first(kSecretBytes))};
}

base::Result<base::SecretBytes> decapsulate(base::ByteView private_key, base::ByteView ciphertext) {
  if (private_key.size() != kPrivateKeyBytes || ciphertext.size() != kCiphertextBytes) {
    return base::fail(base::Errc::invalid, "bad ML-KEM-768 ciphertext");
  }
  const base::ByteView public_key = private_key.subspan(kVectorBytes, kPublicKeyBytes);
  const base::ByteView key_hash = private_key.subspan(kVectorBytes + kPublicKeyBytes, kHashBytes);
  const base::ByteView rejection_seed = private_key.last(32);
  Wiped<Hash> message;
  decrypt(private_key.data(), ciphertext, *message);
  Wiped<TwoHashes> derived;
  keccak(Keccak::Kind::sha3_512, {*message, key_hash}, *derived);
  base::SecretBytes secret(kSecretBytes);
  keccak(Keccak::Kind::shake256, {rejection_seed, ciphertext}, {secret.data(), secret.size()});
  base::Bytes again = encrypt(public_key, *message, base::ByteView(*derived).subspan(32));
  // What differs must not become known: the secret of a rejected ciphertext looks like any other.
  std::int32_t different = 0;
  for (std::size_t i = 0; i < ciphertext.size(); ++i) different |= again[i] ^ ciphertext[i];
  const auto same = static_cast<std::uint8_t>(~nonzero_mask(different));
  for (std::size_t i = 0; i < secret.size(); ++i) {
    secret.data()[i] = static_cast<std::uint8_t>(secret.data()[i] ^ (same & (secret.data()[i] ^ (*derived)[i])));
  }
  base::wipe(again.data(), again.size());
  return secret;
}

}  // namespace sallyport::pqc::mlkem

namespace sallyport::pqc {

const Kem& mlkem768() {
  static constexpr Kem kem{
      mlkem::kPublicKeyBytes,
      mlkem::kPrivateKeyBytes,
      mlkem::kCiphertextBytes,
      mlkem::kSecretBytes,
      [](base::Random& random) {
        Wiped<std::array<std::uint8_t, mlkem::kSeedBytes>> seed;
        random.fill(*seed);
        return mlkem::keys_from_seed(*seed);
      },
      [](base::ByteView public_key, base::Random& random) {
        Wiped<std::array<std::uint8_t, mlkem::kMessageBytes>> message;
        random.fill(*message);
        return mlkem::encapsulate_message(public_key, *message);
      },
      mlkem::decapsulate,
  };
  return kem;
}

}  // namespace sallyport::pqc
