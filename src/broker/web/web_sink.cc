// SPDX-License-Identifier: Apache-2.0
// Bodies.
#include "broker/web/web_sink.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace sallyport::broker::web {

namespace {

constexpr std::size_t kPieceBytes = 48 * 1024;
constexpr const char* kJson = "application/json";
constexpr const char* kProblem = "application/problem+json";

std::string as_resource(const api::Item& item) {
  return "{\"version\":" + std::to_string(item.version) + ",\"resource\":" + item.json + "}";
}

void send_body(AnswerLine& line, std::string_view body, bool last) {
  do {
    ipc::BrokerToWeb message;
    ipc::WebPiece& piece = *message.mutable_piece();
    piece.set_number(line.number());
    const std::size_t size = std::min(body.size(), kPieceBytes);
    piece.set_bytes(body.data(), size);
    body.remove_prefix(size);
    const bool at_end = body.empty();
    piece.set_last(last && at_end);
    line.send(std::move(message), last && at_end);
  } while (!body.empty());
}

}  // namespace

void send_whole(AnswerLine& line, unsigned status, const std::string& type, std::string body, ipc::WebHead head) {
  ipc::BrokerToWeb message;
  head.set_number(line.number());
  head.set_status(status);
  head.set_content_type(type);
  head.set_length(static_cast<std::int64_t>(body.size()));
  const bool empty = body.empty() || status == 204 || status == 304;
  *message.mutable_head() = std::move(head);
  line.send(std::move(message), empty);
  if (!empty) send_body(line, body, true);
}

void send_problem(AnswerLine& line, const Problem& problem, ipc::WebHead head) {
  if (problem.retry_after > 0) head.set_retry_after(problem.retry_after);
  send_whole(line, problem.status, kProblem, to_json(problem), std::move(head));
}

void WebSink::when_ready(std::function<void()> callback) {
  if (!buffer_.empty()) flush(false);
  line_->when_ready(std::move(callback));
}

void WebSink::whole(unsigned status, const std::string& type, std::string body, const std::string& etag) {
  ended_ = true;
  ipc::WebHead head;
  head.set_etag(etag);
  send_whole(*line_, status, type, std::move(body), std::move(head));
}

void WebSink::begin_list() {
  if (std::exchange(begun_, true)) return;
  ipc::BrokerToWeb message;
  ipc::WebHead& head = *message.mutable_head();
  head.set_number(line_->number());
  head.set_status(200);
  head.set_content_type(kJson);
  head.set_length(-1);
  line_->send(std::move(message), false);
  buffer_ = "{\"items\":[";
}

void WebSink::flush(bool last) {
  send_body(*line_, buffer_, last);
  buffer_.clear();
}

base::Status WebSink::item(const api::Item& item) {
  if (!is_list()) {
    if (!std::exchange(any_, true)) first_ = shape_ == Shape::resource ? as_resource(item) : item.json;
    if (item.version > 0) etag_ = "\"" + std::to_string(item.version) + "\"";
    return {};
  }
  begin_list();
  if (std::exchange(any_, true)) buffer_ += ',';
  buffer_ += shape_ == Shape::resources ? as_resource(item) : item.json;
  if (buffer_.size() >= kPieceBytes) flush(false);
  return {};
}

base::Status WebSink::watch_event(const ipc::WatchEvent&) {
  return base::fail(base::Errc::unsupported, "a session is watched over WebSocket");
}

base::Status WebSink::recording(const ipc::RecordingHandle&, std::vector<base::Fd>) {
  return base::fail(base::Errc::unsupported, "a recording goes to a viewer");
}

base::Status WebSink::done(const std::string& json) {
  if (is_list()) {
    begin_list();
    // What the end says beside the items: {"next": …, "total": …}.
    buffer_ += "]";
    if (json.size() > 2 && json.front() == '{') buffer_ += "," + json.substr(1);
    if (json.size() <= 2 || json.front() != '{') buffer_ += "}";
    ended_ = true;
    flush(true);
    return {};
  }
  if (shape_ == Shape::nothing) {
    // A change that waits for a second administrator has not happened: 204 would be a lie.
    const auto end = nlohmann::json::parse(json, nullptr, false);
    const bool waits = end.is_object() && end.contains("change");
    whole(waits ? 202 : 204, waits ? kJson : "", waits ? json : "", "");
  } else if (shape_ == Shape::end) {
    whole(200, kJson, json, "");
  } else {
    whole(200, kJson, any_ ? first_ : json, etag_);
  }
  return {};
}

void WebSink::fail(const base::Error& error) {
  ended_ = true;
  if (!begun_) return send_problem(*line_, problem_of(error));
  // Too late for a status: the answer breaks off, so that nobody takes it for a whole one.
  ipc::BrokerToWeb message;
  message.mutable_piece()->set_number(line_->number());
  message.mutable_piece()->set_last(true);
  message.mutable_piece()->set_broken(true);
  line_->send(std::move(message), true);
}

}  // namespace sallyport::broker::web
