// SPDX-License-Identifier: Apache-2.0
// Real peers over TCP: `openssl s_client` checks what our server says by deed, `openssl s_server` takes our client and
// its client certificate.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/fd.h"
#include "leg/tls/connection.h"
#include "leg/tls/tls_fixture_test.h"

namespace sallyport::leg::tls {
namespace {

using testing::Holder;
using testing::KeyKind;

constexpr auto kPatience = std::chrono::seconds(30);

/// A child with a pipe each way; ended by its id at the latest with the test.
class Program {
 public:
  explicit Program(std::vector<std::string> words) {
    std::array<int, 2> in{}, out{};
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC) | ::pipe2(out.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, out[1], 2);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    EXPECT_EQ(::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = base::Fd(in[1]);
    out_ = base::Fd(out[0]);
  }
  ~Program() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void type(std::string_view text) {
    ASSERT_EQ(::write(in_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// Reads on until the words are there, or its end.
  bool says(std::string_view words) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (said.find(words) == std::string::npos) {
      if (std::chrono::steady_clock::now() > end || !read_some(200)) return said.find(words) != std::string::npos;
    }
    return true;
  }
  /// False at its end.
  bool read_some(int timeout_ms) {
    pollfd p{out_.get(), POLLIN, 0};
    if (::poll(&p, 1, timeout_ms) <= 0) return true;
    char buffer[4096];
    const ssize_t n = ::read(out_.get(), buffer, sizeof buffer);
    if (n > 0) said.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
  }
  std::string said;

 private:
  pid_t pid_ = -1;
  base::Fd in_, out_;
};

class TlsPeers : public ::testing::TestWithParam<std::tuple<KeyKind, const char*>> {
 protected:
  TlsPeers() {
    std::string pattern = (std::filesystem::temp_directory_path() / "leg-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(folder_ / "cert.pem") << key_.pem();
    std::ofstream(folder_ / "key.pem") << key_.key_pem();
  }
  ~TlsPeers() override { std::filesystem::remove_all(folder_); }

  std::string file(const char* name) const { return (folder_ / name).string(); }

  /// Moves the connection over the socket until done() or the patience ends.
  void serve(Connection& connection, int fd, const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      answer(connection);
      while (!connection.output().empty()) {
        const ssize_t n = ::send(fd, connection.output().data(), connection.output().size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        connection.sent(static_cast<std::size_t>(n));
      }
      if (done()) return;
      pollfd p{fd, POLLIN, 0};
      if (!connection.wants_input() || ::poll(&p, 1, 100) <= 0) continue;
      std::array<std::uint8_t, 4096> buffer;
      const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
      ASSERT_GT(n, 0) << "the peer has gone";
      auto fed = connection.feed({buffer.data(), static_cast<std::size_t>(n)});
      ASSERT_TRUE(fed) << fed.error().message;
      for (auto got = connection.read(buffer); got && *got > 0; got = connection.read(buffer)) {
        heard_.append(buffer.begin(), buffer.begin() + *got);
      }
    }
  }
  void answer(Connection& connection) {
    if (connection.judgement_due()) {
      chain_ = connection.peer_chain();
      ASSERT_TRUE(connection.answer_judgement(Connection::Judgement::accepted));
    }
    if (connection.signature_due() == nullptr) return;
    ++deeds_;
    ASSERT_TRUE(connection.answer_signature(key_.sign(*connection.signature_due())));
  }

  Holder key_{std::get<0>(GetParam())};
  std::filesystem::path folder_;
  std::string heard_;
  std::vector<base::Bytes> chain_;
  int deeds_ = 0;
};

INSTANTIATE_TEST_SUITE_P(All, TlsPeers,
                         ::testing::Combine(::testing::Values(KeyKind::p256, KeyKind::p384, KeyKind::rsa2048),
                                            ::testing::Values("-tls1_2", "-tls1_3")));

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

TEST_P(TlsPeers, SClientVerifiesOurServer) {
  const base::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  Program client({"openssl", "s_client", "-connect", "127.0.0.1:" + std::to_string(ntohs(address.sin_port)), "-quiet",
                  "-verify_return_error", "-CAfile", file("cert.pem"), "-verify_hostname", "gateway.test", "-alpn",
                  "h2,http/1.1", std::get<1>(GetParam())});
  const base::Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(socket);
  auto server = std::move(Connection::make({Role::server, {key_.der()}, "", {"http/1.1"}}).value());
  client.type("hello\n");
  serve(*server, socket.get(), [&] { return heard_ == "hello\n"; });
  EXPECT_EQ(deeds_, 1);
  EXPECT_EQ(server->alpn(), "http/1.1");
  EXPECT_EQ(server->version(), std::string(std::get<1>(GetParam())) == "-tls1_2" ? "TLSv1.2" : "TLSv1.3");
  ASSERT_TRUE(server->write(base::view("good day\n")));
  server->close();
  serve(*server, socket.get(), [&] { return server->output().empty(); });
  EXPECT_TRUE(client.says("good day")) << client.said;
}

TEST_P(TlsPeers, SServerTakesOurClientAndItsCertificate) {
  Program server({"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", file("cert.pem"), "-key", file("key.pem"),
                  "-rev", "-Verify", "1", "-verify_return_error", "-CAfile", file("cert.pem"),
                  std::get<1>(GetParam())});
  ASSERT_TRUE(server.says("ACCEPT 127.0.0.1:")) << server.said;
  ASSERT_TRUE(server.says("\n"));
  const auto at = server.said.find("ACCEPT 127.0.0.1:") + std::strlen("ACCEPT 127.0.0.1:");
  const sockaddr_in address = loopback(static_cast<std::uint16_t>(std::stoi(server.said.substr(at))));
  const base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  auto client = std::move(Connection::make({Role::client, {key_.der()}, "gateway.test", {}}).value());
  ASSERT_TRUE(client->start());
  serve(*client, socket.get(), [&] { return client->open(); });
  ASSERT_TRUE(client->open());
  EXPECT_EQ(deeds_, 1) << "the certificate of the client";
  ASSERT_EQ(chain_.size(), 1u);
  EXPECT_EQ(chain_.front(), key_.der());
  ASSERT_TRUE(client->write(base::view("desrever\n")));
  serve(*client, socket.get(), [&] { return heard_ == "reversed\n"; });
  EXPECT_EQ(heard_, "reversed\n") << server.said;
}

}  // namespace
}  // namespace sallyport::leg::tls
