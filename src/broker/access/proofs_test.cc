// SPDX-License-Identifier: Apache-2.0
// What is missing, and what the user reads of it.
#include "broker/access/proofs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Kind = policy::FactorProof::Kind;

constexpr base::Micros kNow = 1'000'000'000;

TEST(MissingProofs, AFactorCountsByItsAge) {
  policy::Requirements requirements;
  requirements.factors = {policy::Factor::totp};
  requirements.remember_seconds = 60;
  Identity identity{"alice", "password", {}, kNow};
  const auto missing = [&] { return missing_proofs(requirements, {}, proofs_of(identity, kNow)); };
  EXPECT_THAT(missing(), SizeIs(1));
  identity.factors = {{policy::Factor::totp, Kind::by_this_login, kNow - 3'600'000'000}};
  EXPECT_THAT(missing(), IsEmpty());
  identity.factors = {{policy::Factor::totp, Kind::remembered, kNow - 59'000'000}};
  EXPECT_THAT(missing(), IsEmpty());
  identity.factors = {{policy::Factor::totp, Kind::remembered, kNow - 60'000'000}};
  EXPECT_THAT(missing(), SizeIs(1));
}

TEST(MissingProofs, TheNodeDemandsItsOwn) {
  config::Auth auth;
  auth.require_factors = {"totp"};
  Identity identity{"alice", "password", {}, kNow};
  EXPECT_THAT(missing_proofs({}, auth, proofs_of(identity, kNow)), SizeIs(1));
  policy::Requirements requirements;
  requirements.factors = {policy::Factor::totp};
  EXPECT_THAT(missing_proofs(requirements, auth, proofs_of(identity, kNow)), SizeIs(1)) << "named once";
  identity.factors = {{policy::Factor::totp, Kind::by_this_login, kNow}};
  EXPECT_THAT(missing_proofs({}, auth, proofs_of(identity, kNow)), IsEmpty());
}

TEST(RefusalText, SaysWhatToDo) {
  const std::vector<policy::Unmet> factor{
      {policy::Unmet::What::factor, policy::Factor::totp, "a second factor (totp)"}};
  EXPECT_THAT(refusal_text(factor, Enrolled::no, OwnEnrolment::no, "alice"),
              HasSubstr("sallyport user enroll-totp alice"));
  EXPECT_THAT(refusal_text(factor, Enrolled::no, OwnEnrolment::yes, "alice"),
              HasSubstr("ssh alice@GATEWAY enroll-totp"));
  EXPECT_THAT(refusal_text(factor, Enrolled::yes, OwnEnrolment::yes, "alice"), HasSubstr("Log in anew"));
  const std::vector<policy::Unmet> reason{{policy::Unmet::What::reason, {}, "a reason"}};
  EXPECT_EQ(refusal_text(reason, Enrolled::no, OwnEnrolment::yes, "alice"), "This access needs a reason.");
}

}  // namespace
}  // namespace sallyport::broker
