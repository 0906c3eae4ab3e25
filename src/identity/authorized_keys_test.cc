// SPDX-License-Identifier: Apache-2.0
#include "identity/authorized_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keys/private_key.h"
#include "keys/wire.h"

namespace sallyport::identity {
namespace {

keys::PublicKey fresh(keys::GeneratedKey kind) {
  base::SystemRandom random;
  return keys::PrivateKey::generate(kind, random)->public_key();
}

TEST(AuthorizedKeys, FindsItsOwnAndNoOther) {
  const keys::PublicKey a = fresh(keys::GeneratedKey::ed25519);
  const keys::PublicKey b = fresh(keys::GeneratedKey::ecdsa_p256);
  const keys::PublicKey c = fresh(keys::GeneratedKey::ed25519);
  const auto keys = AuthorizedKeys::parse({a.line("alice@laptop"), b.line()});
  ASSERT_TRUE(keys) << keys.message();
  EXPECT_EQ(keys->size(), 2U);
  EXPECT_EQ(keys->find(a.blob())->key, a);
  EXPECT_EQ(keys->find(b.blob())->key, b);
  EXPECT_FALSE(keys->find(c.blob()));
  EXPECT_FALSE(keys->find({}));
  base::Bytes longer = a.blob();
  longer.push_back(0);
  EXPECT_FALSE(keys->find(longer));
  EXPECT_FALSE(AuthorizedKeys::none().find(a.blob()));
}

TEST(AuthorizedKeys, OfTwoLinesForOneSecurityKeyTheStricterHolds) {
  base::Bytes blob;
  keys::Writer w(blob);
  w.string(std::string_view("sk-ssh-ed25519@openssh.com"));
  const keys::PublicKey plain = fresh(keys::GeneratedKey::ed25519);
  keys::Reader r(plain.blob());
  r.string();
  w.bytes(r.rest());
  w.string(std::string_view("ssh:"));
  const std::string line = keys::PublicKey::parse(blob)->line();
  EXPECT_EQ(AuthorizedKeys::parse({"no-touch-required " + line})->find(blob)->touch, (keys::TouchRule{false, false}));
  const auto both = AuthorizedKeys::parse({"no-touch-required " + line, "verify-required " + line});
  EXPECT_EQ(both->find(blob)->touch, (keys::TouchRule{true, true}));
}

TEST(AuthorizedKeys, ABadLineIsNamed) {
  const auto keys = AuthorizedKeys::parse({fresh(keys::GeneratedKey::ed25519).line(), "ssh-ed25519 AAAA"});
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.message(), ::testing::StartsWith("key 2: "));
}

}  // namespace
}  // namespace sallyport::identity
