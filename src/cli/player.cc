// SPDX-License-Identifier: Apache-2.0
// Replay.
#include "cli/player.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/escape.h"
#include "cli/control_notice.h"
#include "cli/painter.h"
#include "event/event.pb.h"

namespace sallyport::cli {
namespace {

using codec::terminal::Terminal;
using event::Event;

constexpr base::Micros kFrameUs = 33'000;  // no terminal is looked at more often
constexpr std::size_t kMaxDamages = 1000;

class Player {
 public:
  Player(Viewer& viewer, const ChannelFacts& channel, const PlayOptions& options)
      : viewer_(viewer),
        channel_(channel),
        options_(options),
        notices_(channel),
        screen_(channel.size, 0),
        painter_(viewer.size()) {}

  // False: the viewer has seen enough.
  bool step(base::Micros time_us, bool up, const Event& event) {
    const bool output = event.kind_case() == Event::kData && !up && event.data().channel() == channel_.channel;
    const auto size = resize_of(event, channel_.channel);
    const auto notice = notices_.see(time_us, event);
    if (!output && !size && !notice) return !viewer_.left();
    if (!wait_for(time_us)) return false;
    if (output) feed(event.data().bytes());
    if (size) screen_.resize(*size);
    if (notice) notice_.show(*notice, clock_.monotonic_us());
    dirty_ = true;
    return true;
  }

  void finish() {
    state_ = State::at_end;
    dirty_ = true;
    paint();
    while (options_.at_end == PlayOptions::AtEnd::hold && !viewer_.left()) {
      if (viewer_.wait_key(200) != Key::none) return;
      if (viewer_.take_resized()) repaint();
      paint();
    }
  }

 private:
  void feed(const std::string& bytes) {
    if (channel_.terminal) return screen_.feed(base::view(bytes));
    std::string text;  // no terminal driver has been over it
    for (const char c : bytes) {
      if (c == '\n') text += '\r';
      text += c;
    }
    screen_.feed(base::view(text));
  }

  // Until the entry is due; keys act meanwhile.
  bool wait_for(base::Micros time_us) {
    base::Micros gap = last_us_ == 0 ? 0 : std::max<base::Micros>(time_us - last_us_, 0);
    last_us_ = time_us;
    if (options_.idle_limit_seconds > 0) {
      gap = std::min(gap, static_cast<base::Micros>(options_.idle_limit_seconds * 1e6));
    }
    due_us_ += static_cast<base::Micros>(static_cast<double>(gap) / options_.speed);
    for (;;) {
      const base::Micros now = clock_.monotonic_us();
      if (due_us_ == 0 || due_us_ < now - 1'000'000) due_us_ = now;  // late or new: no catching up in a rush
      const base::Micros left = due_us_ - now;
      if (left > kFrameUs || now - painted_us_ > kFrameUs) paint();
      if (viewer_.left()) return false;
      const bool look = left > 0 || now - looked_us_ > kFrameUs;
      if (!look) return true;
      looked_us_ = now;
      const Key key = viewer_.wait_key(static_cast<int>(std::clamp<base::Micros>(left / 1000, 0, 200)));
      if (key == Key::quit || (key == Key::pause && !pause())) return false;
      if (key == Key::faster) options_.speed = std::min(options_.speed * 2, 1000.0);
      if (key == Key::slower) options_.speed = std::max(options_.speed / 2, 0.01);
      if (viewer_.take_resized()) repaint();
      if (clock_.monotonic_us() >= due_us_) return true;
    }
  }

  bool pause() {
    state_ = State::paused;
    paint();
    Key key = Key::none;
    while (!viewer_.left() && key != Key::quit && key != Key::pause) {
      key = viewer_.wait_key(200);
      if (viewer_.take_resized()) repaint();
    }
    state_ = State::playing;
    due_us_ = clock_.monotonic_us();
    return key == Key::pause;
  }

  void repaint() {
    painter_.reset(viewer_.size());
    painter_.set_status(status_);
    dirty_ = true;
    paint();
  }

  std::string status() const {
    if (state_ == State::paused) return "paused: press space to go on, q to leave";
    std::string notice = notice_.text(clock_.monotonic_us());
    // Over the last line of a screen as large as the terminal it would hide what the session showed.
    if (state_ == State::playing || !notice.empty() || painter_.view().rows <= screen_.size().rows) return notice;
    return "end of the recording: press q to leave";
  }

  void paint() {
    if (std::string now = status(); now != status_) {
      status_ = std::move(now);
      painter_.set_status(status_);
      dirty_ = true;
    }
    if (!dirty_) return;
    viewer_.write(painter_.paint(screen_));
    dirty_ = false;
    painted_us_ = clock_.monotonic_us();
  }

  base::SystemClock clock_;
  Viewer& viewer_;
  const ChannelFacts& channel_;
  PlayOptions options_;
  ChannelNotices notices_;
  NoticeLine notice_;
  Terminal screen_;
  Painter painter_;
  enum class State { playing, paused, at_end } state_ = State::playing;
  std::string status_;  // what the painter was told
  base::Micros last_us_ = 0;
  base::Micros due_us_ = 0;
  base::Micros painted_us_ = 0;
  base::Micros looked_us_ = 0;
  bool dirty_ = true;
};

}  // namespace

base::Status play(const OpenRecording& recording, const ChannelFacts& channel, const PlayOptions& options,
                  Viewer& viewer) {
  viewer.take_screen();
  std::vector<std::string> damages;
  Player player(viewer, channel, options);
  Visitor visitor;
  visitor.damage = [&](const recording::Damage& damage) {
    if (damages.size() < kMaxDamages) damages.push_back(damage.where + ": " + damage.what);
  };
  visitor.event = [&](const EventPlace& at, const Event& event) { return player.step(at.time_us, at.up, event); };
  base::Result<WalkEnd> end = walk(recording, visitor);
  if (end && *end != WalkEnd::stopped) player.finish();
  for (const std::string& damage : damages) {
    std::cerr << "sallyport: damaged: " << base::escape_for_terminal(damage) << "\n";
  }
  if (!end) return base::pass(end);
  return {};
}

base::Status dump_output(const OpenRecording& recording, const ChannelFacts& channel) {
  Visitor visitor;
  base::Status written;
  visitor.damage = [](const recording::Damage& damage) {
    std::cerr << "sallyport: damaged: " << base::escape_for_terminal(damage.where + ": " + damage.what) << "\n";
  };
  visitor.event = [&](const EventPlace& at, const Event& event) {
    if (event.kind_case() != Event::kData || at.up || event.data().channel() != channel.channel) return true;
    written = base::write_all(STDOUT_FILENO, base::view(event.data().bytes()));
    return written.has_value();
  };
  const auto end = walk(recording, visitor);
  if (!written) return written;
  if (!end) return base::fail(end.error().code, end.error().message);
  return {};
}

}  // namespace sallyport::cli
