// SPDX-License-Identifier: Apache-2.0
// The loops between a contained child and the terminal.
#include "cli/reading.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <vector>

#include "cli/record_access.h"
#include "cli/safe_text.h"
#include "cli/tty.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

base::Result<sandbox::ReaderBox> make_box() {
  sandbox::ReaderBox box;
  if (const auto failure = sandbox::make_reader_box(box)) {
    const std::string remedy = failure->remedy.empty() ? "" : "; " + failure->remedy;
    return base::fail(
        base::Errc::unsupported,
        "this host offers no sandbox for the decoder, and without one nothing is decoded: " + failure->what + remedy);
  }
  return box;
}

// Words to a descriptor, safe where that is a terminal.
class Words {
 public:
  explicit Words(int fd) : fd_(fd), terminal_(::isatty(fd) == 1), safe_(SafeText::Words::lines) {}
  base::Status write(std::string_view words) {
    return base::write_all(fd_, base::view(terminal_ ? safe_.feed(words) : std::string(words)));
  }
  base::Status finish() { return base::write_all(fd_, base::view(safe_.finish())); }

 private:
  int fd_;
  bool terminal_;
  SafeText safe_;
};

/// A child with a terminal in front of it.
class Stage {
 public:
  explicit Stage(Contained child, AdminClient* watched)
      : child_(std::move(child)), watched_(watched), painted_(SafeText::Words::painted) {}

  base::Result<int> run() {
    catch_interrupts();
    base::Status going;
    while (!child_.over() && !interrupted() && going) {
      if (guard_ && guard_->take_resized()) tell_size();
      going = turn();
    }
    const bool left = interrupted();
    guard_.reset();
    if (auto said = errors_.write(kept_errors_); !said) return base::pass(said);
    if (!going) return base::pass(going);
    if (left) return 0;
    return child_.result();
  }

 private:
  base::Status turn() {
    std::vector<pollfd> polls;
    child_.add_polls(polls);
    if (unheard_) polls[0].events |= POLLOUT;
    // What is watched waits for a child that does not listen: the gateway's feed is bounded, and tells of a gap.
    polls.push_back({watched_ != nullptr && !unheard_ ? watched_->fd() : -1, POLLIN, 0});
    polls.push_back({guard_ ? STDIN_FILENO : -1, POLLIN, 0});
    if (::poll(polls.data(), polls.size(), 200) <= 0) return {};
    Contained::Said said;
    child_.take(std::span(polls).first(Contained::kPolls), said);
    if (auto shown = show(said); !shown) return shown;
    if (guard_ && polls[4].revents != 0) tell_key();
    if (unheard_ && child_.tell(unheard_->order, unheard_->rest)) unheard_.reset();
    return polls[3].revents == 0 ? base::Status{} : pass_events();
  }

  base::Status show(const Contained::Said& said) {
    if (said.screen && !guard_) {
      auto taken = ScreenGuard::take();
      if (!taken) return base::pass(taken);
      guard_.emplace(std::move(*taken));
      tell_size();
    }
    if (guard_) {
      if (kept_errors_.size() < kMaxKeptErrors) kept_errors_ += said.err;
      guard_->write(painted_.feed(said.out));
      return {};
    }
    if (auto written = errors_.write(said.err); !written) return written;
    return words_.write(said.out);
  }

  void tell_key() {
    const auto key = static_cast<char>(wait_key(0));
    (void)child_.tell(Order::key, {&key, 1});  // a key for one that does not listen is lost, as on a slow terminal
  }

  void tell_size() {
    const auto size = terminal_size(STDOUT_FILENO);
    const std::array<char, 4> bytes{static_cast<char>(size.rows & 0xFF), static_cast<char>(size.rows >> 8 & 0xFF),
                                    static_cast<char>(size.columns & 0xFF),
                                    static_cast<char>(size.columns >> 8 & 0xFF)};
    (void)child_.tell(Order::size, {bytes.data(), bytes.size()});
  }

  // Everything that waits, but never so much that a flood hides the keys.
  base::Status pass_events() {
    for (int i = 0; i < 256 && !unheard_ && watched_ != nullptr; ++i) {
      auto reply = watched_->receive(0);
      if (!reply && reply.error().code == base::Errc::timeout) return {};
      if (!reply) return base::pass(reply);
      if (reply->kind_case() == ipc::AdminReply::kDone) {
        tell({Order::watch_end, {}});
        watched_ = nullptr;
      } else if (reply->kind_case() == ipc::AdminReply::kWatchEvent) {
        tell({Order::watched, reply->watch_event().SerializeAsString()});
      }
    }
    return {};
  }

  struct Message {
    Order order;
    std::string rest;
  };
  void tell(Message message) {
    if (!child_.tell(message.order, message.rest)) unheard_ = std::move(message);
  }

  static constexpr std::size_t kMaxKeptErrors = 1024 * 1024;

  Contained child_;
  AdminClient* watched_;
  SafeText painted_;
  Words words_{STDOUT_FILENO};
  Words errors_{STDERR_FILENO};
  std::string kept_errors_;  // said while the screen was taken
  std::optional<Message> unheard_;
  std::optional<ScreenGuard> guard_;
};

base::Result<int> on_stage(std::span<const int> kept, const ContainedWork& work, AdminClient* watched) {
  auto box = make_box();
  if (!box) return base::pass(box);
  auto child = Contained::start(*box, kept, terminal_size(STDOUT_FILENO), work);
  if (!child) return base::pass(child);
  return Stage(std::move(*child), watched).run();
}

}  // namespace

base::Result<int> read_contained(const OpenRecording& recording, const ContainedWork& work, OutputSink sink) {
  auto box = make_box();
  if (!box) return base::pass(box);
  auto child = Contained::start(*box, recording.descriptors, {}, work);
  if (!child) return base::pass(child);
  Words words(STDOUT_FILENO);
  Words errors(STDERR_FILENO);
  if (!sink) sink = [&](std::string_view said) { return words.write(said); };
  while (!child->over()) {
    std::vector<pollfd> polls;
    child->add_polls(polls);
    if (::poll(polls.data(), polls.size(), -1) <= 0) continue;
    Contained::Said said;
    child->take(polls, said);
    if (auto written = errors.write(said.err); !written) return base::pass(written);
    if (auto written = sink(said.out); !written) return base::pass(written);
  }
  if (auto written = words.finish(); !written) return base::pass(written);
  return child->result();
}

base::Result<int> view_contained(std::span<const int> kept, const ContainedWork& work) {
  return on_stage(kept, work, nullptr);
}

base::Result<int> watch_contained(AdminClient& client, const ContainedWork& work) {
  return on_stage({}, work, &client);
}

bool screen_available() {
  return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace sallyport::cli
