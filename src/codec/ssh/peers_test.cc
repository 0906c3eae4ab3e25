// SPDX-License-Identifier: Apache-2.0
// The engine against OpenSSH's own client and server, and the clients of Dropbear and PuTTY, over a loopback socket:
// the proof that both roles speak the protocol and not only to each other. Sockets and keys are this test's; the engine
// sees bytes.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>

#include "base/clock.h"
#include "base/fd.h"
#include "codec/ssh/auth_messages.h"
#include "codec/ssh/connection.h"
#include "codec/ssh/transport.h"
#include "keys/private_key.h"
#include "keys/userauth_blob.h"

namespace sallyport::codec::ssh {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::uint32_t kWindow = 1 << 20;
constexpr std::uint32_t kMaxPacket = 32768;
constexpr int kDeadlineSeconds = 60;

base::Result<Bytes> hash_of(const KexEvidence& e, ByteView host_key) {
  return keys::exchange_hash({e.method, base::view(e.client_version), base::view(e.server_version), e.client_kexinit,
                              e.server_kexinit, host_key, e.client_public, e.server_public, e.shared_secret.view()});
}

/// A scratch folder, a host key and a user key.
struct Scene {
  std::filesystem::path folder;
  base::SystemRandom random;
  keys::PrivateKey host_key = *keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random);
  keys::PrivateKey user_key = *keys::PrivateKey::generate(keys::GeneratedKey::ed25519, random);

  Scene() {
    std::string name = (std::filesystem::temp_directory_path() / "codec-ssh-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~Scene() { std::filesystem::remove_all(folder); }
  std::string path(const char* name) const { return (folder / name).string(); }
  void write(const char* name, ByteView content) const { ASSERT_TRUE(base::replace_file(path(name), content, 0600)); }
  Bytes read(const char* name) const {
    auto content = base::read_file(path(name), 1ULL << 30);
    return content ? *content : Bytes();
  }
};

/// Moves bytes between a socket and a transport until `done`, the end, or the deadline.
class Wire {
 public:
  Wire(int fd, Transport& transport) : fd_(fd), transport_(transport) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  }

  template <class OnEvent, class Done>
  void run(OnEvent on_event, Done done) {
    const base::SystemClock clock;
    const auto deadline = clock.monotonic_us() + kDeadlineSeconds * 1'000'000LL;
    while (!done() && !failed) {
      ASSERT_LT(clock.monotonic_us(), deadline) << "the peer is stuck";
      take_events(on_event);
      if (!flush() || done()) break;
      const short wanted = static_cast<short>(POLLIN | (transport_.out_view().empty() ? 0 : POLLOUT));
      pollfd p{fd_, wanted, 0};
      ::poll(&p, 1, 1000);
      if ((p.revents & (POLLIN | POLLHUP)) && !fill()) break;
    }
    take_events(on_event);
    flush();
  }
  bool failed = false;
  std::string error;

 private:
  template <class OnEvent>
  void take_events(OnEvent on_event) {
    for (;;) {
      auto event = transport_.next();
      if (!event) {
        failed = true;
        error = event.message();
        return;
      }
      on_event(*event);
      if (event->kind == EventKind::none || event->kind == EventKind::disconnected) return;
    }
  }
  bool flush() {
    while (!transport_.out_view().empty()) {
      const ssize_t n = ::send(fd_, transport_.out_view().data(), transport_.out_view().size(), MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN;
      transport_.out_consume(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool fill() {
    const auto room = transport_.in_space();
    const ssize_t n = ::recv(fd_, room.data(), room.size(), 0);
    if (n <= 0) return n < 0 && errno == EAGAIN;
    transport_.in_commit(static_cast<std::size_t>(n));
    return true;
  }
  int fd_;
  Transport& transport_;
};

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

/// Runs a shell command line in a child with a descriptor of ours as number 3; the child is in its own process group.
pid_t run_shell(const std::string& line, int keep_fd = -1) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (keep_fd >= 0) {
    ::dup2(keep_fd, 0);
    ::dup2(keep_fd, 1);
  }
  ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
  ::_exit(127);
}

int exit_status(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

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

CommandLine openssh(std::string options) {
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

bool has(const char* program) {
  return std::filesystem::exists(program);
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
  for (const char* kex :
       {"curve25519-sha256", "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"}) {
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

TEST(OpensshServer, RekeysFromBothSidesUnderLoad) {
  if (!can_run_sshd()) GTEST_SKIP() << "no OpenSSH server here, or not root";
  TransportConfig config;
  config.rekey_bytes = 700'000;
  run_server(config, " -o RekeyLimit=1M", 12'000'000, 10);
}

}  // namespace
}  // namespace sallyport::codec::ssh
