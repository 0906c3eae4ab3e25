// SPDX-License-Identifier: Apache-2.0
// The one channel of a Telnet session: the events of the session on one side, the terminal's bytes on the other.
// Untrusted side; it knows neither the socket nor the login.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/telnet/client.h"
#include "event/event.pb.h"
#include "leg/broker_port.h"

namespace sallyport::back::telnet {

class TelnetChannel {
 public:
  /// What the user may type ahead of a target that does not read.
  static constexpr std::uint32_t kWindowBytes = 128 * 1024;
  /// What the target may say ahead of a user who does not read.
  static constexpr std::size_t kMaxWaitingBytes = 256 * 1024;

  /// Both must outlive it.
  TelnetChannel(codec::telnet::Client& client, leg::BrokerPort& port) : client_(client), port_(port) {}

  /// An event from the user. Errors: corrupt, no event that the broker passes to a Telnet back.
  base::Status far_event(const event::Event& event);
  base::Status far_credit(std::uint32_t channel, std::uint32_t bytes);
  /// What the terminal is to show; kept until the user has a shell and takes it.
  void show(base::ByteView output);
  /// Moves on what can be moved.
  void pump();

  /// The target has ended the connection, and no more is shown: tells the end once all was moved on. What is left.
  std::size_t drain();

  /// True: take nothing from the target now.
  bool holds_target() const;
  /// The user has closed the channel: the session is over.
  bool closed_by_user() const { return closed_by_user_; }

 private:
  void open(const event::ChannelOpen& open);
  base::Status request(const event::Request& request);
  void window_change(const event::Request::WindowChange& change);
  void tell_end();
  void answer(const event::Request& request, bool ok);

  codec::telnet::Client& client_;
  leg::BrokerPort& port_;
  std::optional<std::uint32_t> number_;
  bool terminal_ = false;
  base::Bytes waiting_;
  std::uint64_t credit_ = 0;  // bytes that the user still takes
  std::uint64_t told_ = 0;    // bytes sent to the user
  std::uint32_t typed_ = 0;   // bytes for which no new credit was given yet
  bool shell_ = false;
  bool window_due_ = false;
  codec::telnet::Client::Window window_;
  bool ended_ = false;
  bool closed_by_user_ = false;
};

}  // namespace sallyport::back::telnet
