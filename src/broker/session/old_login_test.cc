// SPDX-License-Identifier: Apache-2.0
// What an old login is still good for, over a real store and the policy that is loaded from it: random changes of users
// against an account of what each change takes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/random.h"
#include "broker/access/declared.h"
#include "broker/access/policy_state.h"
#include "identity/user_credentials.h"
#include "keys/private_key.h"

namespace sallyport::broker {
namespace {

const std::vector<std::string> kNames = {"alice", "bob"};

struct Login {
  std::string user;
  store::Incarnation incarnation;
  // By the model:
  bool counts = true;
  bool same = true;
};

class OldLogins : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "sallyport-logins-XXXXXX").string();
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    dir_ = path;
    store_ = std::move(store::Store::open({"sqlite", dir_}).value());
    for (auto& key : keys_)
      key = keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random_)->public_key().line("");
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  unsigned pick(unsigned below) { return static_cast<unsigned>(die_() % below); }
  std::string fresh() { return "text " + std::to_string(++texts_); }

  void take_back(const std::string& user, bool life_too) {
    for (Login& login : logins_) {
      if (login.user != user) continue;
      login.counts = false;
      login.same = login.same && !life_too;
    }
  }
  void put(const policy::User& user) { ASSERT_TRUE(put_declared(*store_, user, ++now_)); }

  void create(const std::string& name) {
    policy::User user;
    user.name = name;
    user.public_keys = {keys_[pick(keys_.size())]};
    user.disabled = pick(4) == 0;
    put(user);
    users_[name] = user;
    passwords_[name].reset();
  }
  void remove(const std::string& name) {
    ASSERT_TRUE(store_->delete_credentials_of("user", name));
    ASSERT_TRUE(store_->delete_resource("user", name, ++now_));
    users_.erase(name);
    take_back(name, true);
  }
  void change(policy::User& user) {
    switch (pick(6)) {
      case 0:
        user.disabled = !user.disabled;
        put(user);
        return take_back(user.name, true);
      case 1:  // an added key takes nothing back, and the same one again is no change
        for (const std::string& line : user.public_keys) {
          if (line == keys_[0]) return;
        }
        user.public_keys.insert(user.public_keys.begin(), keys_[0]);
        return put(user);
      case 2: {
        if (user.public_keys.empty()) return;
        user.public_keys.erase(user.public_keys.begin() + pick(user.public_keys.size()));
        put(user);
        return take_back(user.name, false);
      }
      case 3:
        user.description = fresh();
        return put(user);
      case 4:
        user.groups = {"g" + std::to_string(pick(9))};
        return put(user);
      default:
        return put(user);  // the same again
    }
  }
  void change_password(const std::string& name) {
    std::optional<std::string>& password = passwords_[name];
    const unsigned how = pick(3);
    if (how == 0) {
      const std::string hash = fresh();
      ASSERT_TRUE(identity::set_password(*store_, name, hash, ++now_));
      if (password) take_back(name, false);
      password = hash;
    } else if (how == 1 && password) {
      const std::string hash = fresh();
      ASSERT_TRUE(identity::renew_password(*store_, name, *password, hash, ++now_));
      password = hash;
    } else if (how == 2) {
      ASSERT_TRUE(identity::remove_password(*store_, name));
      if (password) take_back(name, false);
      password.reset();
    }
  }

  void change_something() {
    const std::string& name = kNames[pick(kNames.size())];
    const auto there = users_.find(name);
    if (there == users_.end()) return create(name);
    switch (pick(4)) {
      case 0:
        return remove(name);
      case 1:
        return change_password(name);
      default:
        return change(there->second);
    }
  }
  void log_in() {
    const std::string& name = kNames[pick(kNames.size())];
    const auto incarnation = policy_.current()->incarnation_of(name);
    const auto there = users_.find(name);
    ASSERT_EQ(incarnation.has_value(), there != users_.end() && !there->second.disabled);
    if (incarnation) logins_.push_back({name, *incarnation});
  }
  void use_all(unsigned step) {
    const auto state = policy_.current();
    for (const Login& login : logins_) {
      ASSERT_EQ(state->counts(login.user, login.incarnation), login.counts) << "step " << step;
      ASSERT_EQ(state->is_same(login.user, login.incarnation), login.same) << "step " << step;
    }
  }
  void play(unsigned seed) {
    die_.seed(seed);
    logins_.clear();
    for (unsigned step = 0; step < 60; ++step) {
      change_something();
      ASSERT_TRUE(policy_.reload(*store_));
      use_all(step);
      log_in();
      if (pick(8) == 0) reopen();
      use_all(step);
    }
  }
  // A start of the gateway ends every connection; the numbers must go on all the same.
  void reopen() {
    store_.reset();
    store_ = std::move(store::Store::open({"sqlite", dir_}).value());
    ASSERT_TRUE(policy_.reload(*store_));
  }

  base::SystemRandom random_;
  std::mt19937 die_;
  std::string dir_;
  std::unique_ptr<store::Store> store_;
  PolicyHolder policy_;
  std::array<std::string, 3> keys_;
  std::map<std::string, policy::User> users_;
  std::map<std::string, std::optional<std::string>> passwords_;
  std::vector<Login> logins_;
  base::Micros now_ = 0;
  unsigned texts_ = 0;
};

TEST_F(OldLogins, CountForWhatTheModelSays) {
  for (unsigned seed = 1; seed <= 20 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    play(seed);
  }
  EXPECT_TRUE(std::any_of(logins_.begin(), logins_.end(), [](const Login& login) { return !login.same; }));
}

TEST_F(OldLogins, OfADeletedUserAreNotTheNextOnesOfThatName) {
  policy::User user;
  user.name = "alice";
  user.public_keys = {keys_[0]};
  put(user);
  ASSERT_TRUE(policy_.reload(*store_));
  const auto old = *policy_.current()->incarnation_of("alice");
  ASSERT_TRUE(store_->delete_resource("user", "alice", ++now_));
  put(user);
  ASSERT_TRUE(policy_.reload(*store_));
  EXPECT_TRUE(policy_.current()->may_log_in("alice"));
  EXPECT_FALSE(policy_.current()->is_same("alice", old));
  EXPECT_FALSE(policy_.current()->counts("alice", old));
}

}  // namespace
}  // namespace sallyport::broker
