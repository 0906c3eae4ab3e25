// SPDX-License-Identifier: Apache-2.0
// One back: an SSH client to one target, an event source to the broker. Untrusted side. It holds no key, proves
// nothing, and sees nothing of the user's login.
#pragma once

#include <optional>
#include <string>

#include "back/ssh/bulk.h"
#include "back/ssh/login.h"
#include "ipc/ssh_back.pb.h"
#include "leg/ssh/worker.h"

namespace sallyport::back::ssh {

class BackWorker final : public leg::ssh::Worker {
 public:
  BackWorker(leg::WorkerSockets sockets, const base::Clock& clock, base::Random& random)
      : Worker(leg::ssh::Side::back, sockets, clock, random) {}

 private:
  using RelayChannel = leg::ssh::RelayChannel;
  using StreamId = leg::StreamId;
  using Took = leg::ssh::Took;

  // Worker (back_worker.cc)
  base::Status on_control(base::ByteView message, std::span<base::Fd> fds) override;
  void tell_ended(const std::string& reason, leg::Ending how) override;
  base::Status before_live(base::ByteView payload) override;
  base::Status demand(codec::ssh::EventKind kind) override;
  base::Status peer_event(codec::ssh::EventKind kind) override;
  std::unique_ptr<leg::ssh::BulkPath> make_bulk_path() override;
  base::Status start(const ipc::BackStart& start);
  base::Status host_accepted(const ipc::HostAccepted& accepted);
  base::Status live_control(const ipc::BrokerToBack& message, std::span<base::Fd> fds);
  void tell_fault(const std::string& reason);
  base::Status after_login(base::Result<Login::Outcome> outcome);

  // RelayRole (back_channels.cc)
  leg::ssh::Opening peer_opens(RelayChannel& channel, const codec::ssh::ChannelOpen& open) override;
  Took peer_data(RelayChannel&, StreamId, base::ByteView) override { return Took::no; }
  Took peer_request(RelayChannel&, const codec::ssh::ChannelRequest&) override { return Took::no; }
  Took peer_global_request(const codec::ssh::GlobalRequest&) override { return Took::no; }
  void peer_global_answer(bool) override {}  // that it answers at all is what was asked
  void peer_finished(RelayChannel&) override {}
  void far_terminal_state(RelayChannel&, const event::TerminalState&) override {}
  void grant_far(std::uint32_t channel, std::uint32_t bytes) override;
  void far_refused(RelayChannel&, std::string_view) override {}
  void swallowed_answer(RelayChannel&, bool) override {}
  void channel_gone(RelayChannel& channel) override;

  std::optional<Login> login_;
  bool login_started_ = false;
  bool bulk_hash_ = true;
  std::uint32_t keepalive_seconds_ = 0;
};

}  // namespace sallyport::back::ssh
