// SPDX-License-Identifier: Apache-2.0
// A recording that the API opens for a viewer: files and keys on their way to its worker, and never to a web front.
// Trusted side, main loop.
#pragma once

#include <functional>
#include <memory>

#include "broker/api/reply_sink.h"
#include "broker/web/answer_line.h"
#include "broker/web/viewing.h"

namespace sallyport::broker::web {

class ViewSink final : public api::ReplySink {
 public:
  /// Called on the main loop, once, when all of the recording is there.
  using Opened = std::function<void(std::shared_ptr<OpenedRecording>)>;

  ViewSink(std::shared_ptr<AnswerLine> line, Opened opened) : line_(std::move(line)), opened_(std::move(opened)) {}

  bool open() const override { return line_->open() && !ended_; }
  bool ready() const override { return line_->ready(); }
  void when_ready(std::function<void()> callback) override { line_->when_ready(std::move(callback)); }
  base::Status item(const api::Item& item) override;
  base::Status watch_event(const ipc::WatchEvent& event) override;
  base::Status recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds) override;
  base::Status done(const std::string& json) override;
  void fail(const base::Error& error) override;

 private:
  const std::shared_ptr<AnswerLine> line_;
  const Opened opened_;
  std::shared_ptr<OpenedRecording> recording_ = std::make_shared<OpenedRecording>();
  bool ended_ = false;
};

}  // namespace sallyport::broker::web
