// SPDX-License-Identifier: Apache-2.0
#include "vault/seal.h"

#include <gtest/gtest.h>

namespace sallyport::vault {
namespace {

using base::view;

class SealTest : public ::testing::Test {
 protected:
  base::SystemRandom random_;
  base::Bytes key_ = random_.bytes(32);
  const Label label_{"account", "deploy", "password", 3};
};

TEST_F(SealTest, RoundTripsAndDiffersEachTime) {
  const std::string sealed = seal(key_, label_, view("hunter2"), random_);
  EXPECT_NE(sealed, seal(key_, label_, view("hunter2"), random_));
  EXPECT_EQ(base::to_text(unseal(key_, label_, sealed)->view()), "hunter2");
  EXPECT_EQ(unseal(key_, label_, seal(key_, label_, {}, random_))->size(), 0U);
}

TEST_F(SealTest, AnotherKeyOrLabelDoesNotOpenIt) {
  const std::string sealed = seal(key_, label_, view("hunter2"), random_);
  EXPECT_FALSE(unseal(random_.bytes(32), label_, sealed));
  for (const Label& other : {Label{"accoun", "tdeploy", "password", 3}, Label{"account", "root", "password", 3},
                             Label{"account", "deploy", "private-key", 3}, Label{"account", "deploy", "password", 4}}) {
    EXPECT_EQ(unseal(key_, other, sealed).error().code, base::Errc::corrupt);
  }
}

TEST_F(SealTest, EveryBitIsUnderTheSeal) {
  const base::Bytes sealed = *base::from_base64(seal(key_, label_, view("x"), random_));
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    base::Bytes changed = sealed;
    changed[i / 8] = static_cast<std::uint8_t>(changed[i / 8] ^ (1U << (i % 8)));
    EXPECT_FALSE(unseal(key_, label_, base::to_base64(changed))) << i;
  }
  for (std::size_t n = 0; n < sealed.size(); ++n) {
    EXPECT_FALSE(unseal(key_, label_, base::to_base64(base::ByteView(sealed).first(n)))) << n;
  }
  EXPECT_FALSE(unseal(key_, label_, "!not base64!"));
}

}  // namespace
}  // namespace sallyport::vault
