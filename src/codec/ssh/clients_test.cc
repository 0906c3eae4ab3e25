// SPDX-License-Identifier: Apache-2.0
// The server role against the clients of OpenSSH, Dropbear and PuTTY over a loopback socket: the proof that the engine
// speaks the protocol and not only to itself.
#include <arpa/inet.h>

#include <functional>

#include "codec/ssh/real_peer_test.h"

namespace sallyport::codec::ssh::testing {
namespace {

/// A server for one connection: lets anyone in, and answers exec by sending back what comes in.
class EchoServer {
 public:
  EchoServer(TransportConfig config, Scene& scene)
      : scene_(scene), transport_(std::move(config), scene.random), connection_(transport_) {}

  void serve(int fd) {
    Wire wire(fd, transport_);
    wire.run([&](const Event& e) { on_event(e); }, [&] { return finished_; });
    EXPECT_FALSE(wire.failed) << wire.error;
  }
  int exchanges = 0;
  std::string command;

 private:
  void on_event(const Event& event) {
    if (event.kind == EventKind::need_host_signature) {
      const Bytes& blob = scene_.host_key.public_key().blob();
      const Bytes h = *hash_of(transport_.kex_evidence(), blob);
      ASSERT_TRUE(transport_.answer_host_signature(blob, h, *scene_.host_key.sign(h)));
    } else if (event.kind == EventKind::keys_changed) {
      ++exchanges;
    } else if (event.kind == EventKind::disconnected) {
      finished_ = true;
    } else if (event.kind == EventKind::message) {
      on_message(event.payload);
    }
    send_back();
  }

  void on_message(ByteView payload) {
    if (is(payload, MessageNumber::service_request)) {
      ASSERT_TRUE(transport_.send(encode(ServiceAccept{decode_service_request(payload)->service})));
    } else if (is(payload, MessageNumber::userauth_request)) {
      ASSERT_TRUE(decode_userauth_request(payload));
      ASSERT_TRUE(transport_.send(encode(UserauthSuccess{})));
      transport_.set_authenticated();
    } else {
      auto message = connection_.receive(payload);
      ASSERT_TRUE(message) << message.message();
      on_connection(*message);
    }
  }

  void on_connection(const ConnectionMessage& message) {
    if (const auto* open = std::get_if<ChannelOpen>(&message)) {
      ASSERT_TRUE(connection_.confirm(open->sender, kWindow, kMaxPacket));
    } else if (const auto* request = std::get_if<ChannelRequest>(&message)) {
      if (const auto* exec = std::get_if<ExecRequest>(&request->body)) command = exec->command;
      if (request->want_reply == WantReply::yes) {
        ASSERT_TRUE(connection_.reply(request->recipient, Reply::success));
      }
    } else if (const auto* data = std::get_if<ChannelData>(&message)) {
      held_.insert(held_.end(), data->data.begin(), data->data.end());
      channel_ = data->recipient;
    } else if (const auto* eof = std::get_if<ChannelEof>(&message)) {
      channel_ = eof->recipient;
      eof_ = true;
    }
  }

  void send_back() {
    if (!held_.empty()) {
      auto n = connection_.send_data(channel_, ChannelStream::main, held_);
      ASSERT_TRUE(n);
      held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(*n));
      ASSERT_TRUE(connection_.consumed(channel_, static_cast<std::uint32_t>(*n)));
    }
    if (!eof_ || !held_.empty() || closed_ || !transport_.can_begin_payload()) return;
    closed_ = true;
    ASSERT_EQ(*connection_.send_data(channel_, ChannelStream::stderr_data, base::view("done\n")), 5U);
    ASSERT_TRUE(connection_.request(channel_, ExitStatus{7}, WantReply::no));
    ASSERT_TRUE(connection_.eof(channel_));
    ASSERT_TRUE(connection_.close(channel_));
  }

  Scene& scene_;
  Transport transport_;
  Connection connection_;
  Bytes held_;
  ChannelId channel_ = 0;
  bool eof_ = false;
  bool closed_ = false;
  bool finished_ = false;
};

/// A listening socket on a free loopback port.
struct Listener {
  base::Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int port = 0;

  Listener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(fd.get(), 1), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
    port = ntohs(address.sin_port);
  }
  base::Fd accept() const {
    pollfd p{fd.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&p, 1, kDeadlineSeconds * 1000), 1);
    return base::Fd(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
};

/// A client's command line, all but the command to run.
using CommandLine = std::function<std::string(const Scene&, const std::string& port)>;

void run_client(TransportConfig config, const CommandLine& command_line, std::size_t bytes, int min_exchanges) {
  Scene scene;
  scene.write("in", scene.random.bytes(bytes));
  const Listener listener;
  const pid_t pid = run_shell("exec " + command_line(scene, std::to_string(listener.port)) + " 'a command' <" +
                              scene.path("in") + " >" + scene.path("out") + " 2>" + scene.path("err"));
  config.role = Role::server;
  base::Fd peer = listener.accept();
  EchoServer server(std::move(config), scene);
  server.serve(peer.get());
  peer.reset();
  EXPECT_EQ(exit_status(pid), 7);
  EXPECT_EQ(server.command, "a command");
  EXPECT_TRUE(scene.read("in") == scene.read("out"));
  EXPECT_THAT(base::to_text(scene.read("err")), ::testing::EndsWith("done\n"));
  EXPECT_GE(server.exchanges, min_exchanges);
}

CommandLine openssh(const std::string& options) {
  return [options](const Scene&, const std::string& port) {
    return "ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR " + options +
           " -p " + port + " someone@127.0.0.1";
  };
}

std::string dropbear(const Scene& scene, const std::string& port) {
  return "env HOME=" + scene.folder.string() + " dbclient -y -y -p " + port + " someone@127.0.0.1";
}

std::string plink(const Scene& scene, const std::string& port) {
  return "env HOME=" + scene.folder.string() + " plink -batch -ssh -hostkey " +
         scene.host_key.public_key().fingerprint() + " -P " + port + " -l someone 127.0.0.1";
}

TEST(OpensshClient, EveryCipher) {
  if (!has("/usr/bin/ssh")) GTEST_SKIP() << "no OpenSSH client here";
  for (const char* cipher : {"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com",
                             "aes256-ctr", "aes192-ctr", "aes128-ctr"}) {
    SCOPED_TRACE(cipher);
    run_client({}, openssh(std::string("-c ") + cipher), 1'000'000, 1);
  }
}

TEST(OpensshClient, EveryMethod) {
  if (!has("/usr/bin/ssh")) GTEST_SKIP() << "no OpenSSH client here";
  for (const char* kex : {"sntrup761x25519-sha512@openssh.com", "curve25519-sha256", "diffie-hellman-group14-sha256",
                          "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512", "ecdh-sha2-nistp256",
                          "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"}) {
    SCOPED_TRACE(kex);
    TransportConfig config;
    config.kex = {kex};
    config.macs = {"hmac-sha2-512-etm@openssh.com"};
    run_client(config, openssh("-c aes128-ctr"), 1000, 1);
  }
}

TEST(OpensshClient, RekeysFromBothSidesUnderLoad) {
  if (!has("/usr/bin/ssh")) GTEST_SKIP() << "no OpenSSH client here";
  for (const char* cipher : {"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr"}) {
    SCOPED_TRACE(cipher);
    TransportConfig config;
    config.rekey_bytes = 700'000;
    run_client(config, openssh(std::string("-o RekeyLimit=1M -c ") + cipher), 12'000'000, 10);
  }
}

TEST(OtherClients, DropbearUnderRekeying) {
  if (!has("/usr/bin/dbclient")) GTEST_SKIP() << "no Dropbear client here";
  TransportConfig config;
  config.rekey_bytes = 700'000;
  run_client(config, dropbear, 6'000'000, 5);
}

TEST(OtherClients, PlinkUnderRekeying) {
  if (!has("/usr/bin/plink")) GTEST_SKIP() << "no PuTTY client here";
  TransportConfig config;
  config.rekey_bytes = 700'000;
  run_client(config, plink, 6'000'000, 5);
}

}  // namespace
}  // namespace sallyport::codec::ssh::testing
