// SPDX-License-Identifier: Apache-2.0
// A terminal in the browser as the user side of a session. It makes the events that a client makes who opens one
// channel with a terminal and a shell, so that rules, record and watchers know no difference. Trusted side, on a
// session loop. What the front says is bounded here: typed bytes by the room that it was told of, sizes by their
// number in a second.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/session/alarm.h"
#include "broker/session/front_side.h"
#include "broker/session/user_session.h"
#include "event/event.pb.h"
#include "ipc/web.pb.h"

namespace sallyport::broker::web {

/// The way to the front.
class TerminalWire {
 public:
  virtual ~TerminalWire() = default;
  virtual void send(const ipc::BrokerToWeb& message) = 0;
  virtual bool congested() const = 0;
  virtual void hold_reading(bool hold) = 0;
  virtual void kill(const std::string& fault) = 0;
  virtual std::shared_ptr<const base::Fd> pidfd() const = 0;
  virtual pid_t pid() const = 0;
};

class BrowserTerminal final : public FrontSide {
 public:
  /// Bytes of output that the browser may not have taken yet.
  static constexpr std::uint32_t kWindowBytes = 256 * 1024;
  /// Typed bytes that the front may send before the target has taken them.
  static constexpr std::uint32_t kRoomBytes = 64 * 1024;
  static constexpr std::uint32_t kMaxColumns = 1000;
  static constexpr std::uint32_t kMaxRows = 500;
  /// From one size of the terminal to the next: of those in between the last one counts.
  static constexpr std::int64_t kResizeUs = 100'000;
  /// What `ssh` ends with when it could not connect.
  static constexpr std::uint32_t kNoStatus = 255;

  struct Size {
    std::uint32_t columns = 80;
    std::uint32_t rows = 24;
  };
  struct Keepalive {
    std::uint32_t seconds = 0;
    std::uint32_t unanswered = 0;
  };

  /// The references outlive it.
  struct Means {
    TerminalWire& wire;
    Alarm& resize_alarm;
    std::function<void(std::function<void()>)> later;  ///< on the loop, when what happens now is done
    std::function<void()> ended;                       ///< the last word was said; once
  };

  /// number: of the request.
  BrowserTerminal(Means means, std::uint64_t number, Size size);

  /// Tells the browser, and opens the channel. The session outlives it, or leave() comes first.
  void begin(UserSession& session, Keepalive keepalive);
  /// The session is gone: it is told nothing any more.
  void forget_session() { session_ = nullptr; }
  /// A message of the front. It ends the front when it breaks the rules.
  void take(ipc::WebToBroker& message);
  /// Ends it from this side, whatever the session does. reason: for the audit log.
  void leave(const std::string& words, const std::string& reason);
  /// A fresh one-time code would help: the browser hears of it when there is no session.
  void code_is_due() { refusal_code_ = "factor"; }
  /// Why the session ended, if anybody here knows better than the front; else what the front says.
  std::string end_reason(const std::string& of_front) const { return reason_.empty() ? of_front : reason_; }

  void ready(const TargetGreeting& greeting) override;
  void refuse(const std::string& text) override { end(kNoStatus, text, refusal_code_); }
  void tell(const Notice& notice) override;
  void ask_password(const std::string& prompt, Asked asked) override;
  void terminate(const std::string& text, Goodbye goodbye) override;
  void send_event(base::ByteView event) override;
  void send_credit(const ipc::Credit& credit) override;
  void send_bulk_start(const ipc::BulkStart& start, std::span<const int> fds) override;
  void hold_events(bool hold) override;
  void hold_reading(bool hold) override { wire_.hold_reading(hold); }
  bool congested() const override { return wire_.congested(); }
  void kill(const std::string& fault) override { wire_.kill(fault); }
  std::shared_ptr<const base::Fd> pidfd() const override { return wire_.pidfd(); }
  pid_t pid() const override { return wire_.pid(); }

 private:
  /// How far the channel has come.
  enum class Stage { opening, terminal_asked, shell_asked, running, closed };

  void say(const event::Event& event);
  void say_soon(const event::Event& event);
  void ask_for_terminal();
  void ask_for_shell();
  void answered(bool ok);
  void give_up(const std::string& words, const std::string& reason);
  void output(const event::Data& data);
  void close_channel();
  void program_ended();
  void grant();
  void typed(const ipc::WebTyped& typed);
  void taken(std::uint32_t bytes);
  void prove(ipc::WebProof& proof);
  void resize(Size size);
  void say_size(Size size);
  void show_state(const std::string& words, bool goes_on);
  std::string state() const;
  void end(std::uint32_t status, const std::string& words, const std::string& code = {});

  Means means_;
  TerminalWire& wire_;
  const std::uint64_t number_;
  Size size_;
  UserSession* session_ = nullptr;
  std::optional<Size> next_size_;
  Stage stage_ = Stage::opening;
  bool ready_ = false, waits_ = false, holds_ = false, over_ = false, resize_rests_ = false;
  std::string request_;          // that it waits for
  std::string why_not_;          // the rules' last word about the channel
  std::string reason_;           // of the end
  std::uint64_t up_window_ = 0;  // what the target takes, beyond what the front was told of
  std::uint32_t room_ = 0;       // what the front was told of, and has not sent
  std::uint64_t typed_total_ = 0;
  std::uint64_t untaken_ = 0;            // output that the browser has not taken
  std::optional<std::uint32_t> status_;  // the program's
  std::string signal_;
  std::string refusal_code_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sallyport::broker::web
