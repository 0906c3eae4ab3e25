// SPDX-License-Identifier: Apache-2.0
// The vault over a real store: first start, restart, lost and wrong keys, secrets, node keys.
#include "vault/vault.h"

#include <sodium.h>

#include "vault/vault_fixture_test.h"

namespace sallyport::vault {
namespace {

using base::Errc;
using base::view;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(VaultTest, TheFirstStartMakesKeysAndARestartKeepsThem) {
  open(file());
  const std::string host = vault_->host_key_ed25519().public_key().line();
  const std::string rsa = vault_->host_key_rsa().public_key().line();
  const std::string user_ca = vault_->user_ca().public_key().line();
  const std::string host_ca = vault_->host_ca().public_key().line();
  const base::Bytes node = vault_->node_public_key();
  const base::Bytes recipient = vault_->recording_recipient().public_key;
  EXPECT_TRUE(vault_->made_node_key());
  const std::string jump = vault_->jump_host_key("web1")->public_key().line();
  EXPECT_EQ(vault_->host_key_rsa().public_key().bits(), 3072);
  EXPECT_NE(user_ca, host_ca);
  EXPECT_NE(jump, vault_->jump_host_key("web2")->public_key().line());

  open(file());
  EXPECT_EQ(vault_->host_key_ed25519().public_key().line(), host);
  EXPECT_EQ(vault_->host_key_rsa().public_key().line(), rsa);
  EXPECT_EQ(vault_->user_ca().public_key().line(), user_ca);
  EXPECT_EQ(vault_->host_ca().public_key().line(), host_ca);
  EXPECT_EQ(vault_->node_public_key(), node);
  EXPECT_FALSE(vault_->made_node_key());
  EXPECT_EQ(vault_->recording_recipient().public_key, recipient);
  EXPECT_EQ(vault_->jump_host_key("web1")->public_key().line(), jump);
}

TEST_F(VaultTest, AKeyOfTheNodeThatWasTakenAwayIsNotMadeAnew) {
  open_started();
  for (const char* owner : {"gateway", "node"}) {
    const auto rows = *store_->list_credentials(owner);
    ASSERT_FALSE(rows.empty());
    for (const auto& row : rows) {
      ASSERT_TRUE(store_->delete_credential(row.key));
      const auto vault = Vault::open(*store_, file(), clock_, random_);
      ASSERT_FALSE(vault) << row.key.owner_name;
      EXPECT_EQ(vault.error().code, Errc::corrupt);
      EXPECT_THAT(vault.message(), HasSubstr(row.key.owner_name + " " + row.key.type));
      ASSERT_TRUE(store_->put_credential(row));
    }
  }
  EXPECT_TRUE(Vault::open(*store_, file(), clock_, random_));
}

// The node's log and its records go on under the key that signed them so far.
TEST_F(VaultTest, AStoreFromBeforeNodesHadKeysOfTheirOwnKeepsItsKey) {
  const std::string data = SALLYPORT_TEST_DATA "/store/one_chain";
  store_.reset();
  std::filesystem::remove(dir_ + "/data/sallyport.db");
  tamper(contents(data + ".sql"));
  const base::Bytes master = *base::from_base64(contents(data + ".master.key").substr(0, 44));
  ASSERT_TRUE(write_key_file(key_path_, master));
  open(file());
  EXPECT_THAT(contents(data + ".head.json"), HasSubstr(base::to_base64(vault_->node_public_key())));
  EXPECT_FALSE(vault_->made_node_key());
  EXPECT_EQ(*vault_->public_key_of_node("node"), vault_->node_public_key());
  EXPECT_EQ(vault_->public_key_of_node("other").error().code, Errc::not_found);
  EXPECT_EQ(store_->get_credential({"node", "signing", "ed25519-seed"}).error().code, Errc::not_found);
  const base::Bytes key = vault_->node_public_key();
  open(file());
  EXPECT_EQ(vault_->node_public_key(), key);
}

TEST_F(VaultTest, TheNodesKeysWork) {
  open_started();
  const base::Bytes signature = *vault_->node_sign(view("message"));
  ASSERT_EQ(signature.size(), 64U);
  EXPECT_EQ(crypto_sign_verify_detached(signature.data(), view("message").data(), 7, vault_->node_public_key().data()),
            0);
  const RecordingRecipient& r = vault_->recording_recipient();
  base::Bytes box(5 + crypto_box_SEALBYTES);
  base::Bytes opened(5);
  ASSERT_EQ(crypto_box_seal(box.data(), view("hello").data(), 5, r.public_key.data()), 0);
  ASSERT_EQ(crypto_box_seal_open(opened.data(), box.data(), box.size(), r.public_key.data(), r.secret_key.data()), 0);
  EXPECT_EQ(base::to_text(opened), "hello");
  const auto ssh = vault_->user_ca().sign(view("blob"));
  ASSERT_TRUE(ssh);
  EXPECT_TRUE(vault_->user_ca().public_key().verify("ssh-ed25519", *ssh, view("blob")));
}

TEST_F(VaultTest, AccountSecretsAreSealedAndComeBack) {
  open_started();
  ASSERT_TRUE(vault_->set_account_secret("deploy", SecretType::password, view("PLAIN-PASSWORD-1\n")));
  ASSERT_TRUE(vault_->set_account_secret("deploy", SecretType::password, view("PLAIN-PASSWORD-2")));
  const auto key = keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random_);
  const auto text = key->serialize();
  EXPECT_EQ(guess_secret_type(text->view()), SecretType::private_key);
  EXPECT_EQ(guess_secret_type(view("hunter2")), SecretType::password);
  ASSERT_TRUE(vault_->set_account_secret("deploy", SecretType::private_key, text->view()));
  open(file());
  EXPECT_EQ(base::to_text(vault_->account_password("deploy")->view()), "PLAIN-PASSWORD-2");
  EXPECT_EQ(vault_->account_key("deploy")->public_key(), key->public_key());
  EXPECT_EQ(store_->get_credential({"account", "deploy", "password"})->version, 2);
  EXPECT_EQ(vault_->account_password("root").error().code, Errc::not_found);
  EXPECT_THAT(vault_->account_key("root").message(), HasSubstr("set-secret root"));
  ASSERT_TRUE(vault_->forget_account("deploy"));
  EXPECT_FALSE(vault_->account_password("deploy"));
  EXPECT_FALSE(vault_->account_key("deploy"));
}

TEST_F(VaultTest, NoSecretStandsInTheFilesInTheClear) {
  open_started();
  ASSERT_TRUE(vault_->set_account_secret("deploy", SecretType::password, view("PLAIN-PASSWORD-1")));
  const std::string ca = base::to_text(vault_->user_ca().serialize()->view());
  vault_.reset();
  for (const char* name : {"/data/sallyport.db", "/data/sallyport.db-wal"}) {
    const std::string all = contents(dir_ + name);
    EXPECT_THAT(all, Not(HasSubstr("PLAIN-PASSWORD-1")));
    EXPECT_THAT(all, Not(HasSubstr(base::to_base64(view("PLAIN-PASSWORD-1")))));
    EXPECT_THAT(all, Not(HasSubstr("OPENSSH PRIVATE KEY")));
    EXPECT_THAT(all, Not(HasSubstr(ca.substr(100, 60))));
    EXPECT_THAT(all, Not(HasSubstr(contents(key_path_).substr(0, 40))));
  }
}

TEST_F(VaultTest, WhatIsNoSecret) {
  open_started();
  for (const std::string& bad : {std::string(), std::string("\n"), std::string("two\nlines"), std::string("a\0b", 3),
                                 std::string(kMaxAccountPasswordBytes + 1, 'x')}) {
    EXPECT_EQ(vault_->set_account_secret("a", SecretType::password, view(bad)).error().code, Errc::invalid);
  }
  EXPECT_FALSE(vault_->set_account_secret("a", SecretType::private_key, view("-----BEGIN RUBBISH-----\n")));
  EXPECT_FALSE(vault_->account_password("a"));
}

TEST_F(VaultTest, ALostKeyIsFatalAndNotReplaced) {
  open_started();
  std::filesystem::remove(key_path_);
  open_store();
  const auto vault = try_open(file());
  ASSERT_FALSE(vault);
  EXPECT_EQ(vault.error().code, Errc::not_found);
  EXPECT_THAT(vault.message(), HasSubstr("vault.md"));
  EXPECT_FALSE(std::filesystem::exists(key_path_));
}

TEST_F(VaultTest, AnotherKeyIsRefusedAndChangesNothing) {
  open_started();
  const std::string host = vault_->host_key_ed25519().public_key().line();
  std::filesystem::rename(key_path_, key_path_ + ".away");
  ASSERT_TRUE(write_key_file(key_path_, random_.bytes(32)));
  open_store();
  const auto vault = try_open(file());
  ASSERT_FALSE(vault);
  EXPECT_EQ(vault.error().code, Errc::denied);
  EXPECT_THAT(vault.message(), HasSubstr("not the key"));
  std::filesystem::rename(key_path_ + ".away", key_path_);
  open(file());
  EXPECT_EQ(vault_->host_key_ed25519().public_key().line(), host);
}

TEST_F(VaultTest, AKeyPreparedBeforeTheFirstStartIsUsed) {
  const base::Bytes key = random_.bytes(32);
  ASSERT_TRUE(write_key_file(key_path_, key));
  open(file());
  EXPECT_EQ(base::to_bytes(read_key_file(key_path_)->view()), key);
  open(file());
}

TEST_F(VaultTest, APassphraseOpensWhatItSealed) {
  open(passphrase("correct horse battery staple"));
  ASSERT_TRUE(vault_->set_account_secret("deploy", SecretType::password, view("hunter2")));
  open(passphrase("correct horse battery staple"));
  EXPECT_EQ(base::to_text(vault_->account_password("deploy")->view()), "hunter2");
  open_store();
  EXPECT_EQ(try_open(passphrase("wrong")).error().code, Errc::denied);
  EXPECT_EQ(try_open(file()).error().code, Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(key_path_));
}

TEST_F(VaultTest, ASystemdCredentialOpensToo) {
  EXPECT_EQ(try_open(MasterKeySource::from_systemd("")).error().code, Errc::not_found);
  std::ofstream(dir_ + "/sallyport-master-key") << base::to_base64(random_.bytes(32)) << "\n";
  open(MasterKeySource::from_systemd(dir_));
  open(MasterKeySource::from_systemd(dir_));
  open_store();
  EXPECT_EQ(try_open(passphrase("words")).error().code, Errc::denied);
}

TEST_F(VaultTest, SecretsCannotBeSwappedOrRolledBackUnnoticed) {
  open_started();
  ASSERT_TRUE(vault_->set_account_secret("a", SecretType::password, view("secret of a")));
  ASSERT_TRUE(vault_->set_account_secret("b", SecretType::password, view("secret of b")));
  tamper(
      "UPDATE credentials SET value = (SELECT value FROM credentials WHERE owner_name = 'a')"
      " WHERE owner_name = 'b'");
  EXPECT_EQ(vault_->account_password("b").error().code, Errc::corrupt);
  tamper("UPDATE credentials SET version = version + 1 WHERE owner_name = 'a'");
  EXPECT_EQ(vault_->account_password("a").error().code, Errc::corrupt);
  tamper("DELETE FROM settings WHERE name = 'vault.key_check'");
  open_store();
  EXPECT_EQ(try_open(file()).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace sallyport::vault
