// SPDX-License-Identifier: Apache-2.0
// Places of forwarded connections, and bytes that are none.
#include "replay/forwarding_place.h"

#include <gtest/gtest.h>

namespace sallyport::replay {
namespace {

std::string number(std::uint32_t n) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift & 0xFF);
  return out;
}

std::string text(const std::string& s) {
  return number(static_cast<std::uint32_t>(s.size())) + s;
}

TEST(ForwardingPlace, OfChannels) {
  const std::string tcp = text("db.example") + number(5432) + text("127.0.0.1") + number(40000);
  for (const char* type : {"direct-tcpip", "forwarded-tcpip"}) {
    const auto place = place_of_channel(type, tcp);
    ASSERT_TRUE(place) << type;
    EXPECT_EQ(place->to, "db.example:5432");
    EXPECT_EQ(place->from, "127.0.0.1:40000");
  }
  EXPECT_EQ(place_of_channel("direct-tcpip", text("::1") + number(22) + text("") + number(0))->to, "[::1]:22");
  EXPECT_EQ(place_of_channel("direct-streamlocal@openssh.com", text("/run/db") + text("") + number(0))->to, "/run/db");
  EXPECT_EQ(place_of_channel("forwarded-streamlocal@openssh.com", text("/tmp/s") + text(""))->to, "/tmp/s");
  const auto x11 = place_of_channel("x11", text("10.0.0.9") + number(6010));
  EXPECT_EQ(x11->to, "");
  EXPECT_EQ(x11->from, "10.0.0.9:6010");
}

TEST(ForwardingPlace, OfGlobalRequests) {
  EXPECT_EQ(place_of_global_request("tcpip-forward", text("") + number(8080)), ":8080");
  EXPECT_EQ(place_of_global_request("cancel-tcpip-forward", text("localhost") + number(0)), "localhost:0");
  EXPECT_EQ(place_of_global_request("streamlocal-forward@openssh.com", text("/tmp/s")), "/tmp/s");
  EXPECT_FALSE(place_of_global_request("keepalive@openssh.com", ""));
}

TEST(ForwardingPlace, WhatIsNoneIsNone) {
  const std::string tcp = text("a") + number(1) + text("b") + number(2);
  EXPECT_FALSE(place_of_channel("session", tcp));
  EXPECT_FALSE(place_of_channel("direct-tcpip", tcp + "x"));
  for (std::size_t n = 0; n < tcp.size(); ++n) EXPECT_FALSE(place_of_channel("direct-tcpip", tcp.substr(0, n))) << n;
  EXPECT_FALSE(place_of_channel("direct-tcpip", number(0xFFFFFFFF) + "a"));
  EXPECT_EQ(place_of_channel("direct-tcpip", text("\xff") + number(1) + text("b") + number(2))->to, "hex:ff:1");
}

}  // namespace
}  // namespace sallyport::replay
