// SPDX-License-Identifier: Apache-2.0
// Users' passwords over a real store.
#include "identity/user_credentials.h"

#include <gtest/gtest.h>

#include <filesystem>

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
  base::SystemRandom random_;
  std::string dir_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(UserCredentialsTest, SetCheckReplaceRemove) {
  const Passwords p = passwords(1);
  EXPECT_FALSE(*has_password(*store_, "alice"));
  ASSERT_TRUE(set_password(*store_, "alice", *p.hash(view("first password")), 1));
  EXPECT_TRUE(*has_password(*store_, "alice"));
  EXPECT_TRUE(check_password(*store_, p, "alice", UserState::enabled, view("first password"), 2));
  ASSERT_TRUE(set_password(*store_, "alice", *p.hash(view("second password")), 3));
  EXPECT_FALSE(check_password(*store_, p, "alice", UserState::enabled, view("first password"), 4));
  EXPECT_TRUE(check_password(*store_, p, "alice", UserState::enabled, view("second password"), 4));
  EXPECT_FALSE(p.hash(view("short")));
  ASSERT_TRUE(remove_password(*store_, "alice"));
  ASSERT_TRUE(remove_password(*store_, "alice"));
  EXPECT_FALSE(check_password(*store_, p, "alice", UserState::enabled, view("second password"), 6));
}

TEST_F(UserCredentialsTest, EveryWrongAnswerIsTheSame) {
  const Passwords p = passwords(1);
  ASSERT_TRUE(set_password(*store_, "alice", *p.hash(view("right password")), 1));
  const base::Status wrong = check_password(*store_, p, "alice", UserState::enabled, view("wrong"), 2);
  const base::Status unknown = check_password(*store_, p, "eve", UserState::refused, view("right password"), 2);
  const base::Status disabled = check_password(*store_, p, "alice", UserState::refused, view("right password"), 2);
  for (const base::Status& s : {wrong, unknown, disabled}) {
    ASSERT_FALSE(s);
    EXPECT_EQ(s.error().code, base::Errc::denied);
    EXPECT_EQ(s.message(), wrong.message());
  }
}

TEST_F(UserCredentialsTest, ALoginRenewsAnOldHash) {
  ASSERT_TRUE(set_password(*store_, "alice", *passwords(2).hash(view("right password")), 1));
  const std::string old = store_->get_credential({"user", "alice", "password-hash"})->value;
  const Passwords now = passwords(1);
  EXPECT_FALSE(check_password(*store_, now, "alice", UserState::enabled, view("wrong password"), 2));
  EXPECT_EQ(store_->get_credential({"user", "alice", "password-hash"})->value, old);
  ASSERT_TRUE(check_password(*store_, now, "alice", UserState::enabled, view("right password"), 3));
  const auto row = store_->get_credential({"user", "alice", "password-hash"});
  EXPECT_NE(row->value, old);
  EXPECT_EQ(row->updated_at_us, 3);
  EXPECT_EQ(now.verify(row->value, view("right password")), PasswordVerdict::match);
}

}  // namespace
}  // namespace sallyport::identity
