// SPDX-License-Identifier: Apache-2.0
// A peer that hangs up: what it said before is heard, whatever the writing end of its socket shows first.
#include "leg/ssh/peer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/random.h"

namespace sallyport::leg::ssh {
namespace {

struct Listener final : PeerHandler {
  explicit Listener(Loop& l) : loop(l) {}
  base::Status peer_message(base::ByteView) override { return {}; }
  base::Status peer_event(codec::ssh::EventKind) override { return {}; }
  void peer_ended(PeerEnd end, std::string_view text) override {
    how = end;
    said = std::string(text);
    loop.stop(0);
  }
  bool peer_held() override { return false; }

  Loop& loop;
  PeerEnd how = PeerEnd::breach;
  std::string said;
};

/// A DISCONNECT as it stands on the wire before there are keys.
std::string disconnect(const std::string& text) {
  std::string payload{'\x01', 0, 0, 0, 11, 0, 0, 0, static_cast<char>(text.size())};
  payload += text + std::string(4, '\0');
  const std::size_t padding = 4 + (8 - (payload.size() + 9) % 8) % 8;
  const std::size_t length = 1 + payload.size() + padding;
  return std::string{0, 0, 0, static_cast<char>(length), static_cast<char>(padding)} + payload +
         std::string(padding, '\0');
}

struct HangUp : ::testing::Test {
  base::SystemClock clock;
  base::SystemRandom random;
  Loop loop{clock};
  Listener listener{loop};
  base::Fd ours, theirs;
  codec::ssh::Transport transport{[] {
                                    codec::ssh::TransportConfig config;
                                    config.role = codec::ssh::Role::client;
                                    return config;
                                  }(),
                                  random};

  void SetUp() override {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    ours = base::Fd(fds[0]);
    theirs = base::Fd(fds[1]);
  }
  void run(Peer& peer) {
    loop.before_wait([&] {
      peer.resume();
      peer.flush();
      return peer.arm(Peer::Watch::everything);
    });
    loop.after(5'000'000, [this] { loop.stop(1); });
    EXPECT_EQ(loop.run(), 0);
  }
};

TEST_F(HangUp, WhatWasSaidBeforeIsHeardThoughWritingFailsFirst) {
  const std::string last = "SSH-2.0-x\r\n" + disconnect("that is all");
  ASSERT_EQ(::write(theirs.get(), last.data(), last.size()), static_cast<ssize_t>(last.size()));
  theirs.reset();
  Peer peer(loop, ours.get(), transport, listener);
  peer.flush();
  EXPECT_TRUE(peer.drained()) << "nobody takes it any more";
  run(peer);
  EXPECT_EQ(listener.how, PeerEnd::disconnected);
  EXPECT_EQ(listener.said, "that is all");
}

TEST_F(HangUp, AFailedWriteIsNoPoliteEnd) {
  theirs.reset();
  Peer peer(loop, ours.get(), transport, listener);
  peer.flush();
  run(peer);
  EXPECT_EQ(listener.how, PeerEnd::lost);
}

}  // namespace
}  // namespace sallyport::leg::ssh
