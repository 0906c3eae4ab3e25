// SPDX-License-Identifier: Apache-2.0
// What a watcher of a session is shown, on its way to a WebSocket. Trusted side, main loop. It looks into no event: the
// front makes frames of them.
#pragma once

#include <memory>

#include "broker/api/reply_sink.h"
#include "broker/web/answer_line.h"

namespace sallyport::broker::web {

class WatchSink final : public api::ReplySink {
 public:
  explicit WatchSink(std::shared_ptr<AnswerLine> line) : line_(std::move(line)) {}

  bool open() const override { return line_->open() && !ended_; }
  bool ready() const override { return line_->ready(); }
  void when_ready(std::function<void()> callback) override { line_->when_ready(std::move(callback)); }
  base::Status item(const api::Item& item) override;
  base::Status watch_event(const ipc::WatchEvent& event) override;
  base::Status recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds) override;
  base::Status done(const std::string& json) override;
  void fail(const base::Error& error) override;

 private:
  void end(unsigned code, const std::string& reason);

  const std::shared_ptr<AnswerLine> line_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace sallyport::broker::web
