// SPDX-License-Identifier: Apache-2.0
// Which logins are good enough to enrol by.
#include "broker/access/own_enrolment.h"

#include <gtest/gtest.h>

namespace sallyport::broker {
namespace {

using config::SelfEnrolment;
using identity::Present;
using Kind = policy::FactorProof::Kind;

constexpr base::Micros kNow = 10'000'000'000;

Identity login(base::Micros age_us, std::optional<Kind> factor = std::nullopt, base::Micros factor_age_us = 0) {
  Identity out;
  out.user = "alice";
  out.proved_us = kNow - age_us;
  if (factor) out.factors.push_back({policy::Factor::totp, *factor, kNow - factor_age_us});
  return out;
}

bool may(SelfEnrolment setting, bool enrolled, const Identity& identity) {
  return check_own_enrolment(setting, enrolled, identity, kNow).refusal.empty();
}

TEST(OwnEnrolment, AKeyAloneEnrolsOnlyWhereTheNodeSaysSo) {
  EXPECT_TRUE(may(SelfEnrolment::yes, false, login(0)));
  EXPECT_FALSE(may(SelfEnrolment::replace, false, login(0)));
  EXPECT_FALSE(may(SelfEnrolment::no, false, login(0)));
  EXPECT_EQ(check_own_enrolment(SelfEnrolment::yes, false, login(0), kNow).present, Present::stays);
}

TEST(OwnEnrolment, AnEnrolledUserProvesTheCodeThatIsReplaced) {
  for (const SelfEnrolment setting : {SelfEnrolment::replace, SelfEnrolment::yes}) {
    EXPECT_TRUE(may(setting, true, login(0, Kind::by_this_login)));
    EXPECT_FALSE(may(setting, true, login(0))) << "a key alone";
    EXPECT_FALSE(may(setting, true, login(0, Kind::remembered))) << "another login's code";
    EXPECT_FALSE(may(setting, true, login(0, Kind::by_this_login, kEnrolmentProofUs + 1)));
  }
  EXPECT_FALSE(may(SelfEnrolment::no, true, login(0, Kind::by_this_login)));
  EXPECT_EQ(check_own_enrolment(SelfEnrolment::replace, true, login(0, Kind::by_this_login), kNow).present,
            Present::is_replaced);
}

TEST(OwnEnrolment, AnOldLoginEnrolsNobody) {
  EXPECT_TRUE(may(SelfEnrolment::yes, false, login(kEnrolmentProofUs)));
  EXPECT_FALSE(may(SelfEnrolment::yes, false, login(kEnrolmentProofUs + 1)));
  EXPECT_FALSE(may(SelfEnrolment::yes, true, login(kEnrolmentProofUs + 1, Kind::by_this_login)));
}

}  // namespace
}  // namespace sallyport::broker
