// SPDX-License-Identifier: Apache-2.0
// A vault with its keys, made once for all tests of a program: an RSA key takes its time.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "audit/audit_fixture_test.h"
#include "vault/vault.h"

namespace sallyport::broker {

class VaultForTests {
 public:
  static vault::Vault& get() {
    static VaultForTests one;
    return *one.vault_;
  }
  ~VaultForTests() {
    vault_.reset();
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  VaultForTests(const VaultForTests&) = delete;
  VaultForTests& operator=(const VaultForTests&) = delete;

 private:
  VaultForTests() {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-vault-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no directory for the vault");
    dir_ = path;
    store_ = std::move(store::Store::open({"sqlite", dir_}).value());
    vault_ = std::move(
        vault::Vault::open(*store_, vault::MasterKeySource::from_file(dir_ + "/master.key"), clock_, random_).value());
  }
  std::string dir_;
  audit::StillClock clock_;
  base::SystemRandom random_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<vault::Vault> vault_;
};

}  // namespace sallyport::broker
