// SPDX-License-Identifier: Apache-2.0
// sendto and recvmsg with every flag and every length looked at.
#include "ipc/seqpacket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cassert>
#include <cerrno>
#include <cstring>

namespace sallyport::ipc {
namespace {

using base::Errc;

bool peer_is_gone(int error) {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

base::Result<Transfer> outcome_of_send(ssize_t sent, std::size_t wanted, int error) {
  if (sent >= 0) {
    if (static_cast<std::size_t>(sent) != wanted) return base::fail(Errc::io, "a message was sent in part");
    return Transfer::done;
  }
  if (error == EAGAIN || error == EWOULDBLOCK) return Transfer::would_block;
  if (peer_is_gone(error)) return Transfer::closed;
  return base::fail_errno("sending a message", error);
}

/// Room for one descriptor more than is ever accepted: the kernel would silently drop what does not fit, and a worker
/// that tries to slip one in shall be noticed. Anything beyond sets MSG_CTRUNC, which is an error too.
union ControlBuffer {
  cmsghdr align;
  char bytes[CMSG_SPACE((kMaxMessageFds + 1) * sizeof(int))];
};

/// Takes ownership of every descriptor that came; false when there are too many or something else came along.
bool take_fds(msghdr& header, std::span<base::Fd> room, std::size_t& taken) {
  bool acceptable = true;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
      acceptable = false;
      continue;
    }
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int raw = -1;
      std::memcpy(&raw, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      base::Fd fd(raw);
      if (taken < room.size()) {
        room[taken++] = std::move(fd);
      } else {
        acceptable = false;  // fd closes here
      }
    }
  }
  return acceptable;
}

}  // namespace

base::Result<SocketPair> make_socket_pair(std::size_t send_buffer_bytes) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
    return base::fail_errno("socketpair(SOCK_SEQPACKET)");
  }
  SocketPair pair{base::Fd(ends[0]), base::Fd(ends[1])};
  const int bytes = static_cast<int>(send_buffer_bytes);
  for (const int end : ends) {
    // Beyond net.core.wmem_max only with CAP_NET_ADMIN; without it the kernel grants what it may.
    if (::setsockopt(end, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) == 0) continue;
    if (::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0) return base::fail_errno("SO_SNDBUF");
  }
  return pair;
}

base::Result<Transfer> send(int fd, base::ByteView message) {
  if (message.empty() || message.size() > kMaxMessageBytes) {
    return base::fail(Errc::invalid, "a message has 1 to 65536 bytes");
  }
  ssize_t n;
  do {
    n = ::sendto(fd, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
  } while (n < 0 && errno == EINTR);
  return outcome_of_send(n, message.size(), errno);
}

base::Result<Transfer> send_with_fds(int fd, base::ByteView message, std::span<const int> fds) {
  if (message.empty() || message.size() > kMaxMessageBytes) {
    return base::fail(Errc::invalid, "a message has 1 to 65536 bytes");
  }
  if (fds.empty()) return send(fd, message);
  if (fds.size() > kMaxMessageFds) return base::fail(Errc::invalid, "too many descriptors with one message");
  iovec part{const_cast<std::uint8_t*>(message.data()), message.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(c), fds.data(), fds.size_bytes());
  ssize_t n;
  do {
    n = ::sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  return outcome_of_send(n, message.size(), errno);
}

base::Result<Received> receive(int fd, std::span<std::uint8_t> buffer, std::span<base::Fd> fds) {
  assert(!buffer.empty());
  iovec part{buffer.data(), buffer.size()};
  ControlBuffer control;  // only what the kernel wrote is looked at
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof(control.bytes);
  ssize_t n;
  do {
    n = ::recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Received{};
    if (peer_is_gone(errno)) return Received{Transfer::closed, 0, 0};
    return base::fail_errno("receiving a message");
  }
  Received received{n == 0 ? Transfer::closed : Transfer::done, static_cast<std::size_t>(n), 0};
  bool acceptable = true;
  if (header.msg_controllen > 0) acceptable = take_fds(header, fds, received.fds);
  if (acceptable && (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) return received;
  for (std::size_t i = 0; i < received.fds; ++i) fds[i].reset();
  return base::fail(Errc::invalid, (header.msg_flags & MSG_TRUNC) != 0 ? "a message longer than the buffer"
                                                                       : "a message with unexpected descriptors");
}

}  // namespace sallyport::ipc
