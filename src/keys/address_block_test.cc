// SPDX-License-Identifier: Apache-2.0
// CIDR blocks, and the addresses that must not slip into them.
#include "keys/address_block.h"

#include <gtest/gtest.h>

namespace sallyport::keys {
namespace {

TEST(AddressBlock, ContainsItsAddresses) {
  EXPECT_TRUE(address_in_block("10.1.2.3", "10.0.0.0/8").value());
  EXPECT_TRUE(address_in_block("10.1.2.3", "10.1.2.3").value());
  EXPECT_TRUE(address_in_block("10.1.2.3", "0.0.0.0/0").value());
  EXPECT_TRUE(address_in_block("::ffff:10.1.2.3", "10.0.0.0/8").value());
  EXPECT_TRUE(address_in_block("2001:db8::1", "2001:db8::/32").value());
  EXPECT_TRUE(address_in_block("2001:db8::1", "::/0").value());
}

TEST(AddressBlock, ExcludesOthers) {
  EXPECT_FALSE(address_in_block("11.1.2.3", "10.0.0.0/8").value());
  EXPECT_FALSE(address_in_block("10.1.2.4", "10.1.2.3").value());
  EXPECT_FALSE(address_in_block("10.1.2.3", "10.1.2.2/32").value());
  EXPECT_FALSE(address_in_block("2001:db9::1", "2001:db8::/32").value());
  EXPECT_FALSE(address_in_block("10.1.2.3", "::/0").value()) << "an IPv4 peer is in no IPv6 block";
  EXPECT_FALSE(address_in_block("::1", "0.0.0.0/0").value()) << "an IPv6 peer is in no IPv4 block";
}

TEST(AddressBlock, RefusesWhatItCannotRead) {
  for (const char* block :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8", "10.0.0/8", "host",
        "2001:db8::/129", "2001:db8::1/64", "10.0.0.0/8/8", "10.0.0.0 /8", "10.0.0.0/+8"}) {
    EXPECT_FALSE(check_address_block(block)) << block;
    EXPECT_FALSE(address_in_block("10.1.2.3", block)) << block;
  }
  for (const char* address : {"", "10.1.2", "fe80::1%eth0", "10.0.0.0/8", "localhost", "0x0a.1.2.3"}) {
    EXPECT_FALSE(address_in_block(address, "0.0.0.0/0")) << address;
  }
}

}  // namespace
}  // namespace sallyport::keys
