// SPDX-License-Identifier: Apache-2.0
// Wire types against the examples of RFC 4251 §5 and against hostile lengths.
#include "keys/wire.h"

#include <gtest/gtest.h>

namespace sallyport::keys {
namespace {

using base::Bytes;
using base::ByteView;

Bytes hex(std::string_view s) {
  return base::from_hex(s).value();
}

std::string mpint_hex(std::string_view magnitude) {
  Bytes out;
  Writer(out).mpint(hex(magnitude));
  return base::to_hex(out);
}

TEST(Writer, WritesTheMpintsOfRfc4251) {
  EXPECT_EQ(mpint_hex(""), "00000000");
  EXPECT_EQ(mpint_hex("00"), "00000000");
  EXPECT_EQ(mpint_hex("09a378f9b2e332a7"), "0000000809a378f9b2e332a7");
  EXPECT_EQ(mpint_hex("80"), "000000020080");
  EXPECT_EQ(mpint_hex("000080"), "000000020080");
}

TEST(Writer, NestsStrings) {
  Bytes out;
  Writer w(out);
  const std::size_t outer = w.begin_string();
  w.u8(7);
  const std::size_t inner = w.begin_string();
  w.u32(1);
  w.end_string(inner);
  w.end_string(outer);
  EXPECT_EQ(base::to_hex(out), "00000009070000000400000001");
}

TEST(Writer, WritesNameLists) {
  Bytes out;
  Writer w(out);
  w.name_list({});
  w.name_list({"zlib"});
  w.name_list({"zlib", "none"});
  EXPECT_EQ(base::to_hex(out),
            "00000000"
            "000000047a6c6962"
            "000000097a6c69622c6e6f6e65");
}

TEST(Reader, ReadsWhatTheWriterWrote) {
  Bytes out;
  Writer w(out);
  w.u8(200);
  w.u32(0xdeadbeef);
  w.u64(0x0123456789abcdef);
  w.boolean(true);
  w.string(std::string_view("text"));
  w.mpint(hex("ff01"));
  w.name_list({"a", "b@c"});
  w.bytes(hex("0102"));
  Reader r(out);
  EXPECT_EQ(r.u8(), 200);
  EXPECT_EQ(r.u32(), 0xdeadbeefu);
  EXPECT_EQ(r.u64(), 0x0123456789abcdefu);
  EXPECT_TRUE(r.boolean());
  EXPECT_EQ(r.text(), "text");
  EXPECT_EQ(base::to_hex(r.mpint()), "ff01");
  EXPECT_EQ(r.name_list(), (std::vector<std::string_view>{"a", "b@c"}));
  EXPECT_FALSE(r.done());
  EXPECT_EQ(base::to_hex(r.rest()), "0102");
  EXPECT_TRUE(r.done());
}

TEST(Reader, ErrorsStick) {
  const Bytes in =
      hex("00000005aabb"
          "01");
  Reader r(in);
  EXPECT_TRUE(r.string().empty());
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.u8(), 0) << "nothing is read after an error";
  EXPECT_EQ(r.remaining(), 0u);
  EXPECT_FALSE(r.done());
}

TEST(Reader, BoundsLengths) {
  const Bytes huge = hex("ffffffff00");
  Reader a(huge);
  a.string();
  EXPECT_FALSE(a.ok());
  const Bytes five = hex("000000050102030405");
  Reader b(five);
  b.string(4);
  EXPECT_FALSE(b.ok());
  Reader c(five);
  EXPECT_EQ(c.string(5).size(), 5u);
  EXPECT_TRUE(c.done());
  Reader d(ByteView{});
  EXPECT_TRUE(d.done());
  d.u8();
  EXPECT_FALSE(d.ok());
}

struct Mpint {
  const char* in;
  bool good;
};

class CanonicalMpint : public testing::TestWithParam<Mpint> {};

TEST_P(CanonicalMpint, IsTheOnlyFormAccepted) {
  const Bytes in = hex(GetParam().in);
  Reader r(in);
  r.mpint(2);
  EXPECT_EQ(r.done(), GetParam().good) << GetParam().in;
}

INSTANTIATE_TEST_SUITE_P(Forms, CanonicalMpint,
                         testing::Values(Mpint{"00000000", true}, Mpint{"000000017f", true},
                                         Mpint{"000000020080", true}, Mpint{"00000003008001", true},
                                         Mpint{"0000000100", false}, Mpint{"00000002007f", false},
                                         Mpint{"0000000180", false}, Mpint{"00000002ff21", false},
                                         Mpint{"0000000400800000", false}, Mpint{"00000003010000", false},
                                         Mpint{"000000030000", false}));

TEST(Reader, RefusesMalformedNameLists) {
  for (const std::string_view list : {",", "a,", ",a", "a,,b", "a b", "a\x01", "\x80", "a\n"}) {
    Bytes in;
    Writer(in).string(list);
    Reader r(in);
    r.name_list();
    EXPECT_FALSE(r.ok()) << list;
  }
  Bytes in;
  Writer(in).string(std::string(65, 'x'));
  Reader r(in);
  r.name_list();
  EXPECT_FALSE(r.ok());
}

TEST(Reader, BoundsTheNumberOfNames) {
  for (const std::size_t count : {kMaxNames, kMaxNames + 1}) {
    std::string list = "x";
    for (std::size_t i = 1; i < count; ++i) list += ",x";
    Bytes in;
    Writer(in).string(list);
    Reader r(in);
    EXPECT_EQ(r.name_list().size(), count == kMaxNames ? count : 0u);
    EXPECT_EQ(r.ok(), count == kMaxNames);
  }
}

}  // namespace
}  // namespace sallyport::keys
