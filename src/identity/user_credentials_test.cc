// SPDX-License-Identifier: Apache-2.0
// Users' passwords over a real store.
#include "identity/user_credentials.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "store/databases_fixture_test.h"

namespace sallyport::identity {
namespace {

using base::view;

class UserCredentialsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-identity-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    dir_ = path;
    store_ = std::move(store::Store::open({"sqlite", dir_}).value());
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  Passwords passwords(unsigned long long passes) {
    return std::move(Passwords::create({passes, 8 * 1024 * 1024}, random_).value());
  }
  bool has_password(std::string_view user) { return password_hash(*store_, user)->has_value(); }
  bool is_right(const Passwords& p, std::string_view user, std::string_view password,
                UserState state = UserState::enabled) {
    return check_password(p, *password_hash(*store_, user), state, view(password)).right;
  }
  base::SystemRandom random_;
  std::string dir_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(UserCredentialsTest, APasswordThatIsTakenAwayProvesNothingAnyMore) {
  ASSERT_TRUE(store_->put_resource("user", "alice", "{}", 1));
  const auto now = [&] { return store_->get_resource("user", "alice")->incarnation; };
  const auto before = now();
  ASSERT_TRUE(set_password(*store_, "alice", "first", 2));
  EXPECT_EQ(now(), before) << "nothing was proved by it yet";
  ASSERT_TRUE(renew_password(*store_, "alice", "first", "first, hashed anew", 3));
  EXPECT_EQ(now(), before) << "it is the same password";
  ASSERT_TRUE(set_password(*store_, "alice", "second", 4));
  const auto replaced = now();
  EXPECT_NE(replaced.proofs, before.proofs);
  EXPECT_EQ(replaced.life, before.life);
  ASSERT_TRUE(remove_password(*store_, "alice"));
  EXPECT_NE(now().proofs, replaced.proofs);
  const auto removed = now();
  ASSERT_TRUE(remove_password(*store_, "alice"));
  EXPECT_EQ(now(), removed);
}

TEST_F(UserCredentialsTest, SetCheckReplaceRemove) {
  const Passwords p = passwords(1);
  EXPECT_FALSE(has_password("alice"));
  ASSERT_TRUE(set_password(*store_, "alice", *p.hash(view("first password")), 1));
  EXPECT_TRUE(has_password("alice"));
  EXPECT_TRUE(is_right(p, "alice", "first password"));
  ASSERT_TRUE(set_password(*store_, "alice", *p.hash(view("second password")), 3));
  EXPECT_FALSE(is_right(p, "alice", "first password"));
  EXPECT_TRUE(is_right(p, "alice", "second password"));
  EXPECT_FALSE(p.hash(view("short")));
  ASSERT_TRUE(remove_password(*store_, "alice"));
  ASSERT_TRUE(remove_password(*store_, "alice"));
  EXPECT_FALSE(is_right(p, "alice", "second password"));
}

TEST_F(UserCredentialsTest, WhoIsRefusedIsNeverRight) {
  const Passwords p = passwords(1);
  ASSERT_TRUE(set_password(*store_, "alice", *p.hash(view("right password")), 1));
  EXPECT_FALSE(is_right(p, "alice", "wrong"));
  EXPECT_FALSE(is_right(p, "eve", "right password", UserState::refused));
  EXPECT_FALSE(is_right(p, "alice", "right password", UserState::refused));
  EXPECT_TRUE(is_right(p, "alice", "right password"));
}

TEST_F(UserCredentialsTest, ALoginRenewsAnOldHash) {
  ASSERT_TRUE(set_password(*store_, "alice", *passwords(2).hash(view("right password")), 1));
  const std::string old = **password_hash(*store_, "alice");
  const Passwords now = passwords(1);
  EXPECT_TRUE(check_password(now, old, UserState::enabled, view("wrong password")).renewed.empty());
  const PasswordCheck right = check_password(now, old, UserState::enabled, view("right password"));
  ASSERT_TRUE(right.right);
  ASSERT_FALSE(right.renewed.empty());
  ASSERT_TRUE(renew_password(*store_, "alice", old, right.renewed, 3));
  const auto row = store_->get_credential({"user", "alice", "password-hash"});
  EXPECT_EQ(row->value, right.renewed);
  EXPECT_EQ(row->updated_at_us, 3);
  const PasswordCheck again = check_password(now, row->value, UserState::enabled, view("right password"));
  EXPECT_TRUE(again.right && again.renewed.empty());
}

TEST_F(UserCredentialsTest, ARenewalTakesNothingBack) {
  ASSERT_TRUE(set_password(*store_, "alice", "of today", 1));
  ASSERT_TRUE(renew_password(*store_, "alice", "of yesterday", "renewed", 2));
  EXPECT_EQ(**password_hash(*store_, "alice"), "of today");
  ASSERT_TRUE(remove_password(*store_, "alice"));
  ASSERT_TRUE(renew_password(*store_, "alice", "of today", "renewed", 3));
  EXPECT_FALSE(has_password("alice"));
}

// On a database that other nodes write to, a transaction may have to run again.
TEST_F(UserCredentialsTest, WhatIsSetInASecondTryIsTheSame) {
  const store::TestDatabase database(store::Kind::postgresql);
  const auto store = std::move(store::Store::open(database.options()).value());
  database.contend("credentials");
  ASSERT_TRUE(set_password(*store, "alice", "first", 1));
  EXPECT_EQ(*password_hash(*store, "alice"), "first");
  ASSERT_TRUE(renew_password(*store, "alice", "first", "first, hashed anew", 2));
  EXPECT_EQ(*password_hash(*store, "alice"), "first, hashed anew");
  ASSERT_TRUE(remove_password(*store, "alice"));
  EXPECT_FALSE(password_hash(*store, "alice")->has_value());
}

}  // namespace
}  // namespace sallyport::identity
