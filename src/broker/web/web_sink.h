// SPDX-License-Identifier: Apache-2.0
// The answer of an operation as the body of an HTTP answer, piece by piece. Trusted side, main loop.
#pragma once

#include <memory>
#include <string>

#include "broker/api/reply_sink.h"
#include "broker/web/answer_line.h"
#include "broker/web/problem.h"
#include "broker/web/routes.h"

namespace sallyport::broker::web {

class WebSink final : public api::ReplySink {
 public:
  WebSink(std::shared_ptr<AnswerLine> line, Shape shape) : line_(std::move(line)), shape_(shape) {}

  bool open() const override { return line_->open() && !ended_; }
  bool ready() const override { return line_->ready(); }
  void when_ready(std::function<void()> callback) override;
  base::Status item(const api::Item& item) override;
  base::Status watch_event(const ipc::WatchEvent& event) override;
  base::Status recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds) override;
  base::Status done(const std::string& json) override;
  void fail(const base::Error& error) override;

 private:
  bool is_list() const { return shape_ == Shape::list || shape_ == Shape::resources; }
  void begin_list();
  void flush(bool last);
  void whole(unsigned status, const std::string& type, std::string body, const std::string& etag);

  const std::shared_ptr<AnswerLine> line_;
  const Shape shape_;
  bool begun_ = false;
  bool ended_ = false;
  bool any_ = false;
  std::string buffer_;
  std::string first_;
  std::string etag_;
};

/// A whole answer that no operation gives.
void send_whole(AnswerLine& line, unsigned status, const std::string& type, std::string body, ipc::WebHead head = {});
void send_problem(AnswerLine& line, const Problem& problem, ipc::WebHead head = {});

}  // namespace sallyport::broker::web
