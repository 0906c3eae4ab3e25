// SPDX-License-Identifier: Apache-2.0
// Recovery codes fit their hash and no other.
#include "identity/recovery_code.h"

#include <gtest/gtest.h>

#include "identity/typed_code.h"

namespace sallyport::identity {
namespace {

TEST(RecoveryCode, IsKnownByItsHashAndNoOtherIs) {
  base::SystemRandom random;
  const base::SecretBytes code = make_recovery_code(random);
  const base::SecretBytes other = make_recovery_code(random);
  const std::string kept = hash_recovery_code(code.view(), random);
  EXPECT_TRUE(is_recovery_code(kept, code.view()));
  EXPECT_FALSE(is_recovery_code(kept, other.view()));
  EXPECT_FALSE(is_recovery_code(kept, code.view().first(15)));
  EXPECT_NE(kept, hash_recovery_code(code.view(), random)) << "each has a salt of its own";
  EXPECT_EQ(kept.find(base::text(code.view())), std::string::npos);
  for (const char* broken : {"", "$", "00$00", "zz$zz"}) EXPECT_FALSE(is_recovery_code(broken, code.view())) << broken;
}

TEST(RecoveryCode, ReadsBackAsItIsShown) {
  base::SystemRandom random;
  const base::SecretBytes code = make_recovery_code(random);
  const base::SecretBytes shown = grouped(code.view());
  EXPECT_EQ(shown.size(), 19U);
  EXPECT_EQ(base::text(shown.view()).substr(4, 1), "-");
  const TypedCode typed = read_code(shown.view());
  EXPECT_EQ(typed.kind, TypedCode::Kind::recovery);
  EXPECT_TRUE(base::equal_constant_time(typed.code.view(), code.view()));
}

}  // namespace
}  // namespace sallyport::identity
