// SPDX-License-Identifier: Apache-2.0
// From handles to messages for a viewer.
#include "broker/web/view_sink.h"

#include <utility>

#include "broker/web/web_sink.h"

namespace sallyport::broker::web {

base::Status ViewSink::item(const api::Item&) {
  return base::fail(base::Errc::unsupported, "a recording is no list");
}

base::Status ViewSink::watch_event(const ipc::WatchEvent&) {
  return base::fail(base::Errc::unsupported, "a recording is not watched");
}

base::Status ViewSink::recording(const ipc::RecordingHandle& handle, std::vector<base::Fd> fds) {
  OpenedRecording::Part& part = recording_->parts.emplace_back();
  ipc::RecordingHandle& record = *part.message.mutable_record();
  record = handle;
  if (recording_->parts.size() == 1) {
    recording_->facts = handle.json();
    recording_->has_key = !handle.session_key().empty();
    recording_->key_problem = handle.key_problem();
  }
  record.clear_json();  // the gateway's own, and of no use to a viewer
  part.fds = std::move(fds);
  return {};
}

base::Status ViewSink::done(const std::string&) {
  ended_ = true;
  opened_(std::move(recording_));
  return {};
}

void ViewSink::fail(const base::Error& error) {
  ended_ = true;
  send_problem(*line_, problem_of(error));
}

}  // namespace sallyport::broker::web
