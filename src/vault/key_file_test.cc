// SPDX-License-Identifier: Apache-2.0
// The key file and the other sources: modes, forms, refusals.
#include "vault/key_file.h"

#include <sys/stat.h>

#include "vault/vault_fixture_test.h"

namespace sallyport::vault {
namespace {

using ::testing::HasSubstr;

TEST_F(VaultTest, AKeyFileIsWrittenOnceAndReadBack) {
  const base::Bytes key = random_.bytes(32);
  ASSERT_TRUE(write_key_file(key_path_, key));
  struct stat st = {};
  ASSERT_EQ(stat(key_path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600U);
  EXPECT_EQ(contents(key_path_), base::to_base64(key) + "\n");
  EXPECT_EQ(base::to_bytes(read_key_file(key_path_)->view()), key);
  EXPECT_EQ(write_key_file(key_path_, random_.bytes(32)).error().code, base::Errc::exists);
  EXPECT_EQ(base::to_bytes(read_key_file(key_path_)->view()), key);
}

TEST_F(VaultTest, AKeyFileComesWithTheDirectoriesAboveIt) {
  const std::string above = dir_ + "/new";
  ASSERT_TRUE(write_key_file(above + "/keys/master.key", random_.bytes(32)));
  struct stat st = {};
  ASSERT_EQ(stat((above + "/keys").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0700U);
  ASSERT_EQ(stat(above.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0755U);
}

TEST_F(VaultTest, AKeyFileThatOthersMayReadIsRefused) {
  ASSERT_TRUE(write_key_file(key_path_, random_.bytes(32)));
  for (const unsigned mode : {0640U, 0604U, 0620U, 0602U, 0610U}) {
    ASSERT_EQ(chmod(key_path_.c_str(), mode), 0);
    const auto key = read_key_file(key_path_);
    ASSERT_FALSE(key) << mode;
    EXPECT_EQ(key.error().code, base::Errc::denied);
    EXPECT_THAT(key.message(), HasSubstr("chmod 600"));
  }
}

TEST_F(VaultTest, WhatIsNoKey) {
  const std::string good = base::to_base64(random_.bytes(32));
  EXPECT_TRUE(parse_key(base::view(good)));
  EXPECT_TRUE(parse_key(base::view(good + "\n")));
  for (const std::string& bad : {std::string(), std::string("\n"), good.substr(4), good + "AAAA", good + " x",
                                 base::to_base64(random_.bytes(31)), std::string(32, '\x01')}) {
    EXPECT_FALSE(parse_key(base::view(bad))) << bad;
  }
  EXPECT_EQ(read_key_file(dir_).error().code, base::Errc::invalid);
  EXPECT_EQ(read_key_file(dir_ + "/nothing").error().code, base::Errc::not_found);
}

TEST_F(VaultTest, PassphraseParametersTravelAsText) {
  const PassphraseParameters p{3, 64 << 20, random_.bytes(16)};
  const auto back = passphrase_parameters_from(to_text(p));
  ASSERT_TRUE(back) << back.message();
  EXPECT_EQ(back->passes, 3U);
  EXPECT_EQ(back->memory_bytes, 64U << 20);
  EXPECT_EQ(back->salt, p.salt);
  for (const char* bad :
       {"", "argon2id", "argon2id:3", "argon2id:3:67108864:AAAA",
        "argon2id:0:67108864:AAAAAAAAAAAAAAAAAAAAAA==", "argon2id:3:99999999999999:AAAAAAAAAAAAAAAAAAAAAA==",
        "scrypt:3:67108864:AAAAAAAAAAAAAAAAAAAAAA==", "argon2id:-1:67108864:AAAAAAAAAAAAAAAAAAAAAA=="}) {
    EXPECT_FALSE(passphrase_parameters_from(bad)) << bad;
  }
  EXPECT_FALSE(derive_key({}, p));
  EXPECT_EQ(base::to_bytes(derive_key(base::view("words"), p)->view()),
            base::to_bytes(derive_key(base::view("words"), *back)->view()));
}

TEST_F(VaultTest, ASystemdCredential) {
  EXPECT_EQ(read_credential("").error().code, base::Errc::not_found);
  EXPECT_EQ(read_credential(dir_).error().code, base::Errc::not_found);
  const base::Bytes key = random_.bytes(32);
  std::ofstream(dir_ + "/sallyport-master-key") << base::to_base64(key) << "\n";
  EXPECT_EQ(base::to_bytes(read_credential(dir_)->view()), key);
}

}  // namespace
}  // namespace sallyport::vault
