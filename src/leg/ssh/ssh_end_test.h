// SPDX-License-Identifier: Apache-2.0
// For tests only: a user's client or a target at the other end of a leg's socket, driven by the test's own loop.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/fd.h"
#include "codec/ssh/auth_messages.h"
#include "codec/ssh/connection.h"
#include "codec/ssh/transport.h"
#include "keys/private_key.h"

namespace sallyport::leg::ssh::testing {

namespace cs = codec::ssh;

inline base::Result<base::Bytes> hash_of(const cs::KexEvidence& e, base::ByteView host_key) {
  return keys::exchange_hash({e.method, base::view(e.client_version), base::view(e.server_version), e.client_kexinit,
                              e.server_kexinit, host_key, e.client_public, e.server_public, e.shared_secret.view()});
}

/// What one channel brought.
struct Got {
  std::string out, err;
  std::uint64_t bytes = 0;  ///< of out, also when nothing is kept
  int successes = 0, failures = 0;
  int exit_status = -1;
  std::string exit_signal;
  bool confirmed = false, refused = false, eof = false, closed = false;
  std::string refusal;
};

class SshEnd {
 public:
  /// fd becomes non-blocking. host_key: of a server.
  SshEnd(base::Fd fd, cs::TransportConfig config, base::Random& random, const keys::PrivateKey* host_key = nullptr)
      : fd_(std::move(fd)), transport_(std::move(config), random), connection_(transport_), host_key_(host_key) {
    (void)base::set_nonblocking(fd_.get());
  }

  int fd() const { return fd_.get(); }
  cs::Transport& transport() { return transport_; }
  cs::Connection& connection() { return connection_; }
  bool closed() const { return closed_; }
  bool reading = true;    ///< false: leaves the socket alone
  bool consuming = true;  ///< false: gives no window back
  bool keeping = true;    ///< false: counts data only
  bool disconnected = false;
  std::string error;
  int key_changes = 0;
  std::map<cs::ChannelId, Got> got;
  /// Payloads below the connection protocol.
  std::function<void(base::ByteView)> on_auth;
  /// Connection messages before they are booked in got; true: dealt with.
  std::function<bool(const cs::ConnectionMessage&)> on_message;

  void step() {
    if (closed_) return;
    for (int i = 0; reading && i < 4; ++i) {
      const auto room = transport_.in_space();
      if (room.empty()) break;
      const ssize_t n = ::recv(fd_.get(), room.data(), room.size(), 0);
      if (n == 0 || (n < 0 && errno != EAGAIN)) closed_ = true;
      if (n <= 0) break;
      transport_.in_commit(static_cast<std::size_t>(n));
      take();
    }
    take();
    flush();
  }

  void flush() {
    while (!transport_.out_view().empty()) {
      const auto out = transport_.out_view();
      const ssize_t n = ::send(fd_.get(), out.data(), out.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      transport_.out_consume(static_cast<std::size_t>(n));
    }
  }

  /// Both roles: from here on connection messages.
  void set_live() {
    transport_.set_authenticated();
    live_ = true;
  }
  bool live() const { return live_; }

 private:
  void take() {
    for (;;) {
      auto event = transport_.next();
      if (!event) {
        error = event.message();
        closed_ = true;
        return;
      }
      switch (event->kind) {
        case cs::EventKind::none:
          return;
        case cs::EventKind::message:
          if (live_) {
            message(event->payload);
          } else if (on_auth) {
            on_auth(event->payload);
          }
          break;
        case cs::EventKind::keys_changed:
          ++key_changes;
          break;
        case cs::EventKind::disconnected:
          disconnected = true;
          error = transport_.peer_disconnect().text;
          return;
        case cs::EventKind::need_host_check:
          (void)transport_.answer_host_check(*hash_of(transport_.kex_evidence(), transport_.kex_evidence().host_key));
          break;
        case cs::EventKind::need_host_signature: {
          const auto blob = host_key_->public_key().blob();
          const auto hash = hash_of(transport_.kex_evidence(), blob);
          (void)transport_.answer_host_signature(blob, *hash, *host_key_->sign(*hash));
          break;
        }
      }
    }
  }

  void message(base::ByteView payload) {
    auto m = connection_.receive(payload);
    if (!m) {
      error = m.message();
      closed_ = true;
      return;
    }
    if (on_message && on_message(*m)) return;
    std::visit([this](const auto& x) { book(x); }, *m);
  }

  template <class M>
  void book(const M&) {}
  void book(const cs::ChannelOpenConfirmation& m) { got[m.recipient].confirmed = true; }
  void book(const cs::ChannelOpenFailure& m) {
    got[m.recipient].refused = true;
    got[m.recipient].refusal = std::string(m.description);
  }
  void book(const cs::ChannelData& m) {
    got[m.recipient].bytes += m.data.size();
    if (keeping) got[m.recipient].out += base::text(m.data);
    if (consuming) (void)connection_.consumed(m.recipient, static_cast<std::uint32_t>(m.data.size()));
  }
  void book(const cs::ChannelExtendedData& m) {
    got[m.recipient].err += base::text(m.data);
    if (consuming) (void)connection_.consumed(m.recipient, static_cast<std::uint32_t>(m.data.size()));
  }
  void book(const cs::ChannelSuccess& m) { ++got[m.recipient].successes; }
  void book(const cs::ChannelFailure& m) { ++got[m.recipient].failures; }
  void book(const cs::ChannelEof& m) { got[m.recipient].eof = true; }
  void book(const cs::ChannelClose& m) {
    got[m.recipient].closed = true;
    if (connection_.channels().find(m.recipient) != nullptr) (void)connection_.close(m.recipient);
  }
  void book(const cs::ChannelRequest& m) {
    if (const auto* status = std::get_if<cs::ExitStatus>(&m.body)) {
      got[m.recipient].exit_status = static_cast<int>(status->status);
    } else if (const auto* signal = std::get_if<cs::ExitSignal>(&m.body)) {
      got[m.recipient].exit_signal = std::string(signal->name);
    }
    if (m.want_reply == cs::WantReply::yes) (void)connection_.reply(m.recipient, cs::Reply::failure);
  }
  void book(const cs::GlobalRequest& m) {
    if (m.want_reply == cs::WantReply::yes) (void)connection_.global_reply(cs::Reply::failure);
  }

  base::Fd fd_;
  cs::Transport transport_;
  cs::Connection connection_;
  const keys::PrivateKey* host_key_;
  bool live_ = false;
  bool closed_ = false;
};

}  // namespace sallyport::leg::ssh::testing
