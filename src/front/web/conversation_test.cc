// SPDX-License-Identifier: Apache-2.0
// Requests and answers in turn, in pieces of every size, and what ends a conversation.
#include "front/web/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipc/web.pb.h"

namespace sallyport::front::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ConversationTest : public ::testing::Test {
 protected:
  base::Status say(const std::string& text) { return talk_.feed(base::view(text)); }
  std::string heard() {
    std::string out(base::text(talk_.output()));
    talk_.output().clear();
    return out;
  }
  static std::string get(const std::string& path, const std::string& fields = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: gw\r\n" + fields + "\r\n";
  }
  base::Status answer(std::uint64_t number, unsigned status, const std::string& body, bool known_length = true) {
    ipc::WebHead head;
    head.set_number(number);
    head.set_status(status);
    head.set_content_type("application/json");
    head.set_length(known_length ? static_cast<std::int64_t>(body.size()) : -1);
    if (auto done = talk_.head(head); !done) return done;
    ipc::WebPiece piece;
    piece.set_number(number);
    piece.set_bytes(body);
    piece.set_last(true);
    return body.empty() && known_length ? base::Status() : talk_.piece(piece);
  }

  base::SystemClock clock_;
  base::SystemRandom random_;
  Pages pages_;
  std::vector<ipc::WebToBroker> asked_;
  Conversation talk_{pages_, clock_, random_, [this](const ipc::WebToBroker& m) { asked_.push_back(m); }};
};

TEST_F(ConversationTest, ARequestIsForwardedAndAnswered) {
  ASSERT_TRUE(say(get("/api/v1/sessions?all=1")));
  ASSERT_EQ(asked_.size(), 1U);
  const ipc::WebRequest& r = asked_[0].request();
  EXPECT_EQ(r.number(), 1U);
  EXPECT_EQ(r.path(0), "v1");
  EXPECT_EQ(r.path(1), "sessions");
  EXPECT_EQ(r.query(0).name(), "all");
  ASSERT_TRUE(answer(1, 200, "{}"));
  const std::string text = heard();
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_THAT(text, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\n\r\n{}"));
  EXPECT_FALSE(talk_.over());
  ASSERT_TRUE(say(get("/api/v1/node")));
  EXPECT_EQ(asked_[1].request().number(), 2U);
}

TEST_F(ConversationTest, TheBrokerCountsOnlyWhatItIsAsked) {
  ASSERT_TRUE(say(get("/")));
  ASSERT_TRUE(say(get("/healthz")));
  ASSERT_TRUE(asked_.empty());
  ASSERT_TRUE(say(get("/api/v1/node")));
  EXPECT_EQ(asked_.back().request().number(), 1U);
  ASSERT_TRUE(answer(1, 200, "{}"));
  ASSERT_TRUE(say(get("/assets/none.js")));
  ASSERT_TRUE(say(get("/api/v1/node")));
  EXPECT_EQ(asked_.back().request().number(), 2U);
}

TEST_F(ConversationTest, ByteByByteIsTheSame) {
  const std::string all = "POST /api/v1/requests HTTP/1.1\r\nHost: gw\r\nContent-Length: 15\r\n\r\n{\"a\": \"hello\" }";
  for (const char c : all) ASSERT_TRUE(say(std::string(1, c)));
  EXPECT_EQ(asked_[0].request().body_bytes(), 15U);
  std::vector<ipc::WebToken> tokens;
  for (const auto& m : asked_) tokens.insert(tokens.end(), m.body().tokens().begin(), m.body().tokens().end());
  ASSERT_EQ(tokens.size(), 3U);
  EXPECT_EQ(tokens[1].name(), "a");
  EXPECT_EQ(tokens[1].text(), "hello");
  EXPECT_TRUE(asked_.back().body().last());
}

TEST_F(ConversationTest, ABodyThatIsNoneIsSaidToBeNoneAndTheRestIsDropped) {
  ASSERT_TRUE(say("POST /api/v1/requests HTTP/1.1\r\nHost: gw\r\nContent-Length: 12\r\n\r\n{\"a\":x"));
  ASSERT_EQ(asked_.size(), 2U);
  EXPECT_EQ(asked_[1].body().fault(), ipc::WEB_BODY_NO_JSON);
  EXPECT_TRUE(asked_[1].body().last());
  EXPECT_EQ(asked_[1].body().tokens_size(), 0);
  ASSERT_TRUE(answer(1, 400, "{}"));
  ASSERT_TRUE(say("secret"));
  EXPECT_EQ(asked_.size(), 2U);
  ASSERT_TRUE(say(get("/api/v1/node")));
  EXPECT_EQ(asked_.back().request().number(), 2U);
}

TEST_F(ConversationTest, NothingOfABodyFollowsItsAnswer) {
  ASSERT_TRUE(say("POST /api/v1/requests HTTP/1.1\r\nHost: gw\r\nContent-Length: 7\r\n\r\n{\"a\""));
  const std::size_t before = asked_.size();
  ASSERT_TRUE(answer(1, 401, "{}"));
  ASSERT_TRUE(say(":1}"));
  EXPECT_EQ(asked_.size(), before);
  EXPECT_TRUE(talk_.idle());
}

TEST_F(ConversationTest, AListOfUnknownLengthComesInChunksAndABrokenOneHasNoEnd) {
  ASSERT_TRUE(say(get("/api/v1/sessions")));
  ASSERT_TRUE(answer(1, 200, "[1]", false));
  EXPECT_THAT(heard(), HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_FALSE(talk_.over());
  ASSERT_TRUE(say(get("/api/v1/sessions")));
  ipc::WebHead head;
  head.set_number(2);
  head.set_status(200);
  head.set_length(-1);
  ASSERT_TRUE(talk_.head(head));
  ipc::WebPiece piece;
  piece.set_number(2);
  piece.set_bytes("[1");
  ASSERT_TRUE(talk_.piece(piece));
  piece.set_bytes("");
  piece.set_broken(true);
  ASSERT_TRUE(talk_.piece(piece));
  EXPECT_THAT(heard(), Not(HasSubstr("0\r\n\r\n")));
  EXPECT_TRUE(talk_.over());
}

TEST_F(ConversationTest, HeadHasNoBody) {
  ASSERT_TRUE(say("HEAD /api/v1/node HTTP/1.1\r\nHost: gw\r\n\r\n"));
  ASSERT_TRUE(answer(1, 200, "{\"a\":1}"));
  EXPECT_THAT(heard(), HasSubstr("Content-Length: 7\r\n"));
  EXPECT_FALSE(talk_.over());
  EXPECT_TRUE(talk_.idle());
}

TEST_F(ConversationTest, PipelinedRequestsEndTheConnection) {
  EXPECT_FALSE(say(get("/api/v1/node") + get("/api/v1/node")));
  EXPECT_EQ(asked_.size(), 1U) << "the second is nobody's business";
}

TEST_F(ConversationTest, WhatFollowsABodyEndsTheConnection) {
  EXPECT_FALSE(say("POST /api/v1/requests HTTP/1.1\r\nHost: gw\r\nContent-Length: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\n"));
}

TEST_F(ConversationTest, AnEndlessHeadIsRefused) {
  std::string head = "GET /api HTTP/1.1\r\nHost: gw\r\n";
  while (head.size() <= kMaxHeadBytes) head += "X-A: " + std::string(100, 'a') + "\r\n";
  ASSERT_TRUE(say(head));
  EXPECT_THAT(heard(), StartsWith("HTTP/1.1 431 "));
  EXPECT_TRUE(talk_.over());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(ConversationTest, ABodyThatIsTooLargeIsRefusedUnread) {
  ASSERT_TRUE(say("POST /api/v1/resources HTTP/1.1\r\nHost: gw\r\nContent-Length: 99999999\r\n\r\n"));
  EXPECT_THAT(heard(), StartsWith("HTTP/1.1 413 "));
  EXPECT_TRUE(talk_.over());
}

TEST_F(ConversationTest, TheCookieHasAllItsFlags) {
  ASSERT_TRUE(say("POST /api/v1/session HTTP/1.1\r\nHost: gw\r\nContent-Length: 0\r\n\r\n"));
  ipc::WebHead head;
  head.set_number(1);
  head.set_status(201);
  head.set_set_cookie("abc");
  head.set_cookie_seconds(60);
  ASSERT_TRUE(talk_.head(head));
  EXPECT_THAT(heard(), HasSubstr("Set-Cookie: __Host-sallyport=abc; Path=/; Secure; HttpOnly; SameSite=Strict; "
                                 "Max-Age=60\r\n"));
}

TEST_F(ConversationTest, NothingThatWasSaidMakesAHeaderLine) {
  ASSERT_TRUE(say(get("/api/v1/node")));
  ipc::WebHead head;
  head.set_number(1);
  head.set_status(200);
  head.set_etag("a\r\nSet-Cookie: evil=1");
  ASSERT_TRUE(talk_.head(head));
  EXPECT_THAT(heard(), Not(HasSubstr("evil")));
}

TEST_F(ConversationTest, AnswersThatMakeNoSenseAreNotTaken) {
  EXPECT_FALSE(answer(1, 200, "{}")) << "to no request";
  ASSERT_TRUE(say(get("/api/v1/node")));
  EXPECT_FALSE(answer(2, 200, "{}"));
  ipc::WebHead socket;
  socket.set_number(1);
  socket.set_status(101);
  EXPECT_FALSE(talk_.head(socket)) << "nobody asked for a WebSocket";
}

TEST_F(ConversationTest, AfterAProxysRequestTheConnectionEnds) {
  talk_.limit_to_one_request();
  ASSERT_TRUE(say(get("/api/v1/node")));
  ASSERT_TRUE(answer(1, 200, "{}"));
  EXPECT_THAT(heard(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(talk_.over());
}

TEST_F(ConversationTest, AGoodbyeLetsTheAnswerUnderWayGo) {
  ASSERT_TRUE(say(get("/api/v1/node")));
  talk_.say_goodbye();
  EXPECT_FALSE(talk_.over());
  ASSERT_TRUE(answer(1, 200, "{}"));
  EXPECT_TRUE(talk_.over());
}

TEST_F(ConversationTest, AWebSocketEchoesThroughTheBroker) {
  ASSERT_TRUE(say(get("/api/v1/sessions/X/watch",
                      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "Sec-WebSocket-Version: 13\r\n")));
  EXPECT_TRUE(asked_[0].request().upgrade());
  ipc::WebHead head;
  head.set_number(1);
  head.set_status(101);
  ASSERT_TRUE(talk_.head(head));
  EXPECT_THAT(heard(), HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  // "Hi", masked with zeros (RFC 6455 section 5.3).
  ASSERT_TRUE(say(std::string("\x81\x82\0\0\0\0Hi", 8)));
  ASSERT_EQ(asked_.size(), 2U);
  EXPECT_EQ(asked_[1].frame().bytes(), "Hi");
  EXPECT_TRUE(asked_[1].frame().text());
  ipc::WebFrame frame;
  frame.set_number(1);
  frame.set_text(true);
  frame.set_bytes("Ho");
  ASSERT_TRUE(talk_.frame(frame));
  EXPECT_EQ(heard(), std::string("\x81\x02Ho", 4));
  ASSERT_TRUE(say(std::string("\x81\x02Ho", 4)));  // not masked: section 5.1
  EXPECT_TRUE(talk_.over());
}

TEST_F(ConversationTest, AFrameThatIsTooLongEndsTheWebSocket) {
  ASSERT_TRUE(say(get("/api/v1/sessions/X/watch",
                      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "Sec-WebSocket-Version: 13\r\n")));
  ipc::WebHead head;
  head.set_number(1);
  head.set_status(101);
  ASSERT_TRUE(talk_.head(head));
  ASSERT_TRUE(say(std::string("\x82\xff\0\0\0\0\x00\x10\0\0\0\0\0\0xxxx", 18)));
  EXPECT_TRUE(talk_.over());
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(ConversationTest, PagesAreTheFrontsOwn) {
  Page start;
  start.plain = base::to_bytes("<script nonce=\"{{nonce}}\">");
  start.type = "text/html; charset=utf-8";
  pages_.add("/index.html", start);
  ASSERT_TRUE(say(get("/recordings/ABC")));
  const std::string text = heard();
  EXPECT_THAT(text,
              HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"));
  EXPECT_THAT(text, Not(HasSubstr("{{nonce}}")));
  EXPECT_TRUE(asked_.empty());
  ASSERT_TRUE(say(get("/assets/unknown.js")));
  EXPECT_THAT(heard(), StartsWith("HTTP/1.1 404 "));
}

}  // namespace
}  // namespace sallyport::front::web
