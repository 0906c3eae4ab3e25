// SPDX-License-Identifier: Apache-2.0
// Requests and replies over DATA_DIR/admin.sock.
#include "cli/admin_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "cli/context.h"
#include "ipc/admin.pb.h"
#include "ipc/seqpacket.h"

namespace sallyport::cli {
namespace {

constexpr int kAnswerMs = 120'000;  // a walk over a long audit log is the slowest there is
constexpr std::size_t kMaxItems = 200'000;

base::Errc code_from(const std::string& word) {
  for (int i = 0; i <= static_cast<int>(base::Errc::internal); ++i) {
    if (word == base::to_string(static_cast<base::Errc>(i))) return static_cast<base::Errc>(i);
  }
  return base::Errc::internal;
}

base::Status wait_for(int fd, short events, int timeout_ms) {
  pollfd p{fd, events, 0};
  for (;;) {
    const int n = ::poll(&p, 1, timeout_ms);
    if (n > 0) return {};
    if (n == 0) return base::fail(base::Errc::timeout, "the gateway does not answer");
    if (errno != EINTR) return base::fail_errno("poll");
  }
}

}  // namespace

base::Result<AdminClient> Context::connect() const {
  auto loaded = config();
  if (!loaded) return base::pass(loaded);
  return AdminClient::connect(loaded->admin_socket(), loaded->service_group);
}

base::Result<AdminClient> AdminClient::connect(const std::string& path, const std::string& service_group) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return base::fail(base::Errc::invalid, path + ": too long for a socket; choose a shorter data_dir");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  base::Fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd) return base::fail_errno("socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return AdminClient(std::move(fd));
  }
  if (errno == EACCES || errno == EPERM) {
    return base::fail(base::Errc::denied,
                      path + ": permission denied; root and members of the group " + service_group + " may use it");
  }
  if (errno == ENOENT || errno == ECONNREFUSED) {
    return base::fail(base::Errc::closed, "no gateway is serving " + path +
                                              ": start it with `sallyport serve`, or name its configuration with "
                                              "--config");
  }
  return base::fail_errno("connect to " + path);
}

base::Status AdminClient::send(const ipc::AdminRequest& request) {
  base::SecretBytes message(request.ByteSizeLong());
  if (message.size() > ipc::kMaxMessageBytes) {
    return base::fail(base::Errc::full, "the request is too long: at most 64 KiB");
  }
  request.SerializeToArray(message.data(), static_cast<int>(message.size()));
  for (;;) {
    auto sent = ipc::send(fd_.get(), message.view());
    if (!sent) return base::pass(sent);
    if (*sent == ipc::Transfer::done) return {};
    if (*sent == ipc::Transfer::closed) return base::fail(base::Errc::closed, "the gateway closed the connection");
    if (auto ready = wait_for(fd_.get(), POLLOUT, kAnswerMs); !ready) return ready;
  }
}

base::Result<ipc::AdminReply> AdminClient::receive(int timeout_ms, std::vector<base::Fd>* fds) {
  base::SecretBytes buffer(ipc::kMaxMessageBytes);
  std::array<base::Fd, ipc::kMaxMessageFds> received_fds;
  for (;;) {
    auto received = ipc::receive(fd_.get(), {buffer.data(), buffer.size()}, received_fds);
    if (!received) return base::pass(received);
    if (received->transfer == ipc::Transfer::would_block) {
      if (auto ready = wait_for(fd_.get(), POLLIN, timeout_ms); !ready) return base::pass(ready);
      continue;
    }
    if (received->transfer == ipc::Transfer::closed) {
      return base::fail(base::Errc::closed, "the gateway closed the connection");
    }
    ipc::AdminReply reply;
    if (!reply.ParseFromArray(buffer.data(), static_cast<int>(received->bytes))) {
      return base::fail(base::Errc::invalid, "the gateway's answer cannot be read: is the gateway of another version?");
    }
    if (reply.kind_case() == ipc::AdminReply::kFailure) {
      return base::fail(code_from(reply.failure().code()), reply.failure().message());
    }
    if (fds != nullptr) {
      for (std::size_t i = 0; i < received->fds; ++i) fds->push_back(std::move(received_fds[i]));
    }
    return reply;
  }
}

base::Result<Answer> AdminClient::ask(const ipc::AdminRequest& request) {
  if (auto sent = send(request); !sent) return base::pass(sent);
  Answer answer;
  for (;;) {
    auto reply = receive(kAnswerMs);
    if (!reply) return base::pass(reply);
    if (reply->kind_case() == ipc::AdminReply::kDone) {
      answer.done = std::move(*reply->mutable_done()->mutable_json());
      return answer;
    }
    if (reply->kind_case() != ipc::AdminReply::kItem || answer.items.size() >= kMaxItems) {
      return base::fail(base::Errc::invalid,
                        "the gateway's answer does not fit the request: is the gateway of another version?");
    }
    answer.versions.push_back(reply->item().version());
    answer.items.push_back(std::move(*reply->mutable_item()->mutable_json()));
  }
}

base::Result<std::string> AdminClient::ask_one(const ipc::AdminRequest& request) {
  auto answer = ask(request);
  if (!answer) return base::pass(answer);
  if (answer->items.empty()) return base::fail(base::Errc::not_found, "the gateway's answer is empty");
  return std::move(answer->items.front());
}

}  // namespace sallyport::cli
