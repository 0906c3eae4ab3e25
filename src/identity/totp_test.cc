// SPDX-License-Identifier: Apache-2.0
// One-time codes over a real store and a real vault, on both databases.
#include "identity/totp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "identity/hotp.h"
#include "identity/recovery_code.h"
#include "store/databases_fixture_test.h"

namespace sallyport::identity {
namespace {

using base::Errc;
using store::Kind;
using Verdict = FactorAnswer::Verdict;

constexpr base::Micros kStepUs = 30'000'000;

class FakeClock final : public base::Clock {
 public:
  base::Micros now_us() const override { return now; }
  base::Micros monotonic_us() const override { return now; }
  base::Micros now = 1'700'000'000'000'000 / kStepUs * kStepUs;
};

/// A node's store and vault. The vault makes its keys once: tests of a database share it, and have users of their own.
struct Node {
  Node(const store::TestDatabase& database, const std::string& name, const base::Clock& clock)
      : store(std::move(*store::Store::open(database.options(name)))), vault(open_vault(database, clock)) {}
  std::unique_ptr<vault::Vault> open_vault(const store::TestDatabase& database, const base::Clock& clock) {
    auto opened = vault::Vault::open(*store, vault::MasterKeySource::from_file(database.dir() + "/key/master.key"),
                                     clock, random);
    if (!opened) throw std::runtime_error(opened.message());
    return std::move(*opened);
  }
  base::SystemRandom random;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<vault::Vault> vault;
};

struct World {
  explicit World(Kind kind) : database(kind), node(database, "node", clock) {}
  FakeClock clock;
  store::TestDatabase database;
  Node node;
  static World& of(Kind kind) {
    static std::map<Kind, std::unique_ptr<World>> all;
    auto& world = all[kind];
    if (!world) world = std::make_unique<World>(kind);
    return *world;
  }
};

class TotpTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    user_ = "u" + std::to_string(++users_);
    ASSERT_TRUE(store().put_resource("user", user_, "{}", 1));
  }
  store::Store& store() { return *world_.node.store; }
  std::string code_at(std::int64_t steps_from_now) {
    const auto step = static_cast<std::uint64_t>(clock_.now / kStepUs + steps_from_now);
    return base::to_text(hotp(secret_.view(), step, 6)->view());
  }
  void enrol() {
    auto begun = totp_.begin(user_);
    ASSERT_TRUE(begun) << begun.message();
    secret_ = std::move(*begun);
    ASSERT_TRUE(totp_.confirm(user_, base::view(code_at(0))));
    clock_.now += 10 * kStepUs;
  }
  FactorAnswer answer(const std::string& text) {
    auto out = totp_.judge(user_, base::view(text));
    EXPECT_TRUE(out) << out.message();
    return out.value_or(FactorAnswer{});
  }
  Verdict verdict(const std::string& text) { return answer(text).verdict; }
  /// One that is right at no step near.
  std::string wrong() {
    for (int i = 0;; ++i) {
      std::string text = std::to_string(100000 + i);
      bool right = false;
      for (int step = -2; step <= 2; ++step) right = right || code_at(step) == text;
      if (!right) return text;
    }
  }

  static inline int users_ = 0;
  World& world_ = World::of(GetParam());
  base::SystemRandom random_;
  FakeClock& clock_ = world_.clock;
  Totp totp_{store(), *world_.node.vault, clock_, random_};
  std::string user_;
  base::SecretBytes secret_;
};

INSTANTIATE_TEST_SUITE_P(Databases, TotpTest, ::testing::Values(Kind::sqlite, Kind::postgresql), store::name_of);

TEST_P(TotpTest, ACodeIsGoodOnceAndSoIsNoneBeforeIt) {
  EXPECT_EQ(verdict("123456"), Verdict::not_enrolled);
  enrol();
  const std::string now = code_at(0);
  const std::string before = code_at(-1);
  const FactorAnswer first = answer(now);
  EXPECT_EQ(first.verdict, Verdict::right);
  EXPECT_EQ(first.by, "totp");
  EXPECT_EQ(verdict(now), Verdict::used);
  EXPECT_EQ(verdict(before), Verdict::used);
  EXPECT_EQ(verdict(code_at(1)), Verdict::right) << "a device whose clock is fast";
  EXPECT_EQ(verdict(now), Verdict::used);
  // A gateway that was started anew knows it, too.
  Totp again(store(), *world_.node.vault, clock_, random_);
  EXPECT_EQ(again.judge(user_, base::view(now))->verdict, Verdict::used);
}

TEST_P(TotpTest, TheCodeThatConfirmsTheEnrolmentIsUsed) {
  secret_ = std::move(totp_.begin(user_).value());
  const std::string code = code_at(0);
  ASSERT_TRUE(totp_.confirm(user_, base::view(code)));
  EXPECT_EQ(verdict(code), Verdict::used);
}

TEST_P(TotpTest, ClocksMayDifferByOneStep) {
  for (const std::int64_t steps : {-1, 0, 1}) {
    SetUp();
    enrol();
    EXPECT_EQ(verdict(code_at(steps)), Verdict::right) << steps;
  }
  for (const std::int64_t steps : {-2, 2}) {
    SetUp();
    enrol();
    EXPECT_EQ(verdict(code_at(steps)), Verdict::wrong) << steps;
  }
}

TEST_P(TotpTest, GuessingIsSlowedDownMoreAndMore) {
  enrol();
  for (std::int64_t i = 1; i < kFreeFailures; ++i) EXPECT_EQ(answer(wrong()).wait_us, 0);
  base::Micros expected = kFirstWaitUs;
  for (int more = 0; more < 10; ++more, expected = std::min(expected * 2, kLongestWaitUs)) {
    EXPECT_EQ(answer(wrong()).wait_us, expected) << more;
    clock_.now += expected - 1;
    // Of another object, as after a restart: not looked at, and not counted, right or wrong.
    Totp again(store(), *world_.node.vault, clock_, random_);
    const auto early = again.judge(user_, base::view(code_at(0)));
    EXPECT_EQ(early->verdict, Verdict::too_soon);
    EXPECT_EQ(early->wait_us, 1);
    clock_.now += 1;
  }
  EXPECT_EQ(verdict(code_at(0)), Verdict::right);
  EXPECT_EQ(answer(wrong()).wait_us, 0) << "a right code ends the count";
}

TEST_P(TotpTest, AClockThatIsSetBackLocksNobodyOutForLonger) {
  enrol();
  for (std::int64_t i = 0; i < kFreeFailures; ++i) (void)answer(wrong());
  clock_.now -= 365LL * 86'400'000'000;
  const FactorAnswer early = answer(wrong());
  EXPECT_EQ(early.verdict, Verdict::too_soon);
  EXPECT_EQ(early.wait_us, kFirstWaitUs);
}

TEST_P(TotpTest, AUsedCodeIsNoGuess) {
  enrol();
  const std::string code = code_at(0);
  EXPECT_EQ(verdict(code), Verdict::right);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(verdict(code), Verdict::used);
  clock_.now += kStepUs;
  EXPECT_EQ(verdict(code_at(0)), Verdict::right);
}

TEST_P(TotpTest, WhatIsNoCodeIsWrong) {
  enrol();
  for (const char* text : {"", "abc", "12345", "abcdefgh2345mnop"}) EXPECT_EQ(verdict(text), Verdict::wrong) << text;
  EXPECT_EQ(store().get_factor(user_, "totp")->failures, 4);
}

TEST_P(TotpTest, RecoveryCodesAreGoodOnceEach) {
  EXPECT_EQ(totp_.make_recovery_codes(user_).error().code, Errc::not_found);
  enrol();
  auto codes = totp_.make_recovery_codes(user_);
  ASSERT_TRUE(codes) << codes.message();
  ASSERT_EQ(codes->size(), 10U);
  EXPECT_EQ(totp_.enrolment(user_).value()->recovery_codes, 10U);
  const std::string third = base::to_text(grouped((*codes)[2].view()).view());
  const FactorAnswer first = answer(third);
  EXPECT_EQ(first.verdict, Verdict::right);
  EXPECT_EQ(first.by, "recovery-code");
  EXPECT_EQ(verdict(third), Verdict::wrong);
  EXPECT_EQ(totp_.enrolment(user_).value()->recovery_codes, 9U);
  EXPECT_EQ(verdict(base::to_text((*codes)[9].view())), Verdict::right);
  EXPECT_EQ(verdict(code_at(0)), Verdict::right) << "the app's codes go on";

  const auto others = totp_.make_recovery_codes(user_);
  EXPECT_EQ(others->size(), 10U);
  EXPECT_EQ(verdict(base::to_text((*codes)[0].view())), Verdict::wrong) << "new ones replace the old ones";
}

TEST_P(TotpTest, AnEnrolmentCountsOnceACodeWasSeen) {
  secret_ = std::move(totp_.begin(user_).value());
  EXPECT_EQ(verdict(code_at(0)), Verdict::not_enrolled);
  EXPECT_FALSE(totp_.enrolment(user_)->has_value());
  EXPECT_EQ(totp_.confirm(user_, base::view(wrong())).error().code, Errc::denied);
  EXPECT_EQ(totp_.confirm(user_, base::view(std::string_view("no code"))).error().code, Errc::denied);
  const base::SecretBytes first = std::move(secret_);
  secret_ = std::move(totp_.begin(user_).value());
  EXPECT_FALSE(base::equal_constant_time(first.view(), secret_.view()));
  const auto revision = *store().resources_revision();
  ASSERT_TRUE(totp_.confirm(user_, base::view(code_at(1))));
  EXPECT_GT(*store().resources_revision(), revision) << "other nodes hear of it";
  EXPECT_TRUE(totp_.enrolment(user_)->has_value());
  EXPECT_EQ(totp_.begin(user_).error().code, Errc::exists);
  EXPECT_EQ(totp_.confirm(user_, base::view(code_at(1))).error().code, Errc::exists);
}

TEST_P(TotpTest, AnEnrolmentDoesNotWaitForEver) {
  EXPECT_EQ(totp_.confirm(user_, base::view(std::string_view("123456"))).error().code, Errc::not_found);
  secret_ = std::move(totp_.begin(user_).value());
  clock_.now += kEnrolmentUs + 1;
  EXPECT_EQ(totp_.confirm(user_, base::view(code_at(0))).error().code, Errc::timeout);
}

TEST_P(TotpTest, RemovalTakesBackWhatWasProved) {
  EXPECT_EQ(totp_.remove(user_).error().code, Errc::not_found);
  enrol();
  ASSERT_TRUE(totp_.make_recovery_codes(user_));
  const auto before = store().get_resource("user", user_)->incarnation;
  ASSERT_TRUE(totp_.remove(user_));
  const auto after = store().get_resource("user", user_)->incarnation;
  EXPECT_EQ(after.life, before.life);
  EXPECT_NE(after.proofs, before.proofs);
  EXPECT_EQ(verdict(code_at(0)), Verdict::not_enrolled);
  EXPECT_EQ(world_.database.raw("SELECT owner_name FROM credentials WHERE owner_name = '" + user_ + "'"), "");
  enrol();
  EXPECT_EQ(verdict(code_at(0)), Verdict::right);
  EXPECT_EQ(totp_.enrolment(user_).value()->recovery_codes, 0U);
  ASSERT_TRUE(totp_.forget(user_));
  EXPECT_EQ(verdict(code_at(1)), Verdict::not_enrolled);
}

TEST_P(TotpTest, AnEnrolmentIsReplacedOnceTheNewOneIsConfirmed) {
  enrol();
  const auto codes = totp_.make_recovery_codes(user_);
  ASSERT_TRUE(codes);
  base::SecretBytes old = std::move(secret_);
  secret_ = std::move(totp_.begin(user_, Present::is_replaced).value());
  const std::string new_code = code_at(0);
  std::swap(old, secret_);
  EXPECT_EQ(verdict(code_at(0)), Verdict::right) << "the old one, until then";
  EXPECT_EQ(totp_.confirm(user_, base::view(new_code)).error().code, Errc::exists) << "it was to stay";
  const auto before = store().get_resource("user", user_)->incarnation;
  ASSERT_TRUE(totp_.confirm(user_, base::view(new_code), Present::is_replaced));
  const auto after = store().get_resource("user", user_)->incarnation;
  EXPECT_EQ(after.life, before.life);
  EXPECT_NE(after.proofs, before.proofs) << "what the old one proved counts no more";
  EXPECT_EQ(verdict(new_code), Verdict::used);
  clock_.now += 10 * kStepUs;
  EXPECT_EQ(verdict(code_at(0)), Verdict::wrong) << "of the old secret";
  EXPECT_EQ(verdict(base::to_text(codes->front().view())), Verdict::wrong) << "of the old enrolment";
  std::swap(old, secret_);
  EXPECT_EQ(verdict(code_at(0)), Verdict::right);
}

TEST_P(TotpTest, TheStoreHoldsNoSecretInTheClear) {
  enrol();
  const auto codes = totp_.make_recovery_codes(user_);
  const std::string all = world_.database.raw("SELECT value FROM credentials");
  for (const std::string& text :
       {base::to_hex(secret_.view()), base::to_base64(secret_.view()), base::to_text(to_base32(secret_.view()).view()),
        base::to_text(secret_.view()), base::to_text((*codes)[0].view())}) {
    EXPECT_EQ(all.find(text), std::string::npos);
  }
}

TEST(TotpNodes, OfTwoGatewaysThatSeeACodeAtOnceOneTakesIt) {
  World& world = World::of(Kind::postgresql);
  FakeClock& clock = world.clock;
  Node other(world.database, "other", clock);
  base::SystemRandom random;
  Totp here(*world.node.store, *world.node.vault, clock, random);
  Totp there(*other.store, *other.vault, clock, random);
  ASSERT_TRUE(world.node.store->put_resource("user", "both", "{}", 1));
  const base::SecretBytes secret = std::move(here.begin("both").value());
  const auto code = [&] {
    return base::to_text(hotp(secret.view(), static_cast<std::uint64_t>(clock.now / kStepUs), 6)->view());
  };
  ASSERT_TRUE(there.confirm("both", base::view(code())));
  for (int round = 0; round < 20; ++round) {
    clock.now += kStepUs;
    Verdict one = Verdict::wrong;
    std::thread beside([&] { one = there.judge("both", base::view(code()))->verdict; });
    const Verdict two = here.judge("both", base::view(code()))->verdict;
    beside.join();
    EXPECT_THAT((std::vector{one, two}), ::testing::UnorderedElementsAre(Verdict::right, Verdict::used)) << round;
  }
}

TEST(TotpUri, IsWhatAppsRead) {
  const auto uri = totp_uri("Ops & Co", "alice", base::view(std::string_view("foobar")));
  EXPECT_EQ(
      base::text(uri.view()),
      "otpauth://totp/Ops%20%26%20Co:alice?secret=MZXW6YTBOI&issuer=Ops%20%26%20Co&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace sallyport::identity
