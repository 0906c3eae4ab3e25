// SPDX-License-Identifier: Apache-2.0
#include "keys/authorized_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keys/private_key.h"
#include "keys/wire.h"

namespace sallyport::keys {
namespace {

using ::testing::HasSubstr;

std::string plain_line() {
  base::SystemRandom random;
  return PrivateKey::generate(GeneratedKey::ed25519, random)->public_key().line("me");
}

std::string security_key_line() {
  base::SystemRandom random;
  const PublicKey plain = PrivateKey::generate(GeneratedKey::ed25519, random)->public_key();
  base::Bytes blob;
  Writer w(blob);
  w.string(std::string_view("sk-ssh-ed25519@openssh.com"));
  Reader r(plain.blob());
  r.string();
  w.bytes(r.rest());
  w.string(std::string_view("ssh:"));
  return PublicKey::parse(blob)->line("my token");
}

TEST(AuthorizedLine, OptionsSayWhatASignatureMustShow) {
  const std::string line = security_key_line();
  const auto touch = [&](const std::string& options) { return parse_authorized_line(options + line).value().touch; };
  EXPECT_EQ(touch(""), (TouchRule{true, false}));
  EXPECT_EQ(touch("no-touch-required "), (TouchRule{false, false}));
  EXPECT_EQ(touch("verify-required "), (TouchRule{true, true}));
  EXPECT_EQ(touch("verify-required,no-touch-required "), (TouchRule{false, true}));
  EXPECT_EQ(touch("  no-touch-required   "), (TouchRule{false, false}));
  EXPECT_EQ(parse_authorized_line("verify-required " + line)->key, *PublicKey::parse_line(line));
}

TEST(AuthorizedLine, EverythingElseIsRefused) {
  const std::string line = security_key_line();
  for (const char* options :
       {"no-touch-required,restrict ", "no-touch-required,no-touch-required ", "verify-required, ", "verify-required,",
        "verify-requiredx ", "VERIFY-REQUIRED ", "restrict ", "cert-authority ", "verify-required restrict ",
        "verify-required=yes ", ",verify-required "}) {
    EXPECT_FALSE(parse_authorized_line(options + line)) << options;
  }
  EXPECT_FALSE(parse_authorized_line("verify-required"));
  EXPECT_FALSE(parse_authorized_line(""));
  const auto plain = parse_authorized_line("no-touch-required " + plain_line());
  ASSERT_FALSE(plain);
  EXPECT_THAT(plain.message(), HasSubstr("for keys of security keys alone"));
  EXPECT_TRUE(parse_authorized_line(plain_line()));
}

}  // namespace
}  // namespace sallyport::keys
