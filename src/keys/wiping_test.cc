// SPDX-License-Identifier: Apache-2.0
// After a private key and its file are gone, nothing of the secret is left in this process: its memory is searched.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "keys/pem_armor.h"
#include "keys/private_key.h"
#include "keys/ssh_keygen_for_test.h"
#include "keys/wire.h"

namespace sallyport::keys {
namespace {

using base::Bytes;
using base::ByteView;

/// The needle stands XORed, so that the search does not find itself.
constexpr std::uint8_t kMask = 0xa5;
constexpr std::size_t kNeedleBytes = 24;

struct Mapping {
  const std::uint8_t* first = nullptr;
  const std::uint8_t* last = nullptr;
};

std::vector<Mapping> writable_memory() {
  std::vector<Mapping> out;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uintptr_t first = 0;
    std::uintptr_t last = 0;
    char dash = 0;
    std::string mode;
    fields >> std::hex >> first >> dash >> last >> mode;
    if (mode.starts_with("rw")) {
      out.push_back({reinterpret_cast<const std::uint8_t*>(first), reinterpret_cast<const std::uint8_t*>(last)});
    }
  }
  return out;
}

/// How often the masked needle occurs, in clear, in whatever this process can write to.
int count_in_memory(const Bytes& masked) {
  int found = 0;
  for (const Mapping& m : writable_memory()) {
    for (const std::uint8_t* at = m.first; at + masked.size() <= m.last; ++at) {
      std::size_t i = 0;
      while (i < masked.size() && at[i] == (masked[i] ^ kMask)) ++i;
      if (i == masked.size()) ++found;
    }
  }
  return found;
}

Bytes masked(ByteView needle) {
  Bytes out(kNeedleBytes);
  for (std::size_t i = 0; i < kNeedleBytes; ++i) out[i] = needle[i] ^ kMask;
  return out;
}

/// The last field before the comment of PROTOCOL.key: Ed25519's seed, an ECDSA scalar, RSA's q; its middle part,
/// masked.
Bytes secret_of(const PrivateKey& key, int fields) {
  const base::SecretBytes file = key.serialize().value();
  const auto armored = read_armor(base::text(file.view()));
  Reader r(armored->body.view());
  r.bytes(15);
  for (int i = 0; i < 3; ++i) r.string();
  r.u32();
  r.string();
  Reader in(r.string());
  in.u64();
  for (int i = 0; i < fields; ++i) in.string();
  return masked(in.string().subspan(4));
}

/// OpenSSL keeps numbers with their low bytes first.
Bytes reversed(Bytes b) {
  std::ranges::reverse(b);
  return b;
}

struct Kind {
  GeneratedKey kind;
  int fields_before_secret;
};

class Wiping : public testing::TestWithParam<Kind> {};

TEST_P(Wiping, LeavesNothingBehind) {
#ifdef SALLYPORT_SANITIZED
  GTEST_SKIP() << "a sanitizer keeps freed memory and maps too much of it to search";
#endif
  base::SystemRandom random;
  Bytes needle;
  {
    const PrivateKey key = PrivateKey::generate(GetParam().kind, random).value();
    needle = secret_of(key, GetParam().fields_before_secret);
    ASSERT_GT(count_in_memory(needle) + count_in_memory(reversed(needle)), 0) << "the search finds a living key";
    const base::SecretBytes file = key.serialize().value();
    const PrivateKey again = PrivateKey::parse(file.view()).value();
    ASSERT_TRUE(again.sign(needle));
  }
  EXPECT_EQ(count_in_memory(needle), 0);
  EXPECT_EQ(count_in_memory(reversed(needle)), 0);
}

TEST_P(Wiping, LeavesNothingBehindFromForeignFormats) {
#ifdef SALLYPORT_SANITIZED
  GTEST_SKIP() << "a sanitizer keeps freed memory and maps too much of it to search";
#endif
  if (!SshKeygen::present() || GetParam().kind == GeneratedKey::ed25519) GTEST_SKIP() << "not written by ssh-keygen";
  base::SystemRandom random;
  SshKeygen keygen;
  Bytes needle;
  {
    const PrivateKey key = PrivateKey::generate(GetParam().kind, random).value();
    needle = secret_of(key, GetParam().fields_before_secret);
    keygen.write("key", base::text(key.serialize().value().view()));
  }
  for (const char* format : {"PEM", "PKCS8"}) {
    ASSERT_EQ(keygen.run(std::string("-q -p -P '' -N '' -f key -m ") + format), 0) << keygen.output();
    ASSERT_TRUE(PrivateKey::parse(base::view(keygen.read("key"))));
    EXPECT_EQ(count_in_memory(needle), 0) << format;
    EXPECT_EQ(count_in_memory(reversed(needle)), 0) << format;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Wiping,
                         testing::Values(Kind{GeneratedKey::ed25519, 2}, Kind{GeneratedKey::ecdsa_p256, 3},
                                         Kind{GeneratedKey::rsa_3072, 6}));

}  // namespace
}  // namespace sallyport::keys
