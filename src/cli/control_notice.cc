// SPDX-License-Identifier: Apache-2.0
// Acts in words.
#include "cli/control_notice.h"

#include "cli/record_access.h"
#include "event/event.pb.h"

namespace sallyport::cli {

using event::Event;

std::optional<Notice> notice_of(const Event& event) {
  if (event.kind_case() != Event::kControl) return std::nullopt;
  const event::Control& control = event.control();
  const std::string& action = control.action();
  std::string what;
  if (action == "pause") {
    what = "paused by " + control.actor();
  } else if (action == "suspend") {
    what = "suspended by " + control.actor();
  } else if (action == "resume") {
    what = "resumed by " + control.actor();
  } else if (action == "terminate") {
    what = "terminated by " + control.actor();
  } else if (action == "message") {
    what = "message from " + control.actor();
  } else if (action == "reauthenticated") {
    what = control.actor() + " has authenticated again";
  } else {
    return std::nullopt;  // who watches is not shown to the user
  }
  if (!control.text().empty()) what += ": " + control.text();
  return Notice{"[sallyport: " + what + "]", action == "pause" || action == "suspend"};
}

ChannelNotices::ChannelNotices(const ChannelFacts& channel)
    : channel_(channel.channel), started_us_(channel.started_us) {}

std::optional<Notice> ChannelNotices::see(base::Micros time_us, const Event& event) {
  if (event.kind_case() == Event::kClose && event.close().channel() == channel_) closed_ = true;
  if (closed_ || time_us < started_us_) return std::nullopt;
  return notice_of(event);
}

void NoticeLine::show(Notice notice, base::Micros now_us) {
  notice_ = std::move(notice);
  shown_us_ = now_us;
}

void NoticeLine::goes_on() {
  if (notice_.lasting) notice_ = {};
}

std::string NoticeLine::text(base::Micros now_us) const {
  return notice_.lasting || now_us - shown_us_ < kReadingUs ? notice_.text : std::string();
}

}  // namespace sallyport::cli
