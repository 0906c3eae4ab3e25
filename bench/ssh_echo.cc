// SPDX-License-Identifier: Apache-2.0
// The two ends of a keystroke with as little around them as SSH allows: a client that types, and a target that echoes,
// each one process on the product's own codec. With the gateway between them, what it takes can be held against
// leg_echo, whose ends are as bare. A measuring tool: the server lets anyone in, on loopback, and runs nothing.
//   ssh_echo serve HOST_KEY                     prints {"port": N}, then serves until it is ended
//   ssh_echo type PORT USER KEY [KEYSTROKES]    prints p50 and p99 in microseconds; 5000 keystrokes by default
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/random.h"
#include "codec/ssh/auth_messages.h"
#include "codec/ssh/connection.h"
#include "codec/ssh/transport.h"
#include "keys/private_key.h"
#include "keys/userauth_blob.h"

namespace {

using namespace sallyport;
using namespace sallyport::codec::ssh;
using base::ByteView;

constexpr int kWarmUp = 200;
constexpr std::uint32_t kWindow = 1 << 20;
constexpr std::uint32_t kMaxPacket = 32 * 1024;
/// As leg_echo pauses.
constexpr auto kPause = std::chrono::microseconds(300);

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "ssh_echo: %s\n", what.c_str());
  std::_Exit(1);
}

template <class T>
T need(base::Result<T> r) {
  if (!r) die(r.message());
  return std::move(*r);
}
void need(const base::Status& s) {
  if (!s) die(s.error().message);
}

keys::PrivateKey read_key(const std::string& path) {
  return need(keys::PrivateKey::parse(need(base::read_file(path, keys::kMaxPrivateKeyBytes))));
}

base::Bytes hash_of(const KexEvidence& e, ByteView host_key) {
  return need(
      keys::exchange_hash({e.method, base::view(e.client_version), base::view(e.server_version), e.client_kexinit,
                           e.server_kexinit, host_key, e.client_public, e.server_public, e.shared_secret.view()}));
}

TransportConfig config_of(Role role) {
  TransportConfig config;
  config.role = role;
  config.ciphers = {"aes256-gcm@openssh.com"};
  return config;
}

void without_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/// A transport over a blocking socket.
class Wire {
 public:
  Wire(base::Fd socket, Role role) : socket_(std::move(socket)), transport(config_of(role), random_) {
    without_delay(socket_.get());
  }

  /// The next event; waits for bytes when there is none. EventKind::none: the peer is gone.
  Event next() {
    for (;;) {
      const Event event = need(transport.next());
      if (event.kind != EventKind::none) return event;
      flush();
      const auto room = transport.in_space();
      const ssize_t n = ::recv(socket_.get(), room.data(), room.size(), 0);
      if (n <= 0) return {};
      transport.in_commit(static_cast<std::size_t>(n));
    }
  }
  void flush() {
    while (!transport.out_view().empty()) {
      const ssize_t n = ::send(socket_.get(), transport.out_view().data(), transport.out_view().size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      transport.out_consume(static_cast<std::size_t>(n));
    }
  }

 private:
  base::Fd socket_;
  base::SystemRandom random_;

 public:
  Transport transport;
};

void serve_message(Wire& wire, Connection& connection, ByteView payload) {
  if (is(payload, MessageNumber::service_request)) {
    return need(wire.transport.send(encode(ServiceAccept{need(decode_service_request(payload)).service})));
  }
  if (is(payload, MessageNumber::userauth_request)) {
    need(wire.transport.send(encode(UserauthSuccess{})));
    return wire.transport.set_authenticated();
  }
  const ConnectionMessage message = need(connection.receive(payload));
  if (const auto* open = std::get_if<ChannelOpen>(&message)) {
    need(connection.confirm(open->sender, kWindow, kMaxPacket));
  } else if (const auto* request = std::get_if<ChannelRequest>(&message)) {
    if (request->want_reply == WantReply::yes) need(connection.reply(request->recipient, Reply::success));
  } else if (const auto* data = std::get_if<ChannelData>(&message)) {
    need(connection.send_data(data->recipient, ChannelStream::main, data->data));
    need(connection.consumed(data->recipient, static_cast<std::uint32_t>(data->data.size())));
  }
}

[[noreturn]] void serve_one(base::Fd socket, const keys::PrivateKey& host_key) {
  Wire wire(std::move(socket), Role::server);
  Connection connection(wire.transport);
  for (;;) {
    const Event event = wire.next();
    if (event.kind == EventKind::none || event.kind == EventKind::disconnected) std::_Exit(0);
    if (event.kind == EventKind::need_host_signature) {
      const base::Bytes& blob = host_key.public_key().blob();
      const base::Bytes h = hash_of(wire.transport.kex_evidence(), blob);
      need(wire.transport.answer_host_signature(blob, h, need(host_key.sign(h))));
    } else if (event.kind == EventKind::message) {
      serve_message(wire, connection, event.payload);
    }
  }
}

[[noreturn]] void serve(const keys::PrivateKey& host_key) {
  ::signal(SIGCHLD, SIG_IGN);
  const base::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), generic, size) < 0 || ::listen(listener.get(), 16) < 0) die("no loopback");
  ::getsockname(listener.get(), generic, &size);
  std::printf("{\"port\": %d}\n", ntohs(address.sin_port));
  std::fflush(stdout);
  for (;;) {
    base::Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (peer && ::fork() == 0) serve_one(std::move(peer), host_key);
  }
}

/// A logged-in client with a terminal on the target.
class Typist {
 public:
  Typist(base::Fd socket, std::string user, const keys::PrivateKey& key)
      : user_(std::move(user)), key_(key), wire_(std::move(socket), Role::client), connection_(wire_.transport) {
    need(wire_.transport.send(encode(ServiceRequest{"ssh-userauth"})));
    while (!ready_) step();
  }

  void echo_one() {
    need(connection_.send_data(channel_, ChannelStream::main, base::view("k")));
    for (const std::size_t want = echoed_ + 1; echoed_ < want;) step();
  }

 private:
  void step() {
    const Event event = wire_.next();
    switch (event.kind) {
      case EventKind::none:
      case EventKind::disconnected:
        die("the connection ended: " + wire_.transport.peer_disconnect().text);
      case EventKind::need_host_check: {
        const KexEvidence& evidence = wire_.transport.kex_evidence();
        host_key_ = evidence.host_key;
        return need(wire_.transport.answer_host_check(hash_of(evidence, evidence.host_key)));
      }
      case EventKind::message:
        return on_message(event.payload);
      case EventKind::need_host_signature:
      case EventKind::keys_changed:
        return;
    }
  }

  void on_message(ByteView payload) {
    if (is(payload, MessageNumber::service_accept)) return log_in();
    if (is(payload, MessageNumber::userauth_failure)) die("login refused");
    if (is(payload, MessageNumber::userauth_success)) {
      wire_.transport.set_authenticated();
      channel_ = need(connection_.open(OpenSession{}, kWindow, kMaxPacket));
    } else if (payload[0] >= static_cast<std::uint8_t>(MessageNumber::channel_open)) {
      on_connection(need(connection_.receive(payload)));
    }
  }

  void log_in() {
    keys::PublickeyLogin login;
    login.user = base::view(user_);
    login.algorithm = "ssh-ed25519";
    login.key_blob = key_.public_key().blob();
    if (wire_.transport.peer_offers_hostbound()) {
      login.method = keys::PublickeyMethod::hostbound;
      login.host_key_blob = host_key_;
    }
    const auto signature = need(key_.sign(need(keys::publickey_signed_data(wire_.transport.session_id(), login))));
    need(wire_.transport.send(need(keys::publickey_request(login, ByteView(signature)))));
  }

  void on_connection(const ConnectionMessage& message) {
    if (std::holds_alternative<ChannelOpenConfirmation>(message)) {
      PtyRequest pty;
      pty.term = "xterm";
      pty.columns = 80;
      pty.rows = 24;
      need(connection_.request(channel_, pty, WantReply::yes));
      need(connection_.request(channel_, ShellRequest{}, WantReply::yes));
    } else if (std::holds_alternative<ChannelSuccess>(message)) {
      ready_ = ++answers_ == 2;
    } else if (std::holds_alternative<ChannelFailure>(message)) {
      die("a request was refused");
    } else if (const auto* data = std::get_if<ChannelData>(&message)) {
      echoed_ += data->data.size();
      need(connection_.consumed(channel_, static_cast<std::uint32_t>(data->data.size())));
    }
  }

  std::string user_;
  const keys::PrivateKey& key_;
  Wire wire_;
  Connection connection_;
  base::Bytes host_key_;
  ChannelId channel_ = 0;
  int answers_ = 0;
  bool ready_ = false;
  std::size_t echoed_ = 0;
};

base::Fd connect_to(std::uint16_t port) {
  base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0) die("nobody listens there");
  return socket;
}

/// Logs in and opens a shell, again and again.
void connect_often(std::uint16_t port, const std::string& user, const keys::PrivateKey& key, int count) {
  for (int i = 0; i < count; ++i) Typist(connect_to(port), user, key);
}

void type(std::uint16_t port, std::string user, const keys::PrivateKey& key, int count) {
  Typist typist(connect_to(port), std::move(user), key);
  std::vector<double> us;
  for (int i = 0; i < kWarmUp + count; ++i) {
    const auto pause = std::chrono::steady_clock::now() + kPause;
    const timespec nap{0, std::chrono::nanoseconds(kPause).count()};
    while (std::chrono::steady_clock::now() < pause) ::nanosleep(&nap, nullptr);
    const auto start = std::chrono::steady_clock::now();
    typist.echo_one();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    if (i >= kWarmUp) us.push_back(took.count());
  }
  std::sort(us.begin(), us.end());
  std::printf("{\"bench\":\"ssh_echo\",\"keystrokes\":%d,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", count, us[us.size() / 2],
              us[us.size() * 99 / 100]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "serve" && argc == 3) serve(read_key(argv[2]));
  const int count = argc > 5 ? std::atoi(argv[5]) : 5000;
  if (mode == "connect" && argc == 6) {
    connect_often(static_cast<std::uint16_t>(std::atoi(argv[2])), argv[3], read_key(argv[4]), count);
    return 0;
  }
  if (mode != "type" || argc < 5 || argc > 6 || count < 100) {
    std::fprintf(stderr,
                 "usage: ssh_echo serve HOST_KEY | ssh_echo type PORT USER KEY [KEYSTROKES]   (at least 100)\n"
                 "     | ssh_echo connect PORT USER KEY COUNT\n");
    return 2;
  }
  type(static_cast<std::uint16_t>(std::atoi(argv[2])), argv[3], read_key(argv[4]), count);
  return 0;
}
