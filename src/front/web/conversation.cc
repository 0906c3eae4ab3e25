// SPDX-License-Identifier: Apache-2.0
// Requests and answers in turn.
#include "front/web/conversation.h"

#include <algorithm>
#include <cassert>

#include "base/escape.h"
#include "ipc/web.pb.h"

namespace sallyport::front::web {

namespace {

using base::Errc;
using base::fail;

// What is read of a body at a time: no byte of it makes more than four of a message, which then has room for a text
// that was begun before.
constexpr std::size_t kBodyPieceBytes = 8 * 1024;
constexpr std::string_view kNoncePlace = "{{nonce}}";
constexpr const char* kProblemType = "application/problem+json";
constexpr const char* kCookieName = "__Host-sallyport";
constexpr std::size_t kMaxUserAgent = 256;

bool accepts(const std::string& encodings, std::string_view wanted) {
  const std::size_t at = encodings.find(wanted);
  if (at == std::string::npos) return false;
  const std::string rest = encodings.substr(at + wanted.size());
  return rest.rfind(";q=0", 0) != 0 || rest.rfind(";q=0.", 0) == 0;
}

}  // namespace

Conversation::Conversation(const Pages& pages, const base::Clock& clock, base::Random& random, ToBroker to_broker)
    : pages_(pages), clock_(clock), random_(random), to_broker_(std::move(to_broker)) {}

void Conversation::say(std::string_view text) {
  output_.insert(output_.end(), text.begin(), text.end());
}

void Conversation::say_goodbye() {
  goodbye_ = true;
  if (socket_ && !over_) {
    socket_->close(1001, "the gateway ends this connection");
    (void)socket_->take_output(output_);
    over_ = true;
  }
  if (state_ == State::head) over_ = true;
}

base::Status Conversation::feed(base::ByteView plain) {
  if (over_) return {};
  input_.insert(input_.end(), plain.begin(), plain.end());
  if (state_ == State::socket) return socket_input();
  if (state_ == State::head) {
    if (auto taken = take_head(); !taken) return taken;
  }
  if (state_ == State::body) {
    if (auto taken = take_body(); !taken) return taken;
  }
  // RFC 9112 section 9.3.2 lets a client send its next request early. No browser does, and whoever smuggles must.
  const bool busy = state_ == State::waiting || state_ == State::answering;
  if (busy && !input_.empty()) return fail(Errc::invalid, "a request before the answer to the one before");
  return {};
}

base::Status Conversation::take_head() {
  while (state_ == State::head && !over_ && !input_.empty()) {
    const auto size = head_size(input_);
    if (!size && input_.size() > kMaxHeadBytes) return refuse({431, "the head of a request has at most 16 KiB"});
    if (!size) return {};
    if (*size > kMaxHeadBytes) return refuse({431, "the head of a request has at most 16 KiB"});
    request_ = HttpRequest();
    if (const auto refusal = parse_head(base::ByteView(input_).first(*size), request_)) return refuse(*refusal);
    base::wipe(input_.data(), *size);
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(*size));
    body_left_ = request_.body_bytes.value_or(0);
    if (body_left_ > kMaxBodyBytes) return refuse({413, "the body of a request has at most 4 MiB"});
    const bool bodiless = request_.method == "GET" || request_.method == "HEAD";
    if (bodiless && body_left_ > 0) return refuse({400, "a body of a request that has none"});
    begin();
    if (state_ == State::head && !input_.empty()) {
      return fail(Errc::invalid, "a request before the answer to the one before");
    }
  }
  return {};
}

base::Status Conversation::refuse(const HttpRefusal& refusal) {
  close_after_ = true;
  answer_whole({.status = refusal.status, .type = kProblemType, .close = true},
               problem_text(refusal.status, "bad-request", refusal.why));
  over_ = true;
  return {};
}

void Conversation::begin() {
  answer_begun_ = answer_done_ = false;
  close_after_ = one_request_ || goodbye_ || !request_.keep_alive;
  if (request_.path.empty() || request_.path[0] != "api") return serve_page();
  if (request_.expects_continue && body_left_ > 0) say("HTTP/1.1 100 Continue\r\n\r\n");
  forward();
}

void Conversation::answer_whole(AnswerHead head, std::string_view body) {
  head.length = body.size();
  head.close = head.close || close_after_;
  say(to_text(head, clock_.now_us()));
  if (request_.method != "HEAD") say(body);
  answered();
}

void Conversation::answered() {
  answer_done_ = true;
  if (close_after_) over_ = true;
  state_ = body_left_ > 0 ? State::body : State::head;
}

void Conversation::serve_page() {
  if (request_.method != "GET" && request_.method != "HEAD") {
    // Its body is nothing that anybody waits for.
    close_after_ = true;
    return answer_whole({.status = 405, .type = kProblemType, .more = {{"Allow", "GET, HEAD"}}},
                        problem_text(405, "method-not-allowed", "pages are read"));
  }
  std::string path;
  for (const std::string& segment : request_.path) path += "/" + segment;
  if (path == "/healthz") return answer_whole({.type = "text/plain; charset=utf-8"}, "ok\n");
  if (const Page* page = pages_.find(path); page != nullptr && path != "/index.html") return send_page(*page, false);
  const Page* start = pages_.start();
  const bool file = path.rfind('.') != std::string::npos && path.find("/assets/") == 0;
  if (start == nullptr || file) {
    return answer_whole({.status = 404, .type = kProblemType},
                        problem_text(404, "not-found",
                                     start == nullptr ? "this gateway has no pages installed; its API is at /api/v1"
                                                      : "there is no such file"));
  }
  send_page(*start, true);
}

void Conversation::send_page(const Page& page, bool is_start) {
  AnswerHead head{.type = page.type};
  if (is_start) {
    // Its styles are the application's own, known by a nonce that no other page can guess.
    head.style_nonce = base::to_hex(random_.bytes(16));
    std::string text(base::text(page.plain));
    for (std::size_t at = text.find(kNoncePlace); at != std::string::npos; at = text.find(kNoncePlace, at)) {
      text.replace(at, kNoncePlace.size(), head.style_nonce);
    }
    return answer_whole(std::move(head), text);
  }
  head.cache = page.immutable ? "public, max-age=31536000, immutable" : "no-cache";
  head.more.emplace_back("ETag", page.etag);
  head.more.emplace_back("Vary", "Accept-Encoding");
  if (request_.if_none_match == page.etag) {
    head.status = 304;
    head.framing = Framing::none;
    head.type.clear();
    head.close = close_after_;
    say(to_text(head, clock_.now_us()));
    return answered();
  }
  const base::Bytes* body = &page.plain;
  if (!page.brotli.empty() && accepts(request_.accept_encoding, "br")) {
    body = &page.brotli;
    head.more.emplace_back("Content-Encoding", "br");
  } else if (!page.gzip.empty() && accepts(request_.accept_encoding, "gzip")) {
    body = &page.gzip;
    head.more.emplace_back("Content-Encoding", "gzip");
  }
  answer_whole(std::move(head), base::text(*body));
}

void Conversation::forward() {
  // The broker counts what it is asked: pages are no part of that.
  ++number_;
  ipc::WebToBroker message;
  ipc::WebRequest& out = *message.mutable_request();
  out.set_number(number_);
  out.set_method(request_.method);
  for (std::size_t i = 1; i < request_.path.size(); ++i) out.add_path(request_.path[i]);
  for (const auto& [name, value] : request_.query) {
    auto* one = out.add_query();
    one->set_name(name);
    one->set_value(value);
  }
  out.set_host(request_.host);
  out.set_origin(request_.origin);
  out.set_fetch_site(request_.fetch_site);
  out.set_cookie(request_.cookie);
  out.set_token(request_.token);
  out.set_marked(request_.marked);
  out.set_if_match(request_.if_match);
  out.set_if_none_match(request_.if_none_match);
  out.set_content_type(request_.content_type);
  out.set_forwarded_for(request_.forwarded_for);
  out.set_user_agent(base::cut_utf8(request_.user_agent, kMaxUserAgent));
  out.set_last_event_id(request_.last_event_id);
  out.set_upgrade(!request_.websocket_key.empty());
  out.set_body_bytes(body_left_);
  body_ = body_left_ > 0 ? std::make_unique<JsonReader>() : nullptr;
  state_ = body_left_ > 0 ? State::body : State::waiting;
  to_broker_(message);
}

base::Status Conversation::take_body() {
  while (body_left_ > 0 && !input_.empty()) {
    const std::size_t size = std::min<std::uint64_t>({body_left_, input_.size(), kBodyPieceBytes});
    body_left_ -= size;
    if (body_) read_body(base::ByteView(input_).first(size));
    base::wipe(input_.data(), size);
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(size));
  }
  if (body_left_ > 0) return {};
  if (answer_done_) {
    state_ = State::head;
    if (!input_.empty()) return fail(Errc::invalid, "a request before the answer to the one before");
  } else {
    state_ = answer_begun_ ? State::answering : State::waiting;
  }
  return {};
}

// What nobody can read any more, or nobody waits for, is dropped as it comes.
void Conversation::read_body(base::ByteView bytes) {
  ipc::WebToBroker message;
  ipc::WebBody& out = *message.mutable_body();
  out.set_number(number_);
  body_->feed(bytes, out);
  if (body_left_ == 0) body_->finish(out);
  out.set_last(body_left_ == 0 || out.fault() != ipc::WEB_BODY_GOOD);
  if (out.last()) body_.reset();
  if (out.last() || out.tokens_size() > 0) to_broker_(message);
  wipe_texts(out);
}

bool Conversation::is_due(std::uint64_t number) const {
  const bool awaited = state_ == State::waiting || state_ == State::body;
  return number == number_ && awaited && !answer_begun_ && !answer_done_;
}

base::Status Conversation::head(const ipc::WebHead& answer) {
  if (over_) return {};
  if (!is_due(answer.number())) return fail(Errc::corrupt, "an answer to no request");
  answer_begun_ = true;
  body_.reset();
  if (answer.status() == 101) return open_socket();
  close_after_ = close_after_ || answer.close() || goodbye_;
  AnswerHead head;
  head.status = answer.status();
  head.type = answer.content_type();
  answer_left_ = answer.length();
  if (answer.status() == 204 || answer.status() == 304) {
    head.framing = Framing::none;
    answer_left_ = 0;
  } else if (answer.length() >= 0) {
    head.length = static_cast<std::uint64_t>(answer.length());
  } else {
    head.framing = request_.is_1_0 ? Framing::by_close : Framing::chunked;
    close_after_ = close_after_ || request_.is_1_0;
  }
  head.close = close_after_;
  framing_ = head.framing;
  if (!answer.etag().empty()) head.more.emplace_back("ETag", answer.etag());
  if (!answer.location().empty()) head.more.emplace_back("Location", answer.location());
  if (answer.retry_after() > 0) head.more.emplace_back("Retry-After", std::to_string(answer.retry_after()));
  if (!answer.file_name().empty()) {
    head.more.emplace_back("Content-Disposition", "attachment; filename=\"" + answer.file_name() + "\"");
  }
  const std::string flags = "; Path=/; Secure; HttpOnly; SameSite=Strict";
  if (!answer.set_cookie().empty()) {
    head.more.emplace_back("Set-Cookie", std::string(kCookieName) + "=" + answer.set_cookie() + flags +
                                             "; Max-Age=" + std::to_string(answer.cookie_seconds()));
  } else if (answer.clear_cookie()) {
    head.more.emplace_back("Set-Cookie", std::string(kCookieName) + "=" + flags + "; Max-Age=0");
  }
  say(to_text(head, clock_.now_us()));
  if (state_ == State::waiting) state_ = State::answering;
  if (answer_left_ == 0 && framing_ != Framing::chunked && framing_ != Framing::by_close) answered();
  return {};
}

base::Status Conversation::piece(const ipc::WebPiece& piece) {
  if (over_) return {};
  if (piece.number() != number_ || !answer_begun_ || answer_done_ || socket_) {
    return fail(Errc::corrupt, "a piece of no answer");
  }
  const std::string& bytes = piece.bytes();
  const bool shown = request_.method != "HEAD";
  if (framing_ == Framing::length) {
    if (static_cast<std::int64_t>(bytes.size()) > answer_left_)
      return fail(Errc::corrupt, "an answer longer than it said");
    answer_left_ -= static_cast<std::int64_t>(bytes.size());
    if (shown) say(bytes);
  } else if (framing_ == Framing::chunked && shown) {
    if (!bytes.empty()) {
      char size[20];
      std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
      say(size);
      say(bytes);
      say("\r\n");
    }
    // An answer that breaks off lacks the last chunk, and nobody takes it for a whole one (RFC 9112 section 8).
    if (piece.last() && !piece.broken()) say("0\r\n\r\n");
  } else if (shown) {
    say(bytes);
  }
  if (!piece.last() && !piece.broken()) return {};
  if (piece.broken() || (framing_ == Framing::length && answer_left_ > 0)) close_after_ = true;
  answered();
  return {};
}

}  // namespace sallyport::front::web
