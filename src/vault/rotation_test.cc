// SPDX-License-Identifier: Apache-2.0
// Rotation of the master key, finished and interrupted.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include "vault/vault_fixture_test.h"

namespace {
std::string failing_while;  // nothing can be synced while this file exists
}

// SQLite's call: the executable's definition comes before the C library's.
extern "C" int fdatasync(int fd) {
  if (failing_while.empty() || access(failing_while.c_str(), F_OK) != 0) return fsync(fd);
  errno = EIO;
  return -1;
}

namespace sallyport::vault {
namespace {

using base::Errc;
using base::view;

class RotationTest : public VaultTest {
 protected:
  void SetUp() override {
    VaultTest::SetUp();
    open_started();
    ASSERT_TRUE(vault_->set_account_secret("deploy", SecretType::password, view("hunter2")));
    ASSERT_TRUE(vault_->set_factor_secret("alice", "totp", view("of an app")));
    host_ = vault_->host_key_ed25519().public_key().line();
  }
  void expect_intact() {
    EXPECT_EQ(base::to_text(vault_->account_password("deploy")->view()), "hunter2");
    EXPECT_EQ(base::to_text(vault_->factor_secret("alice", "totp")->view()), "of an app");
    EXPECT_EQ(vault_->host_key_ed25519().public_key().line(), host_);
  }
  /// A rotation whose commit cannot be synced: whether it happened is unknown until the next start.
  void rotate_without_sync() {
    failing_while = waiting_path(key_path_);
    EXPECT_EQ(vault_->rotate(file()).error().code, Errc::io);
    failing_while.clear();
  }
  /// The files as a crash would leave them at this moment, opened again.
  void crash() {
    const std::string kept = dir_ + "/kept";
    std::filesystem::create_directory(kept);
    for (const char* name : {"/sallyport.db", "/sallyport.db-wal"}) {
      std::filesystem::copy_file(dir_ + "/data" + name, kept + name);
    }
    vault_.reset();
    store_.reset();
    std::filesystem::remove_all(dir_ + "/data");
    std::filesystem::rename(kept, dir_ + "/data");
    open(file());
  }
  std::string host_;
};

TEST_F(RotationTest, ANewKeyInTheSameFile) {
  const std::string old_key = contents(key_path_);
  const std::string old_sealed = store_->get_credential({"account", "deploy", "password"})->value;
  ASSERT_TRUE(vault_->rotate(file()));
  EXPECT_NE(contents(key_path_), old_key);
  EXPECT_NE(store_->get_credential({"account", "deploy", "password"})->value, old_sealed);
  EXPECT_FALSE(std::filesystem::exists(waiting_path(key_path_)));
  expect_intact();
  ASSERT_TRUE(vault_->set_account_secret("later", SecretType::password, view("x")));
  open(file());
  expect_intact();
  EXPECT_EQ(base::to_text(vault_->account_password("later")->view()), "x");
  // The old key opens nothing any more.
  std::ofstream(key_path_, std::ios::trunc) << old_key;
  open_store();
  EXPECT_EQ(try_open(file()).error().code, Errc::denied);
}

TEST_F(RotationTest, FromAFileToAPassphraseAndBack) {
  ASSERT_TRUE(vault_->rotate(passphrase("some more words")));
  open(passphrase("some more words"));
  expect_intact();
  open_store();
  EXPECT_EQ(try_open(file()).error().code, Errc::denied);
  open(passphrase("some more words"));
  // The file still holds the key of before: it is not overwritten by mistake.
  EXPECT_EQ(vault_->rotate(file()).error().code, Errc::exists);
  ASSERT_TRUE(vault_->rotate(MasterKeySource::from_file(dir_ + "/other.key")));
  open(MasterKeySource::from_file(dir_ + "/other.key"));
  expect_intact();
  open_store();
  EXPECT_EQ(try_open(passphrase("some more words")).error().code, Errc::denied);
}

TEST_F(RotationTest, AShortPassphraseChangesNothing) {
  EXPECT_EQ(vault_->rotate(passphrase("eleven char")).error().code, Errc::invalid);
  open(file());
  expect_intact();
}

TEST_F(RotationTest, ACrashAfterTheStoreChangedOverIsFinished) {
  const std::string old_key = contents(key_path_);
  ASSERT_TRUE(vault_->rotate(file()));
  // As if the rename had not happened.
  std::filesystem::rename(key_path_, waiting_path(key_path_));
  std::ofstream(key_path_) << old_key;
  std::filesystem::permissions(key_path_, std::filesystem::perms(0600));
  open(file());
  expect_intact();
  EXPECT_NE(contents(key_path_), old_key);
  EXPECT_FALSE(std::filesystem::exists(waiting_path(key_path_)));
}

// A rename that fails after the commit (the file is a mount, say) leaves the key in force beside its place.
TEST_F(RotationTest, TheKeyInForceIsNeverTakenAwayWhereverItLies) {
  const std::string old_key = contents(key_path_);
  ASSERT_TRUE(vault_->rotate(file()));
  const std::string in_force = contents(key_path_);
  std::filesystem::rename(key_path_, waiting_path(key_path_));
  std::filesystem::create_directories(key_path_ + "/in the way");
  EXPECT_FALSE(vault_->rotate(file()));
  EXPECT_EQ(contents(waiting_path(key_path_)), in_force);
  open(file());
  expect_intact();
  EXPECT_EQ(contents(waiting_path(key_path_)), in_force);
  // Once it can be put in its place, it is, and the rotation goes on from there.
  std::filesystem::remove_all(key_path_);
  std::ofstream(key_path_) << old_key;
  std::filesystem::permissions(key_path_, std::filesystem::perms(0600));
  ASSERT_TRUE(vault_->rotate(file()));
  EXPECT_NE(contents(key_path_), in_force);
  open(file());
  expect_intact();
}

TEST_F(RotationTest, AHalfWrittenWaitingKeyIsInNobodysWay) {
  std::ofstream(waiting_path(key_path_)) << "AAAA";
  std::filesystem::permissions(waiting_path(key_path_), std::filesystem::perms(0600));
  ASSERT_TRUE(vault_->rotate(file()));
  open(file());
  expect_intact();
}

TEST_F(RotationTest, AFileThatIsAMountCannotBeReplaced) {
  EXPECT_TRUE(check_replaceable(key_path_));
  EXPECT_TRUE(check_replaceable(key_path_ + ".not-there"));
  EXPECT_EQ(check_replaceable("/proc").error().code, Errc::unsupported);
}

TEST_F(RotationTest, ACrashBeforeTheStoreChangedOverLeavesTheOldKey) {
  ASSERT_TRUE(write_key_file(waiting_path(key_path_), random_.bytes(32)));
  open(file());
  expect_intact();
  EXPECT_FALSE(std::filesystem::exists(waiting_path(key_path_)));
}

TEST_F(RotationTest, ADamagedSecretStopsTheRotation) {
  const std::string old_key = contents(key_path_);
  tamper("UPDATE credentials SET value = 'AAAA' WHERE owner_name = 'deploy'");
  EXPECT_EQ(vault_->rotate(file()).error().code, Errc::corrupt);
  EXPECT_EQ(contents(key_path_), old_key);
  EXPECT_TRUE(vault_->jump_host_key("web1"));
  open(file());
  EXPECT_EQ(contents(key_path_), old_key);
  EXPECT_FALSE(std::filesystem::exists(waiting_path(key_path_)));
}

TEST_F(RotationTest, ACommitThatWasNotSyncedButComesBackFindsItsKey) {
  const std::string old_key = contents(key_path_);
  rotate_without_sync();
  expect_intact();
  EXPECT_EQ(contents(key_path_), old_key);
  crash();
  expect_intact();
  EXPECT_NE(contents(key_path_), old_key) << "the commit did not come back: this test shows nothing";
}

TEST_F(RotationTest, ACommitThatWasNotSyncedCannotComeBackOnceItsKeyIsGone) {
  const std::string old_key = contents(key_path_);
  rotate_without_sync();
  // The next rotation drops the waiting key, and gets no further.
  std::filesystem::create_directories(waiting_path(key_path_) + ".draft/x");
  EXPECT_FALSE(vault_->rotate(file()));
  ASSERT_FALSE(std::filesystem::exists(waiting_path(key_path_)));
  crash();
  expect_intact();
  EXPECT_EQ(contents(key_path_), old_key);
}

TEST_F(RotationTest, ReadersNeverSeeAHalfRotatedVault) {
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::thread reader([&] {
    while (!stop) {
      EXPECT_TRUE(vault_->account_password("deploy"));
      ++reads;
    }
  });
  while (reads == 0) std::this_thread::yield();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(vault_->rotate(file()));
  stop = true;
  reader.join();
}

TEST_F(RotationTest, Kill9AtAnyMomentLeavesOneKeyThatOpens) {
  for (int round = 0; round < 12; ++round) {
    vault_.reset();
    store_.reset();
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = store::Store::open({"sqlite", dir_ + "/data"});
      auto vault = store ? Vault::open(**store, file(), clock_, random_) : base::fail(Errc::io, "");
      if (!vault || write(ends[1], "r", 1) != 1) _exit(1);
      while ((*vault)->rotate(file())) {
      }
      _exit(1);
    }
    char ready = 0;
    ASSERT_EQ(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    close(ends[1]);
    usleep(static_cast<useconds_t>(300 + round * 731));  // somewhere inside some rotation
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    open(file());
    expect_intact();
  }
}

}  // namespace
}  // namespace sallyport::vault
