// SPDX-License-Identifier: Apache-2.0
// One front: an SSH server to one client, an event source to the broker. Untrusted side. It holds no key, decides
// nothing, and says nothing of who the client is but the evidence that the client gave.
#pragma once

#include <optional>
#include <string>

#include "front/ssh/authentication.h"
#include "front/ssh/front_channel.h"
#include "ipc/ssh_front.pb.h"
#include "leg/ssh/worker.h"

namespace sallyport::front::ssh {

class FrontWorker final : public leg::ssh::Worker {
 public:
  FrontWorker(leg::WorkerSockets sockets, const base::Clock& clock, base::Random& random)
      : Worker(leg::ssh::Side::front, sockets, clock, random) {}

 private:
  using RelayChannel = leg::ssh::RelayChannel;
  using StreamId = leg::StreamId;
  using Took = leg::ssh::Took;

  // Worker (front_worker.cc)
  base::Status on_control(base::ByteView message, std::span<base::Fd> fds) override;
  void tell_ended(const std::string& reason, leg::Ending how) override;
  base::Status before_live(base::ByteView payload) override;
  base::Status demand(codec::ssh::EventKind kind) override;
  std::unique_ptr<leg::ssh::BulkPath> make_bulk_path() override;
  bool role_holds_peer() const override;
  bool role_awaits_peer() const override;
  base::Status role_pump() override;
  base::Status start(const ipc::FrontStart& start);
  base::Status kex_signed(const ipc::KexSigned& answer);
  base::Status auth_reply(const ipc::AuthReply& reply);
  base::Status live_control(const ipc::BrokerToFront& message, std::span<base::Fd> fds);

  // RelayRole (front_channels.cc)
  leg::ssh::Opening peer_opens(RelayChannel& channel, const codec::ssh::ChannelOpen& open) override;
  Took peer_data(RelayChannel& channel, StreamId stream, base::ByteView data) override;
  Took peer_request(RelayChannel& channel, const codec::ssh::ChannelRequest& request) override;
  void request_not_carried(RelayChannel& channel, std::string_view why) override;
  Took peer_global_request(const codec::ssh::GlobalRequest& request) override;
  void peer_global_answer(bool) override {}
  void peer_finished(RelayChannel& channel) override;
  void far_terminal_state(RelayChannel& channel, const event::TerminalState& state) override;
  void grant_far(std::uint32_t channel, std::uint32_t bytes) override;
  void far_refused(RelayChannel& channel, std::string_view text) override;
  void swallowed_answer(RelayChannel& channel, bool ok) override;
  void channel_gone(RelayChannel& channel) override;
  void note_request(FrontChannel& front, const codec::ssh::ChannelRequest& request);
  bool only_session(const RelayChannel& channel);

  // Before there is a target, and when there will be none (lobby.cc)
  leg::ssh::Opening open_jump(RelayChannel& channel, const codec::ssh::ChannelOpen& open);
  Took lobby_request(RelayChannel& channel, const codec::ssh::ChannelRequest& request);
  void lobby_program(RelayChannel& channel);
  void show_menu(RelayChannel& channel);
  void show_waiting_menu();
  base::Status menu_keys(RelayChannel& channel, base::ByteView keys);
  void choose(std::uint32_t index);
  void give_up_choosing(RelayChannel& channel);
  std::string usage() const;
  base::Status jump_reply(const ipc::JumpReply& reply, std::span<base::Fd> fds);
  base::Status service_reply(const ipc::ServiceReply& reply);
  base::Status menu(const ipc::Menu& menu);
  base::Status refused(const ipc::Refused& refused);
  void say_farewell(RelayChannel& channel);

  // What is said to the user in between (notices.cc)
  void notice(const ipc::Notice& notice);
  void ask_password(const ipc::AskPassword& ask);
  base::Status prompt_keys(RelayChannel& channel, base::ByteView keys);
  void end_prompts();
  void terminate(const ipc::Terminate& message);
  void end_by_force(RelayChannel& channel, std::string_view text);
  void target_ready(const ipc::TargetReady& ready);
  void show_banner(RelayChannel& channel);
  void say_waiting(RelayChannel& channel);
  void leave(const std::string& text);
  void see_off();
  void say(RelayChannel& channel, std::string_view text, bool interrupts);
  void say_reason(RelayChannel& channel, std::string_view text);

  std::optional<Authentication> authentication_;
  std::uint32_t max_channels_ = 0;
  std::uint32_t keepalive_seconds_ = 0;
  std::uint32_t keepalive_unanswered_ = 0;
  bool told_software_ = false;
  bool choosing_ = false;  // no target yet, and none was named
  std::optional<ipc::Menu> menu_;
  std::optional<Farewell> refusal_;
  bool no_more_sessions_ = false;
  bool target_ready_ = false;
  bool menu_shown_ = false;
  bool jumping_ = false;
  std::string banner_;  // of the target, until it was shown
  bool banner_on_terminals_only_ = false;
  std::string waiting_text_;     // while there is no target
  std::string farewell_text_;    // of the DISCONNECT
  std::string unfinished_text_;  // for programs that the end of the target leaves unfinished
  bool leaving_ = false;         // the session is over: only what is awaited keeps us
};

}  // namespace sallyport::front::ssh
