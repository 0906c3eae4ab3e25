// SPDX-License-Identifier: Apache-2.0
// Who can read new records, and keys that nobody has.
#include "broker/record/record_recipients.h"

#include <gmock/gmock.h>

namespace sallyport::broker {
namespace {

using base::Errc;
using ::testing::HasSubstr;

policy::Recipient recipient(const base::Bytes& key) {
  policy::Recipient out;
  out.name = "auditor";
  out.public_key = base::to_base64(key);
  return out;
}

TEST(RecordRecipients, TheNodeAndEveryDeclaredOne) {
  policy::Snapshot declared;
  declared.put(recipient(base::Bytes(32, 9)));
  const base::Bytes node(32, 7);
  const auto both = record_recipients(declared, node);
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ(both->at(0).key[0], 7);
  EXPECT_EQ(both->at(1).key[31], 9);
  EXPECT_EQ(record_recipients(declared, {})->size(), 1U) << "it may only write";
}

TEST(RecordRecipients, ARecordThatNobodyCouldReadIsRefused) {
  const auto none = record_recipients({}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::denied);
  EXPECT_THAT(none.message(), HasSubstr("write_only"));
}

TEST(RecordRecipients, AKeyOfSmallOrderIsNone) {
  EXPECT_TRUE(check_recipient(recipient(base::Bytes(32, 9))));
  base::Bytes one(32, 0);
  one[0] = 1;
  // Of order 8 (RFC 7748 section 7 on contributory behaviour): y of edwards25519's torsion, as u.
  const auto eighth = *base::from_hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800");
  for (const base::Bytes& key : {base::Bytes(32, 0), one, eighth}) {
    const auto refused = check_recipient(recipient(key));
    ASSERT_FALSE(refused) << base::to_hex(key);
    EXPECT_THAT(refused.message(), HasSubstr("recipient auditor"));
  }
}

}  // namespace
}  // namespace sallyport::broker
