// SPDX-License-Identifier: Apache-2.0
// The upgrade, the events, the end.
#include "broker/web/watch_sink.h"

#include <utility>

#include "broker/web/web_sink.h"

namespace sallyport::broker::web {

namespace {
// RFC 6455 section 7.4.1.
constexpr unsigned kNormal = 1000;
constexpr unsigned kServerError = 1011;
}  // namespace

base::Status WatchSink::item(const api::Item&) {
  return base::fail(base::Errc::unsupported, "a list does not go over a WebSocket");
}

base::Status WatchSink::recording(const ipc::RecordingHandle&, std::vector<base::Fd>) {
  return base::fail(base::Errc::unsupported, "a recording goes to a viewer");
}

base::Status WatchSink::watch_event(const ipc::WatchEvent& event) {
  if (!std::exchange(begun_, true)) {
    ipc::BrokerToWeb upgrade;
    upgrade.mutable_head()->set_number(line_->number());
    upgrade.mutable_head()->set_status(101);
    line_->send(std::move(upgrade), false);
  }
  ipc::BrokerToWeb message;
  ipc::WebWatched& out = *message.mutable_watched();
  out.set_number(line_->number());
  out.set_time_us(event.time_us());
  out.set_sequence(event.sequence());
  out.set_event(event.event());
  out.set_more(event.more());
  out.set_gap(event.gap());
  out.set_state(event.state());
  out.set_up(event.up());
  line_->send(std::move(message), false);
  return {};
}

base::Status WatchSink::done(const std::string&) {
  end(kNormal, "the session has ended");
  return {};
}

void WatchSink::fail(const base::Error& error) {
  if (begun_) return end(kServerError, error.message);
  ended_ = true;
  send_problem(*line_, problem_of(error));
}

void WatchSink::end(unsigned code, const std::string& reason) {
  ended_ = true;
  ipc::BrokerToWeb message;
  message.mutable_close()->set_number(line_->number());
  message.mutable_close()->set_code(code);
  message.mutable_close()->set_reason(reason);
  line_->send(std::move(message), true);
}

}  // namespace sallyport::broker::web
