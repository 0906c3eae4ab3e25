// SPDX-License-Identifier: Apache-2.0
// The client role against OpenSSH's server over a socket pair.
#include <sys/stat.h>

#include "codec/ssh/real_peer_test.h"
#include "keys/userauth_blob.h"

namespace sallyport::codec::ssh::testing {
namespace {

/// A client that logs in with the scene's user key and runs a command, feeding and collecting.
class ExecClient {
 public:
  ExecClient(TransportConfig config, Scene& scene, Bytes input)
      : scene_(scene), transport_(std::move(config), scene.random), connection_(transport_), input_(std::move(input)) {}

  void run(int fd, std::string user, std::string command) {
    user_ = std::move(user);
    command_ = std::move(command);
    ASSERT_TRUE(transport_.send(encode(ServiceRequest{"ssh-userauth"})));
    Wire wire(fd, transport_);
    wire.run([&](const Event& e) { on_event(e); }, [&] { return closed_; });
    EXPECT_FALSE(wire.failed) << wire.error;
    EXPECT_TRUE(closed_) << transport_.peer_disconnect().text;
    EXPECT_THAT(transport_.negotiated(), ::testing::EndsWith(" strict"));  // as Debian 12's OpenSSH does
  }
  Bytes output, errors;
  std::uint32_t status = 999;
  int exchanges = 0;

 private:
  void on_event(const Event& event) {
    if (event.kind == EventKind::need_host_check) {
      const KexEvidence& e = transport_.kex_evidence();
      const Bytes h = *hash_of(e, e.host_key);
      auto key = keys::PublicKey::parse(e.host_key);
      ASSERT_TRUE(key && *key == scene_.host_key.public_key());
      ASSERT_TRUE(key->verify(e.host_key_algorithm, e.signature, h));
      if (host_key_.empty()) host_key_ = e.host_key;
      ASSERT_TRUE(transport_.answer_host_check(h));
    } else if (event.kind == EventKind::keys_changed) {
      ++exchanges;
    } else if (event.kind == EventKind::message) {
      on_message(event.payload);
    }
    feed();
  }

  void log_in() {
    keys::PublickeyLogin login;
    login.user = base::view(user_);
    login.algorithm = "ssh-ed25519";
    login.key_blob = scene_.user_key.public_key().blob();
    if (transport_.peer_offers_hostbound()) {
      login.method = keys::PublickeyMethod::hostbound;
      login.host_key_blob = host_key_;
    }
    const Bytes signature = *scene_.user_key.sign(*keys::publickey_signed_data(transport_.session_id(), login));
    ASSERT_TRUE(transport_.send(*keys::publickey_request(login, ByteView(signature))));
  }

  void on_message(ByteView payload) {
    if (is(payload, MessageNumber::service_accept)) {
      log_in();
    } else if (is(payload, MessageNumber::userauth_success)) {
      transport_.set_authenticated();
      auto id = connection_.open(OpenSession{}, kWindow, kMaxPacket);
      ASSERT_TRUE(id);
      channel_ = *id;
    } else if (payload[0] >= 80) {
      auto message = connection_.receive(payload);
      ASSERT_TRUE(message) << message.message();
      on_connection(*message);
    } else {
      ASSERT_FALSE(is(payload, MessageNumber::userauth_failure)) << "login refused";
    }
  }

  void on_connection(const ConnectionMessage& message) {
    if (std::holds_alternative<ChannelOpenConfirmation>(message)) {
      ASSERT_TRUE(connection_.request(channel_, ExecRequest{command_}, WantReply::yes));
    } else if (std::holds_alternative<ChannelSuccess>(message)) {
      running_ = true;
    } else if (const auto* data = std::get_if<ChannelData>(&message)) {
      collect(output, data->data);
    } else if (const auto* extended = std::get_if<ChannelExtendedData>(&message)) {
      collect(errors, extended->data);
    } else if (const auto* request = std::get_if<ChannelRequest>(&message)) {
      if (const auto* exit = std::get_if<ExitStatus>(&request->body)) status = exit->status;
    } else if (std::holds_alternative<ChannelClose>(message)) {
      ASSERT_TRUE(connection_.close(channel_));
      closed_ = true;
    }
  }

  void collect(Bytes& into, ByteView data) {
    into.insert(into.end(), data.begin(), data.end());
    ASSERT_TRUE(connection_.consumed(channel_, static_cast<std::uint32_t>(data.size())));
  }

  void feed() {
    if (!running_ || fed_eof_) return;
    auto n = connection_.send_data(channel_, ChannelStream::main, ByteView(input_).subspan(fed_));
    ASSERT_TRUE(n);
    fed_ += *n;
    if (fed_ < input_.size()) return;
    fed_eof_ = true;
    ASSERT_TRUE(connection_.eof(channel_));
  }

  Scene& scene_;
  Transport transport_;
  Connection connection_;
  Bytes input_, host_key_;
  std::string user_, command_;
  ChannelId channel_ = 0;
  std::size_t fed_ = 0;
  bool running_ = false, fed_eof_ = false, closed_ = false;
};

std::string sshd_options(const Scene& scene) {
  const std::string user_line = scene.user_key.public_key().line() + "\n";
  scene.write("authorized_keys", base::view(user_line));
  scene.write("host_key", scene.host_key.serialize()->view());
  scene.write("sshd_config",
              base::view("HostKey " + scene.path("host_key") + "\nAuthorizedKeysFile " + scene.path("authorized_keys") +
                         "\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"));
  return " -f " + scene.path("sshd_config");
}

void run_server(TransportConfig config, const std::string& options, std::size_t bytes, int min_exchanges) {
  Scene scene;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  base::Fd ours(ends[0]), theirs(ends[1]);
  const pid_t pid = run_shell("exec /usr/sbin/sshd -i" + sshd_options(scene) + options + " 2>/dev/null", theirs.get());
  theirs.reset();
  config.role = Role::client;
  const Bytes input = scene.random.bytes(bytes);
  ExecClient client(std::move(config), scene, input);
  client.run(ours.get(), "root", "cat; echo warning >&2; exit 3");
  ours.reset();
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(client.status, 3U);
  EXPECT_TRUE(client.output == input);
  EXPECT_EQ(base::to_text(client.errors), "warning\n");
  EXPECT_GE(client.exchanges, min_exchanges);
}

bool can_run_sshd() {
  // What the package's service unit makes before it starts sshd.
  if (::geteuid() == 0) ::mkdir("/run/sshd", 0755);
  return ::geteuid() == 0 && has("/usr/sbin/sshd") && has("/run/sshd");
}

TEST(OpensshServer, EveryCipher) {
  if (!can_run_sshd()) GTEST_SKIP() << "no OpenSSH server here, or not root";
  for (const char* cipher : {"chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com",
                             "aes256-ctr", "aes192-ctr", "aes128-ctr"}) {
    SCOPED_TRACE(cipher);
    TransportConfig config;
    config.ciphers = {cipher};
    run_server(config, "", 1'000'000, 1);
  }
}

TEST(OpensshServer, WhatOldOnesKnow) {
  if (!can_run_sshd()) GTEST_SKIP() << "no OpenSSH server here, or not root";
  struct Old {
    const char* kex;
    const char* cipher;
    const char* mac;
  };
  for (const Old& old : {Old{"diffie-hellman-group-exchange-sha256", "aes256-cbc", "hmac-sha2-512"},
                         Old{"diffie-hellman-group-exchange-sha1", "aes192-cbc", "hmac-sha2-256"},
                         Old{"diffie-hellman-group14-sha1", "aes128-cbc", "hmac-sha1"},
                         Old{"diffie-hellman-group1-sha1", "3des-cbc", "hmac-sha1"},
                         Old{"curve25519-sha256", "aes256-ctr", "hmac-sha2-256"},
                         Old{"curve25519-sha256", "aes128-cbc", "hmac-sha2-256-etm@openssh.com"}}) {
    SCOPED_TRACE(std::string(old.kex) + " " + old.cipher + " " + old.mac);
    TransportConfig config;
    config.kex = {old.kex};
    config.ciphers = {old.cipher};
    config.macs = {old.mac};
    config.rekey_bytes = 700'000;
    run_server(config,
               std::string(" -o KexAlgorithms=") + old.kex + " -o Ciphers=" + old.cipher + " -o MACs=" + old.mac,
               3'000'000, 3);
  }
}

TEST(OpensshServer, RekeysFromBothSidesUnderLoad) {
  if (!can_run_sshd()) GTEST_SKIP() << "no OpenSSH server here, or not root";
  TransportConfig config;
  config.rekey_bytes = 700'000;
  run_server(config, " -o RekeyLimit=1M", 12'000'000, 10);
}

}  // namespace
}  // namespace sallyport::codec::ssh::testing
