// SPDX-License-Identifier: Apache-2.0
// recv and send, non-blocking whatever the descriptor's flags are.
#include "leg/stream.h"

#include <sys/socket.h>

#include <cassert>
#include <cerrno>

namespace sallyport::leg {

StreamResult receive_some(int fd, std::span<std::uint8_t> out) {
  assert(!out.empty());
  ssize_t n;
  do {
    n = ::recv(fd, out.data(), out.size(), MSG_DONTWAIT);
  } while (n < 0 && errno == EINTR);
  if (n > 0) return {StreamState::open, static_cast<std::size_t>(n), 0};
  if (n == 0) return {StreamState::ended, 0, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
  return {StreamState::failed, 0, errno};
}

StreamResult send_some(int fd, base::ByteView data) {
  assert(!data.empty());
  ssize_t n;
  do {
    n = ::send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return {StreamState::open, static_cast<std::size_t>(n), 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
  if (errno == EPIPE) return {StreamState::ended, 0, errno};
  return {StreamState::failed, 0, errno};
}

}  // namespace sallyport::leg
