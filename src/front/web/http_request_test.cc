// SPDX-License-Identifier: Apache-2.0
// Heads that are requests, and the many that must not be: what two parsers could read in two ways.
#include "front/web/http_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::front::web {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Parsed {
  HttpRequest request;
  std::optional<HttpRefusal> refusal;
};

Parsed parse(const std::string& head) {
  Parsed out;
  out.refusal = parse_head(base::view(head), out.request);
  return out;
}

std::string with(const std::string& fields, const std::string& line = "GET /api/v1/sessions HTTP/1.1") {
  return line + "\r\nHost: gw.example:8443\r\n" + fields + "\r\n";
}

TEST(HttpRequest, AHeadIsFoundByItsEmptyLine) {
  EXPECT_FALSE(head_size(base::view("GET / HTTP/1.1\r\nHost: a\r\n")));
  EXPECT_EQ(head_size(base::view("GET / HTTP/1.1\r\n\r\nmore")), 18U);
}

TEST(HttpRequest, ItsPartsAreDecodedOnce) {
  const auto parsed =
      parse(with("Origin: https://gw.example:8443\r\nCookie: a=b; __Host-sallyport=abc-_9; c=d\r\n"
                 "X-Sallyport: 1\r\nIf-Match: \"7\"\r\nUser-Agent: Mozilla\r\n",
                 "POST /api/v1/resources/user/a%20b?text=x%26y+z&flag HTTP/1.1"));
  ASSERT_FALSE(parsed.refusal) << parsed.refusal->why;
  const HttpRequest& r = parsed.request;
  EXPECT_EQ(r.method, "POST");
  EXPECT_THAT(r.path, ElementsAre("api", "v1", "resources", "user", "a b"));
  EXPECT_THAT(r.query, ElementsAre(Pair("text", "x&y z"), Pair("flag", "")));
  EXPECT_EQ(r.host, "gw.example:8443");
  EXPECT_EQ(r.cookie, "abc-_9");
  EXPECT_EQ(r.if_match, "\"7\"");
  EXPECT_TRUE(r.marked);
  EXPECT_TRUE(r.keep_alive);
}

TEST(HttpRequest, TheLastForwardedAddressIsTheProxys) {
  EXPECT_EQ(parse(with("X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n")).request.forwarded_for, "2.2.2.2");
  EXPECT_EQ(parse(with("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 3.3.3.3\r\n")).request.forwarded_for, "3.3.3.3");
}

TEST(HttpRequest, AWebSocketHandshakeHasAKey) {
  const std::string good =
      "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_EQ(parse(with(good + "Sec-WebSocket-Version: 13\r\n")).request.websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(parse(with(good + "Sec-WebSocket-Version: 8\r\n")).refusal->status, 426U);
  EXPECT_EQ(parse(with("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\n"
                       "Sec-WebSocket-Version: 13\r\n"))
                .refusal->status,
            400U);
  EXPECT_EQ(parse(with("Upgrade: h2c\r\nConnection: Upgrade\r\n")).request.websocket_key, "") << "it may be ignored";
}

struct Bad {
  const char* name;
  std::string head;
};

class BadHead : public ::testing::TestWithParam<Bad> {};

TEST_P(BadHead, IsRefused) {
  const auto parsed = parse(GetParam().head);
  EXPECT_TRUE(parsed.refusal);
}

const std::string kHost = "\r\nHost: a\r\n";
INSTANTIATE_TEST_SUITE_P(
    Smuggling, BadHead,
    ::testing::Values(
        Bad{"TwoLengths", with("Content-Length: 5\r\nContent-Length: 6\r\n")},
        Bad{"TheSameLengthTwice", with("Content-Length: 5\r\nContent-Length: 5\r\n")},
        Bad{"AListOfLengths", with("Content-Length: 5, 5\r\n")}, Bad{"ASignedLength", with("Content-Length: +5\r\n")},
        Bad{"ANegativeLength", with("Content-Length: -5\r\n")}, Bad{"AHexLength", with("Content-Length: 0x5\r\n")},
        Bad{"AHugeLength", with("Content-Length: 99999999999999999999\r\n")},
        Bad{"Chunked", with("Transfer-Encoding: chunked\r\n")},
        Bad{"ChunkedAndALength", with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")},
        Bad{"IdentityCoding", with("Transfer-Encoding: identity\r\n")},
        Bad{"ABlankBeforeTheColon", with("Content-Length : 5\r\n")},
        Bad{"ATabBeforeTheColon", with("Transfer-Encoding\t: chunked\r\n")},
        Bad{"ALineThatGoesOn", with("X-A: b\r\n Transfer-Encoding: chunked\r\n")},
        Bad{"ABareLineFeed", "GET / HTTP/1.1\nHost: a\r\n\r\n"}, Bad{"ABareReturn", with("X-A: b\rX-B: c\r\n")},
        Bad{"ANulByte", with(std::string("X-A: b\0c\r\n", 10))}, Bad{"NoHost", "GET / HTTP/1.1\r\nX-A: b\r\n\r\n"},
        Bad{"TwoHosts", with("Host: b\r\n")}, Bad{"AnAbsoluteAddress", "GET http://b/ HTTP/1.1" + kHost + "\r\n"},
        Bad{"AnAuthorityAddress", "CONNECT a:443 HTTP/1.1" + kHost + "\r\n"},
        Bad{"AnAsterisk", "OPTIONS * HTTP/1.1" + kHost + "\r\n"},
        Bad{"AnotherVersion", "GET / HTTP/2.0" + kHost + "\r\n"}, Bad{"NoVersion", "GET /" + kHost + "\r\n"},
        Bad{"ThePrefaceOfHttp2", "PRI * HTTP/2.0\r\n\r\n"}, Bad{"ATrace", "TRACE / HTTP/1.1" + kHost + "\r\n"},
        Bad{"TrailerFields", with("Trailer: X-A\r\n")},
        Bad{"ACookieTwice", with("Cookie: __Host-sallyport=a\r\nCookie: __Host-sallyport=b\r\n")},
        Bad{"ACookieWithAQuote", with("Cookie: __Host-sallyport=\"a\"\r\n")},
        Bad{"AnOriginTwice", with("Origin: https://a\r\nOrigin: https://b\r\n")},
        Bad{"DotDot", "GET /a/../b HTTP/1.1" + kHost + "\r\n"},
        Bad{"EncodedDotDot", "GET /a/%2e%2e/b HTTP/1.1" + kHost + "\r\n"},
        Bad{"AnEncodedSlash", "GET /a%2fb HTTP/1.1" + kHost + "\r\n"},
        Bad{"AnEncodedNul", "GET /a%00b HTTP/1.1" + kHost + "\r\n"},
        Bad{"AnEncodedLineFeed", "GET /?a=%0d%0a HTTP/1.1" + kHost + "\r\n"},
        Bad{"HalfAnEscape", "GET /a%2 HTTP/1.1" + kHost + "\r\n"}, Bad{"NoUtf8", "GET /%ff HTTP/1.1" + kHost + "\r\n"},
        Bad{"TwoSlashes", "GET //b HTTP/1.1" + kHost + "\r\n"},
        Bad{"ABackslash", "GET /a\\b HTTP/1.1" + kHost + "\r\n"},
        Bad{"AFragment", "GET /a#b HTTP/1.1" + kHost + "\r\n"}, Bad{"ABlank", "GET /a b HTTP/1.1" + kHost + "\r\n"}),
    [](const auto& one) { return one.param.name; });

TEST(HttpRequest, TooManyFieldsAreRefused) {
  std::string fields;
  for (std::size_t i = 0; i <= kMaxFields; ++i) fields += "X-" + std::to_string(i) + ": a\r\n";
  EXPECT_EQ(parse(with(fields)).refusal->status, 431U);
}

}  // namespace
}  // namespace sallyport::front::web
