// SPDX-License-Identifier: Apache-2.0
// The floor under any gateway that decrypts and encrypts again: one process that receives, decrypts aes256-gcm,
// encrypts under another key and sends, over TCP on loopback, records as large as SSH packets, 256 KiB at a time.
// Prints one line of JSON with what the relay alone cost; the source and the sink are processes of their own and do not
// count.
//   bare_relay [--cipher aes256-gcm|none] [--check] [MIB]     2048 MiB by default; --check has the sink decrypt
//   everything
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "cpu_time.h"

namespace {

// As aes256-gcm@openssh.com frames a packet (RFC 5647): its length in clear, the body, the tag.
constexpr std::size_t kDataBytes = std::size_t{32} * 1024;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kBodyBytes = kDataBytes + 16;  // padding length, message, channel, data length, padding
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kRecordBytes = kLengthBytes + kBodyBytes + kTagBytes;
constexpr std::size_t kBufferBytes = std::size_t{256} * 1024;
constexpr std::uint8_t kFill = 0x5a;

enum class Cipher { none, aes256_gcm };
enum class Sink { counts, checks };

struct Options {
  Cipher cipher = Cipher::aes256_gcm;
  Sink sink = Sink::counts;
  std::uint64_t mib = 2048;
};

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

/// One direction of one connection: a key, and a nonce that counts records.
class Gcm {
 public:
  enum class Way { decrypt = 0, encrypt = 1 };

  Gcm(Cipher cipher, Way way, std::uint8_t key_byte) : cipher_(cipher), way_(way) {
    std::array<std::uint8_t, 32> key;
    key.fill(key_byte);
    if (EVP_CipherInit_ex(ctx_.get(), EVP_aes_256_gcm(), nullptr, key.data(), iv_.data(), static_cast<int>(way)) != 1) {
      die("EVP_CipherInit_ex");
    }
  }

  /// Works in place on one record. False when the tag is wrong.
  bool apply(std::uint8_t* record) {
    if (cipher_ == Cipher::none) return true;
    std::uint8_t* body = record + kLengthBytes;
    std::uint8_t* tag = body + kBodyBytes;
    int n = 0;
    EVP_CipherInit_ex(ctx_.get(), nullptr, nullptr, nullptr, iv_.data(), -1);
    for (int i = 11; i >= 4 && ++iv_[static_cast<std::size_t>(i)] == 0; --i) continue;
    if (way_ == Way::decrypt) EVP_CIPHER_CTX_ctrl(ctx_.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag);
    EVP_CipherUpdate(ctx_.get(), nullptr, &n, record, kLengthBytes);
    EVP_CipherUpdate(ctx_.get(), body, &n, body, kBodyBytes);
    if (EVP_CipherFinal_ex(ctx_.get(), tag, &n) != 1) return false;
    return way_ == Way::decrypt || EVP_CIPHER_CTX_ctrl(ctx_.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1;
  }

 private:
  Cipher cipher_;
  Way way_;
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> ctx_{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
  std::array<std::uint8_t, 12> iv_{};
};

void send_all(int fd, const std::uint8_t* data, std::size_t size) {
  while (size != 0) {
    const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n <= 0) die("send");
    data += n;
    size -= static_cast<std::size_t>(n);
  }
}

void prepare_record(std::uint8_t* record) {
  std::memset(record, kFill, kRecordBytes);
  for (std::size_t i = 0; i < kLengthBytes; ++i) record[i] = static_cast<std::uint8_t>(kBodyBytes >> (24 - 8 * i));
}

/// Calls each whole record that arrives on fd, in place, and then hands over all the whole ones of a batch; returns at
/// end of file.
template <class EachRecord, class EachBatch>
void receive(int fd, EachRecord each_record, EachBatch each_batch) {
  std::vector<std::uint8_t> buffer(kBufferBytes);
  std::size_t held = 0;
  for (;;) {
    const ssize_t n = recv(fd, buffer.data() + held, buffer.size() - held, 0);
    if (n < 0) die("recv");
    if (n == 0) return;
    held += static_cast<std::size_t>(n);
    const std::size_t whole = held / kRecordBytes * kRecordBytes;
    for (std::size_t at = 0; at < whole; at += kRecordBytes) each_record(buffer.data() + at);
    if (whole == 0) continue;
    each_batch(buffer.data(), whole);
    held -= whole;
    std::memmove(buffer.data(), buffer.data() + whole, held);
  }
}

[[noreturn]] void run_source(int fd, const Options& options, std::uint64_t records) {
  Gcm encrypt(options.cipher, Gcm::Way::encrypt, 1);
  constexpr std::size_t kBatch = kBufferBytes / kRecordBytes;
  std::vector<std::uint8_t> buffer(kBatch * kRecordBytes);
  while (records != 0) {
    const std::size_t batch = std::min<std::uint64_t>(kBatch, records);
    for (std::size_t i = 0; i < batch; ++i) {
      prepare_record(buffer.data() + i * kRecordBytes);
      encrypt.apply(buffer.data() + i * kRecordBytes);
    }
    send_all(fd, buffer.data(), batch * kRecordBytes);
    records -= batch;
  }
  std::_Exit(0);
}

[[noreturn]] void run_sink(int fd, const Options& options, std::uint64_t records) {
  Gcm decrypt(options.cipher, Gcm::Way::decrypt, 2);
  std::vector<std::uint8_t> expected(kRecordBytes);
  prepare_record(expected.data());
  std::uint64_t seen = 0;
  receive(
      fd,
      [&](std::uint8_t* record) {
        ++seen;
        if (options.sink == Sink::counts) return;
        if (!decrypt.apply(record) || std::memcmp(record, expected.data(), kRecordBytes - kTagBytes) != 0)
          std::_Exit(3);
      },
      [](const std::uint8_t*, std::size_t) {});
  std::_Exit(seen == records ? 0 : 4);
}

/// A connected pair over TCP on loopback, without Nagle's delay.
std::pair<int, int> tcp_pair() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || client < 0 || bind(listener, raw, size) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, raw, &size) != 0 || connect(client, raw, size) != 0) {
    die("socket");
  }
  const int server = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (server < 0) die("accept");
  close(listener);
  const int on = 1;
  for (const int fd : {client, server}) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {client, server};
}

bool ended_well(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool run(const Options& options) {
  const std::uint64_t records = options.mib * 1024 * 1024 / kDataBytes;
  const auto [source_end, in] = tcp_pair();
  const auto [out, sink_end] = tcp_pair();
  const pid_t source = fork();
  if (source == 0) run_source(source_end, options, records);
  const pid_t sink = fork();
  if (sink == 0) {
    for (const int fd : {source_end, in, out}) close(fd);  // else the sink would hold the end of file back from itself
    run_sink(sink_end, options, records);
  }
  if (source < 0 || sink < 0) die("fork");
  close(source_end);
  close(sink_end);

  Gcm decrypt(options.cipher, Gcm::Way::decrypt, 1);
  Gcm encrypt(options.cipher, Gcm::Way::encrypt, 2);
  bool good = true;
  const sallyport::bench::Stretch stretch;
  receive(
      in, [&](std::uint8_t* record) { good = good && decrypt.apply(record) && encrypt.apply(record); },
      [&, to = out](const std::uint8_t* data, std::size_t size) { send_all(to, data, size); });
  shutdown(out, SHUT_WR);
  stretch.print(options.cipher == Cipher::none ? "bare_relay_none" : "bare_relay_aes256_gcm", records * kDataBytes);
  close(out);
  const bool source_good = ended_well(source);
  const bool sink_good = ended_well(sink);
  return good && source_good && sink_good;
}

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--check") {
      options.sink = Sink::checks;
    } else if (arg == "--cipher" && i + 1 < argc) {
      const std::string_view name = argv[++i];
      if (name != "none" && name != "aes256-gcm") return false;
      options.cipher = name == "none" ? Cipher::none : Cipher::aes256_gcm;
    } else {
      options.mib = std::strtoull(argv[i], nullptr, 10);
      if (options.mib == 0) return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) {
    std::fprintf(stderr, "usage: bare_relay [--cipher aes256-gcm|none] [--check] [MIB]\n");
    return 2;
  }
  if (run(options)) return 0;
  std::fprintf(stderr, "bare_relay: the bytes did not arrive as they were sent\n");
  return 1;
}
