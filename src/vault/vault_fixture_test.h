// SPDX-License-Identifier: Apache-2.0
// What the vault tests share: a store and a place for key files, apart from each other.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "vault/key_file.h"
#include "vault/vault.h"

namespace sallyport::vault {

class VaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-vault-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    dir_ = path;
    key_path_ = dir_ + "/etc/master.key";
    std::filesystem::create_directory(dir_ + "/data");
    open_store();
  }
  void TearDown() override {
    vault_.reset();
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  void open_store() {
    vault_.reset();
    store_.reset();
    auto store = store::Store::open({"sqlite", dir_ + "/data"});
    ASSERT_TRUE(store) << store.message();
    store_ = std::move(*store);
  }
  base::Result<std::unique_ptr<Vault>> try_open(const MasterKeySource& source) {
    return Vault::open(*store_, source, clock_, random_);
  }
  void open(const MasterKeySource& source) {
    open_store();
    auto vault = try_open(source);
    ASSERT_TRUE(vault) << vault.message();
    vault_ = std::move(*vault);
  }
  /// A vault that has been started before. The first start, with its RSA key, is done once and copied.
  void open_started() {
    static const Started started;
    vault_.reset();
    store_.reset();
    std::filesystem::create_directory(dir_ + "/etc");
    std::filesystem::copy_file(started.dir + "/sallyport.db", dir_ + "/data/sallyport.db",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(started.dir + "/master.key", key_path_);
    open(file());
  }
  MasterKeySource file() const { return MasterKeySource::from_file(key_path_); }
  static MasterKeySource passphrase(const std::string& words) {
    MasterKeySource out = MasterKeySource::from_passphrase(base::SecretBytes(base::view(words)));
    out.passphrase_passes = 1;
    out.passphrase_memory_bytes = 8 << 20;
    return out;
  }
  std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), {});
  }
  void tamper(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((dir_ + "/data/sallyport.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  struct Started {
    Started() {
      std::string path = (std::filesystem::temp_directory_path() / "sallyport-vault-XXXXXX").string();
      if (mkdtemp(path.data()) == nullptr) std::abort();
      dir = path;
      base::SystemClock clock;
      base::SystemRandom random;
      const auto store = store::Store::open({"sqlite", dir});
      if (!store || !Vault::open(**store, MasterKeySource::from_file(dir + "/master.key"), clock, random)) std::abort();
    }
    ~Started() { std::filesystem::remove_all(dir); }
    std::string dir;
  };

  base::SystemClock clock_;
  base::SystemRandom random_;
  std::string dir_;
  std::string key_path_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Vault> vault_;
};

}  // namespace sallyport::vault
