// SPDX-License-Identifier: Apache-2.0
// One question, one answer, and the end.
#include "broker/metrics/metrics_server.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/bytes.h"

namespace sallyport::broker::metrics {

namespace {

constexpr int kBacklog = 32;
constexpr std::int64_t kPauseUs = 100'000;
constexpr std::size_t kMaxQuestion = 8192;
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kMetricsLine = "GET /metrics HTTP/1.";
constexpr std::string_view kReadyLine = "GET /readyz HTTP/1.";
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view kPlainType = "text/plain; charset=utf-8";

std::string answer(std::string_view status, std::string_view type, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" +
         std::string(body);
}

std::string answer_to(std::string_view question, const NodeFigures& figures) {
  if (question.starts_with(kMetricsLine)) return answer("200 OK", kMetricsType, figures.text());
  if (!question.starts_with(kReadyLine)) return answer("404 Not Found", kPlainType, "ask for /metrics or /readyz\n");
  const std::string why = figures.why_not_ready();
  return why.empty() ? answer("200 OK", kPlainType, "ready\n") : answer("503 Service Unavailable", kPlainType, why);
}

}  // namespace

// One connection. The owner lets go of it when it is over.
class MetricsServer::Asked : public std::enable_shared_from_this<Asked> {
 public:
  Asked(MetricsServer& server, base::Fd fd)
      : server_(server), fd_(std::move(fd)), watch_(server.loop_, fd_.get()), deadline_(server.loop_) {}

  void start() {
    watch_.on_readable([this] { read_some(); });
    watch_.on_writable([this] { write_some(); });
    watch_.enable_read(true);
    deadline_.after_us(kAnswerUs, [this] { server_.done(shared_from_this()); });
  }

 private:
  void read_some() {
    const auto self = shared_from_this();
    std::array<char, 2048> buffer{};
    const ssize_t n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return server_.done(self);
    question_.append(buffer.data(), static_cast<std::size_t>(n));
    if (question_.find(kEndOfHead) == std::string::npos) {
      if (question_.size() > kMaxQuestion) server_.done(self);
      return;
    }
    watch_.enable_read(false);
    server_.slow_.post(
        [question = std::move(question_), figures = server_.figures_, &loop = server_.loop_, weak = weak_from_this()] {
          std::string out = answer_to(question, *figures);
          loop.post([weak, out = std::move(out)]() mutable {
            if (const auto asked = weak.lock()) asked->say(std::move(out));
          });
        });
  }

  void say(std::string text) {
    left_ = std::move(text);
    write_some();
  }

  void write_some() {
    const auto self = shared_from_this();
    while (!left_.empty()) {
      const ssize_t n = ::send(fd_.get(), left_.data(), left_.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return watch_.enable_write(true);
      if (n < 0) break;
      left_.erase(0, static_cast<std::size_t>(n));
    }
    server_.done(self);
  }

  MetricsServer& server_;
  base::Fd fd_;
  net::Watch watch_;
  net::Timer deadline_;
  std::string question_, left_;
};

MetricsServer::MetricsServer(net::Loop& loop, net::Executor& slow, std::shared_ptr<const NodeFigures> figures)
    : loop_(loop), slow_(slow), figures_(std::move(figures)), again_(std::make_unique<net::Timer>(loop)) {}

MetricsServer::~MetricsServer() = default;

base::Status MetricsServer::listen(const net::Address& address) {
  auto socket = net::listen_tcp(address, kBacklog);
  if (!socket) return base::pass(socket);
  socket_ = std::move(*socket);
  watch_ = std::make_unique<net::Watch>(loop_, socket_.get());
  watch_->on_readable([this] { on_readable(); });
  watch_->enable_read(true);
  return {};
}

std::string MetricsServer::address() const {
  const auto address = net::local_address(socket_.get());
  return address ? address->text() : "";
}

void MetricsServer::on_readable() {
  base::Fd fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    // Without a descriptor it would be called again at once, and the loop would do nothing else.
    watch_->enable_read(false);
    return again_->after_us(kPauseUs, [this] { watch_->enable_read(true); });
  }
  if (asked_.size() >= kMostConnections) return;
  auto asked = std::make_shared<Asked>(*this, std::move(fd));
  asked_.insert(asked);
  asked->start();
}

void MetricsServer::done(const std::shared_ptr<Asked>& asked) {
  asked_.erase(asked);
}

}  // namespace sallyport::broker::metrics
