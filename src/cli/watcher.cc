// SPDX-License-Identifier: Apache-2.0
// session watch.
#include "cli/watcher.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.h"
#include "base/escape.h"
#include "base/text_time.h"
#include "cli/control_notice.h"
#include "cli/output.h"
#include "cli/painter.h"
#include "cli/reading.h"
#include "cli/watch_screen.h"
#include "event/event.pb.h"
#include "ipc/admin.pb.h"
#include "replay/event_json.h"

namespace sallyport::cli {
namespace {

using replay::Direction;
using replay::event_json;
using replay::event_line;

using event::Event;

constexpr base::Micros kFrameUs = 33'000;
constexpr int kFrameMs = 33;
constexpr std::size_t kMaxEventBytes = 288 * 1024;

class Watcher {
 public:
  Watcher(Format format, WatchView view, Viewer& viewer) : format_(format), view_(view), viewer_(viewer) {}

  void run() {
    while (!viewer_.left() && !viewer_.watch_ended()) {
      // Everything that has come, but never so much that a flood hides the keys.
      if (viewer_.wait_key(painter_ ? kFrameMs : 1000) == Key::quit && painter_) return;
      for (std::string next = viewer_.take_watched(); !next.empty(); next = viewer_.take_watched()) {
        ipc::WatchEvent message;
        if (message.ParseFromString(next)) take(message);
      }
      if (painter_ && viewer_.take_resized()) {
        painter_->reset(viewer_.size());
        painter_->set_status(status_);
        dirty_ = true;
      }
      paint();
    }
    if (viewer_.watch_ended() && format_ == Format::table) std::cerr << "the session has ended\n";
  }

 private:
  void take(const ipc::WatchEvent& message) {
    if (message.gap()) {
      screen_.gap();
      note(message.time_us(), Json{{"gap", true}}, "the watcher was too slow: events are missing");
    }
    if (!message.state().empty()) {
      state_ = message.state();
      if (state_ == "live") notice_.goes_on();
      note(message.time_us(), Json{{"state", state_}}, "the session is " + state_);
    }
    if (message.event().empty()) return;
    pending_ += message.event();
    if (pending_.size() > kMaxEventBytes) pending_.clear();
    if (message.more()) return;
    Event event;
    const bool parsed = event.ParseFromString(pending_);
    pending_.clear();
    if (parsed) see(message, event);
  }

  void note(base::Micros time_us, const Json& json, const std::string& line) {
    if (format_ == Format::json) {
      Json out{{"time", base::to_rfc3339(time_us)}};
      out.update(json);
      std::cout << dump(out) << std::endl;
    } else if (!painter_) {
      std::cout << base::to_rfc3339(time_us) << " " << base::escape_for_terminal(line) << std::endl;
    }
  }

  void see(const ipc::WatchEvent& message, const Event& event) {
    const base::Micros time_us = message.time_us();
    const Direction direction = message.up() ? Direction::up : Direction::down;
    if (format_ == Format::json) return note(time_us, event_json(event, direction), "");
    if (view_ == WatchView::screen) {
      const bool shown = screen_.see(message.sequence(), event);
      if (screen_.screen() != nullptr && !painter_) take_screen();
      dirty_ = dirty_ || shown;
      // Who joins late is told of what happened before.
      const base::Micros age = std::max<base::Micros>(clock_.now_us() - time_us, 0);
      if (const auto told = notice_of(event)) notice_.show(*told, clock_.monotonic_us() - age);
      if (shown && painter_) return;
    }
    if (event.kind_case() != Event::kKeyframe) note(time_us, {}, event_line(event, direction));
  }

  void take_screen() {
    viewer_.take_screen();
    painter_.emplace(viewer_.size());
    status_.clear();
    dirty_ = true;
  }

  std::string status() const {
    std::string notice = notice_.text(clock_.monotonic_us());
    if (!notice.empty() || state_.empty() || state_ == "live") return notice;
    return "the session is " + state_;
  }

  void paint() {
    if (!painter_) return;
    if (std::string now = status(); now != status_) {
      status_ = std::move(now);
      painter_->set_status(status_);
      dirty_ = true;
    }
    if (!dirty_) return;
    const base::Micros now = clock_.monotonic_us();
    if (now - painted_us_ < kFrameUs) return;
    painted_us_ = now;
    dirty_ = false;
    viewer_.write(painter_->paint(*screen_.screen()));
  }

  base::SystemClock clock_;
  Format format_;
  WatchView view_;
  Viewer& viewer_;
  std::optional<Painter> painter_;
  WatchScreen screen_;
  std::string state_;
  NoticeLine notice_;
  std::string status_;  // what the painter was told
  std::string pending_;
  base::Micros painted_us_ = 0;
  bool dirty_ = false;
};

}  // namespace

base::Result<int> watch(Context& context, AdminClient& client, const std::string& id, WatchView view) {
  ipc::AdminRequest request;
  request.mutable_session_watch()->set_id(id);
  if (auto sent = client.send(request); !sent) return base::pass(sent);
  if (!screen_available()) view = WatchView::lines;
  return watch_contained(client, [format = context.format, view](Viewer& viewer) -> base::Result<int> {
    Watcher(format, view, viewer).run();
    return 0;
  });
}

}  // namespace sallyport::cli
